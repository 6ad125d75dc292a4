import { PodAddresses } from './pod-addresses';

const nobodyGoes = { onChange: () => undefined };

describe('Addresses of pods', () => {
  it('are in the network of their host, and no two pods have the same', () => {
    const addresses = new PodAddresses(nobodyGoes);
    expect([addresses.take(1, 'a'), addresses.take(2, 'b'), addresses.take(1, 'c')]).toEqual([
      '10.244.1.2',
      '10.244.2.2',
      '10.244.1.3',
    ]);
  });

  it('do not run out before those of a host that may have thousands of pods', () => {
    const addresses = new PodAddresses(nobodyGoes);
    const taken = Array.from({ length: 1_000 }, (_, n) => addresses.take(1, `pod-${n}`));
    expect(new Set(taken).size).toBe(1_000);
    expect(taken.at(-1)).toBe('10.241.1.251');
  });
});
