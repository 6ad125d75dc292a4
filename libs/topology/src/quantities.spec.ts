import fc from 'fast-check';
import { formatCpu, formatMemory, InvalidQuantity, parseCpu, parseMemory } from './quantities';

describe('Quantities', () => {
  it.each([
    ['250m', 250],
    ['1', 1000],
    ['0.5', 500],
    ['.5', 500],
    ['1.', 1000],
    ['1e1', 10_000],
    ['5E-1', 500],
    ['1k', 1_000_000],
    ['100u', 1],
    ['1n', 1],
    ['0.1001', 101],
    ['0', 0],
  ])('read %s of CPU as %i millicores', (text, millicores) => {
    expect(parseCpu(text)).toBe(millicores);
  });

  it.each([
    ['512Mi', 536_870_912],
    ['1Gi', 1_073_741_824],
    ['1G', 1_000_000_000],
    ['1.5Ki', 1536],
    ['128974848', 128_974_848],
    ['129e6', 129_000_000],
    ['0.1Ki', 103],
  ])('read %s of memory as %i bytes', (text, bytes) => {
    expect(parseMemory(text)).toBe(bytes);
  });

  it.each(['', 'm', '1.2.3', '-1', '1 Gi', '1gb', '1Kim', '1e', '٣', 'NaN', '1e99', '9'.repeat(40), '9007199254740993'])(
    'refuse %j as CPU',
    (text) => {
      expect(() => parseCpu(text)).toThrow(InvalidQuantity);
    },
  );

  it.each(['512m', '1u', '1MB', '9Ei', '1e99', '-1Mi'])('refuse %j as memory', (text) => {
    expect(() => parseMemory(text)).toThrow(InvalidQuantity);
  });

  it('are written so that they read the same', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(60), (n, shift) => {
        expect(parseCpu(formatCpu(n))).toBe(n);
        const bytes = Math.min(n * 2 ** shift, Number.MAX_SAFE_INTEGER);
        expect(parseMemory(formatMemory(bytes))).toBe(bytes);
      }),
    );
  });

  it('are written in the largest unit that is exact', () => {
    expect([
      formatCpu(2000),
      formatCpu(1500),
      formatMemory(1_073_741_824),
      formatMemory(1_610_612_736),
      formatMemory(1000),
    ]).toEqual(['2', '1500m', '1Gi', '1536Mi', '1000']);
  });
});
