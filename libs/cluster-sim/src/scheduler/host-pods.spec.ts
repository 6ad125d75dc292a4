import { type Pod } from '../objects/workloads';
import { HostPods } from './host-pods';

const pod = (cpu: string, controller?: string, affinity?: object): Pod =>
  ({
    metadata: { name: 'p', ...(controller && { ownerReferences: [{ uid: controller, controller: true }] }) },
    spec: { containers: [{ name: 'a', image: 'x', resources: { requests: { cpu, memory: '1Gi' } } }], affinity },
  }) as unknown as Pod;

const alone = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone' }] } };

describe('The pods of a host', () => {
  const [one, other, recluse] = [pod('500m', 'web'), pod('1', 'web'), pod('1500m', undefined, alone)];

  it('add up to what they ask for', () => {
    const pods = new HostPods([one, other, recluse]);
    expect([...pods]).toEqual([one, other, recluse]);
    expect(pods).toMatchObject({ size: 3, used: { milliCpu: 3_000, memory: 3 * 2 ** 30 } });
    expect([pods.siblings('web'), pods.siblings('api'), [...pods.shunning]]).toEqual([2, 0, [recluse]]);
  });

  it('leave nothing behind when they go', () => {
    const pods = new HostPods([one, other, recluse]);
    expect(pods.remove(one)).toEqual({ milliCpu: 500, memory: 2 ** 30 });
    expect(pods.siblings('web')).toBe(1);
    for (const each of [other, recluse]) pods.remove(each);
    expect(pods).toMatchObject({ size: 0, used: { milliCpu: 0, memory: 0 } });
    expect([pods.siblings('web'), [...pods.shunning]]).toEqual([0, []]);
    expect(pods.remove(one)).toBeUndefined();
  });
});
