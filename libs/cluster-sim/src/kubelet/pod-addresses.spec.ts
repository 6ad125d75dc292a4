import { PODS } from '../objects/resources';
import type { Pod } from '../objects/workloads';
import type { Change, ObjectStore } from '../store/object-store';
import { PodAddresses } from './pod-addresses';

describe('Addresses of pods', () => {
  let changed: (change: Change) => void;
  const store = { onChange: (listener: typeof changed) => (changed = listener) } as unknown as ObjectStore;
  const tell = (type: Change['type'], uid: string, phase: string) =>
    changed({ resource: PODS, type, object: { metadata: { uid }, status: { phase } } as Pod, version: 0 });

  it('come from the network of the host, and none twice', () => {
    const addresses = new PodAddresses(store);
    const small = Array.from({ length: 253 }, (_, i) => addresses.take('10.244.3.0/24', `pod-${i}`));
    expect(new Set(small).size).toBe(253);
    expect([small[0], small.at(-1)]).toEqual(['10.244.3.2', '10.244.3.254']);
    expect(() => addresses.take('10.244.3.0/24', 'one-more')).toThrow('no pod address is free in 10.244.3.0/24');
    const large = Array.from({ length: 1_000 }, (_, i) => addresses.take('10.130.0.0/16', `large-${i}`));
    expect(large.slice(252, 256)).toEqual(['10.130.0.254', '10.130.0.255', '10.130.1.0', '10.130.1.1']);
  });

  it('are free again when a pod has ended, or is gone, and not before', () => {
    const addresses = new PodAddresses(store);
    const taken = Array.from({ length: 253 }, (_, i) => addresses.take('10.244.0.0/24', `pod-${i}`));
    tell('MODIFIED', 'pod-7', 'Running');
    expect(() => addresses.take('10.244.0.0/24', 'new')).toThrow();
    tell('MODIFIED', 'pod-7', 'Succeeded');
    expect(addresses.take('10.244.0.0/24', 'new')).toBe(taken[7]);
    tell('DELETED', 'pod-8', 'Running');
    expect(addresses.take('10.244.0.0/24', 'another')).toBe(taken[8]);
  });
});
