import type { Topology } from '@souk/topology';
import { mysql, shop, tomcat } from '../../../test/sample';
import type { HostCapacity } from './capacity';
import { type Candidate, chooseCluster } from './choose-cluster';
import { NoClusterAvailable } from './cluster.errors';
import { noHostAccess } from './host-policy';

const Gi = 1024 ** 3;
const topology: Topology = { ...shop, nodes: [{ ...mysql, memory: { request: '2Gi', limit: '2Gi' } }], arrows: [] };
const host = (free: number, platform = 'linux/amd64', schedulable = true): HostCapacity => ({
  ...{ name: `${platform} ${free}`, platform, schedulable },
  allocatable: { cpu: 8000, memory: free * Gi },
  requested: { cpu: 0, memory: 0 },
});
const candidate = (clusterId: string, hosts: readonly HostCapacity[] | undefined, freeAddresses = 0): Candidate => ({
  cluster: {
    ...{ clusterId, ownerTenant: 'ten_o', name: clusterId, shared: true, hostPolicy: noHostAccess },
    connection: { kind: 'simulated' },
    platforms: ['linux/amd64'],
  },
  ...(hosts && { hosts }),
  freeAddresses,
});

describe('Of the clusters of a region', () => {
  it('the one is chosen that has room and the least to spare, and it is told why', () => {
    const candidates = [candidate('c', [host(8)]), candidate('b', [host(4)]), candidate('a', [host(1)])];
    expect(chooseCluster(topology, candidates)).toEqual({
      clusterId: 'b',
      reason: 'it has the least to spare of 2 of 3 clusters that have room',
    });
  });

  it('the first by id is chosen where several are alike, in whatever order they are told', () => {
    const candidates = [candidate('b', [host(4)]), candidate('c', [host(4)]), candidate('a', [host(4)])];
    expect(chooseCluster(topology, candidates).clusterId).toBe('a');
    expect(chooseCluster(topology, candidates.toReversed()).clusterId).toBe('a');
  });

  it('hosts of other platforms, and what is left of them, do not count', () => {
    const mixed = candidate('a', [host(4), host(64, 'linux/arm64')]);
    expect(chooseCluster(topology, [candidate('b', [host(8)]), mixed], ['linux/amd64']).clusterId).toBe('a');
  });

  it('the log collector of a node takes its room as well', () => {
    const tight: Topology = {
      ...topology,
      nodes: [{ ...mysql, memory: { request: '4Gi', limit: '4Gi' }, logDirectory: '/var/log/mysql' }],
    };
    expect(chooseCluster(tight, [candidate('a', [host(4)])])).toMatchObject({ unsuitable: [{ code: 'no-room' }] });
  });

  it('none is chosen that has the room on several hosts and on no single one', () => {
    expect(chooseCluster(topology, [candidate('a', [host(1), host(1), host(1)])]).clusterId).toBeUndefined();
  });

  it('none is named to who gets none: only how many there are, and why not', () => {
    const { message } = new NoClusterAvailable('south', ['no-room', 'cluster-unreachable', 'no-room']);
    expect(message).toBe('no cluster in region "south" takes this configuration: 2 × no-room, 1 × cluster-unreachable');
    expect(new NoClusterAvailable('moon', []).message).toBe('no cluster in region "moon" takes this configuration');
  });

  it('none is chosen where none is suitable, and of each it is told why not', () => {
    const balanced: Topology = { ...topology, nodes: [...topology.nodes, { ...tomcat, serviceType: 'LoadBalancer' }] };
    const candidates = [
      candidate('away', undefined),
      candidate('full', [host(1)]),
      candidate('other', [host(8, 'linux/arm64')]),
      candidate('closed', [host(8, 'linux/amd64', false)]),
    ];
    const choice = chooseCluster(topology, candidates, ['linux/amd64']);
    expect(choice).toEqual({
      unsuitable: [
        { clusterId: 'away', code: 'cluster-unreachable' },
        { clusterId: 'closed', code: 'no-host-of-platform' },
        { clusterId: 'full', code: 'no-room' },
        { clusterId: 'other', code: 'no-host-of-platform' },
      ],
    });
    expect(chooseCluster(balanced, [candidate('a', [host(8)])])).toMatchObject({
      unsuitable: [{ code: 'address-pool-missing' }],
    });
  });
});
