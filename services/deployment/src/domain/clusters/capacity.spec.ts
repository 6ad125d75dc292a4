import { freeOf, type HostCapacity, hostsOf, misfitOf, placementOf, requestedBy } from './capacity';

const mebi = 1024 ** 2;
const host = (name: string, cpu: number, memory: number): HostCapacity => ({
  name,
  platform: 'linux/amd64',
  schedulable: true,
  allocatable: { cpu, memory: memory * mebi },
  requested: { cpu: 0, memory: 0 },
});

describe('Hosts', () => {
  const node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'edge-1' },
    status: {
      allocatable: { cpu: '4', memory: '8Gi' },
      conditions: [{ type: 'Ready', status: 'True' }],
      nodeInfo: { operatingSystem: 'linux', architecture: 'arm' },
    },
  };
  const pod = (name: string, phase: string) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { nodeName: 'edge-1', containers: [{ resources: { requests: { cpu: '250m', memory: '1Gi' } } }, {}] },
    status: { phase },
  });

  it('count what running pods have asked for, and not what ended pods had', () => {
    const [edge] = hostsOf([node], requestedBy([pod('b', 'Pending'), pod('c', 'Succeeded')], requestedBy([pod('a', 'Running')])));
    expect(edge).toMatchObject({ platform: 'linux/arm/v7', schedulable: true, requested: { cpu: 500, memory: 2048 * mebi } });
    expect(freeOf(edge!)).toEqual({ cpu: 3500, memory: 6144 * mebi });
  });

  it('take no pods while they are not ready, or cordoned', () => {
    const down = { ...node, status: { ...node.status, conditions: [{ type: 'Ready', status: 'Unknown' }] } };
    const cordoned = { ...node, spec: { unschedulable: true } };
    expect(hostsOf([down, cordoned], new Map()).map(({ schedulable }) => schedulable)).toEqual([false, false]);
  });
});

describe('A pod that does not fit', () => {
  it.each([
    ['fits', '1', '512Mi', [host('a', 2000, 1024)], undefined],
    [
      'lacks memory',
      '1',
      '2Gi',
      [host('a', 2000, 1024), host('b', 100, 1536)],
      'it asks for 2Gi memory and the most that is free is 1.5Gi on host "b"',
    ],
    ['lacks CPU', '4', '1Gi', [host('a', 2000, 1024)], 'it asks for 4 CPU and the most that is free is 2 on host "a"'],
    [
      'finds both only on different hosts',
      '2',
      '1Gi',
      [host('a', 2000, 512), host('b', 500, 2048)],
      'it asks for 2 CPU and 1Gi memory; no single host has both free ("a": 2 CPU and 512Mi free, "b": 500m CPU and 2Gi free)',
    ],
    ['finds no host at all', '1', '1Gi', [], 'no host takes new pods'],
  ])('%s', (_, cpu, memory, hosts, expected) => {
    expect(misfitOf({ cpu, memory }, hosts)).toBe(expected);
  });
});

describe('The estimate of placement', () => {
  it('puts the largest pod first, each on the first host with room', () => {
    const demands = [
      { node: 'small', cpu: 100, memory: 256 * mebi },
      { node: 'large', cpu: 100, memory: 1024 * mebi },
      { node: 'huge', cpu: 100, memory: 4096 * mebi },
    ];
    expect(placementOf(demands, [host('a', 1000, 1024), host('b', 1000, 512)])).toEqual([
      { node: 'huge' },
      { node: 'large', host: 'a' },
      { node: 'small', host: 'b' },
    ]);
  });
});
