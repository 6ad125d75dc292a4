import { formatBytes, formatMilliCpu, milliCpu, parseQuantity, wholeUnits } from './quantity';

describe('Quantities', () => {
  it.each([
    ['250m', 0.25],
    ['1.5', 1.5],
    ['128Mi', 134_217_728],
    ['1e3', 1000],
    ['2k', 2000],
    ['.5', 0.5],
    ['-1', -1],
  ])('reads %s as %d', (text, value) => {
    expect(parseQuantity(text)).toBeCloseTo(value, 9);
  });

  it.each(['', 'x', '1 Gi', '1GiB', '--1', '1ee3'])('refuses %j', (text) => {
    expect(parseQuantity(text)).toBeUndefined();
  });

  it('counts cpu in thousandths and everything else in whole units, rounded up', () => {
    expect(milliCpu('0.1')).toBe(100);
    expect(milliCpu('1n')).toBe(1);
    expect(milliCpu(undefined)).toBe(0);
    expect(wholeUnits('1500m')).toBe(2);
  });

  it('writes amounts as Kubernetes does', () => {
    expect([formatMilliCpu(250), formatMilliCpu(2000), formatBytes(2 ** 30), formatBytes(1500), formatBytes(0)]).toEqual([
      '250m',
      '2',
      '1Gi',
      '1500',
      '0',
    ]);
  });
});
