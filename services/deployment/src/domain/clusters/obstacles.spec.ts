import type { Topology, TopologyNode } from '@souk/topology';
import { mysql, shop, tomcat } from '../../../test/sample';
import type { HostCapacity } from './capacity';
import { noHostAccess } from './host-policy';
import { addressedNodes, obstaclesOn } from './obstacles';

const bare = { clusterId: 'clu_1', hostPolicy: noHostAccess };
const topology = (...nodes: readonly TopologyNode[]): Topology => ({ ...shop, nodes, arrows: [] });
const told = (...parameters: Parameters<typeof obstaclesOn>) =>
  obstaclesOn(...parameters).map(({ code, pointer }) => `${code} ${pointer}`);
const balanced = (serviceName: string): TopologyNode => ({ ...tomcat, serviceName, serviceType: 'LoadBalancer' });
const host = (platform: string, schedulable = true): HostCapacity => ({
  ...{ name: platform, platform, schedulable },
  allocatable: { cpu: 1000, memory: 1000 },
  requested: { cpu: 0, memory: 0 },
});

describe('On a cluster', () => {
  it('nothing stands in the way of a topology that asks nothing of its hosts', () => {
    expect(obstaclesOn(shop, bare)).toEqual([]);
  });

  it('everything that is not granted or not there stands in the way, at once', () => {
    const greedy: TopologyNode = {
      ...tomcat,
      hostNetwork: true,
      hostPaths: [
        { hostPath: '/data', containerPath: '/data', type: 'Directory' },
        { hostPath: '/var/run/docker.sock', containerPath: '/docker.sock', type: 'Socket' },
      ],
      storage: [{ identifier: 'uploads', containerPath: '/uploads' }],
    };
    const policy = { ...noHostAccess, hostPaths: [{ path: '/data', readOnly: false }] };
    expect(told(topology(mysql, greedy), { ...bare, hostPolicy: policy })).toEqual([
      'host-network-not-granted /nodes/1/hostNetwork',
      'host-path-not-granted /nodes/1/hostPaths/1',
      'storage-without-nas /nodes/1/storage',
    ]);
    const generous = {
      ...{ hostNetwork: true, devices: [] },
      hostPaths: [...policy.hostPaths, { path: '/var/run/docker.sock', readOnly: false }],
    };
    expect(told(topology(mysql, greedy), { ...bare, hostPolicy: generous, nas: { storageClass: 'nas' } })).toEqual([]);
  });

  it('without a service address range no node gets an address', () => {
    expect(told(topology(balanced('a')), bare)).toEqual(['address-pool-missing /nodes/0/serviceType']);
    expect(told(topology(balanced('a')), { ...bare, serviceAddressRange: '10.0.0.1-10.0.0.9' })).toEqual([]);
  });

  it('nodes get addresses as far as there are any, besides those that they have', () => {
    const some = topology(balanced('a'), balanced('b'), balanced('c'));
    const ranged = { ...bare, serviceAddressRange: '10.0.0.1-10.0.0.9' };
    expect(told(some, ranged, { addresses: { free: 1, own: new Set(['b']) } })).toEqual([
      'address-pool-exhausted /nodes/2/serviceType',
    ]);
    expect(told(some, ranged, { addresses: { free: 0, own: new Set(['a', 'b', 'c']) } })).toEqual([]);
  });

  it('an app finds a host of its platform among those that take pods', () => {
    const on = (...hosts: readonly HostCapacity[]) => told(shop, bare, { hosts, platforms: ['linux/arm64'] });
    expect(on(host('linux/amd64'), host('linux/arm64'))).toEqual([]);
    expect(on(host('linux/amd64'), host('linux/arm64', false))).toEqual(['no-host-of-platform ']);
  });

  it('replicas in the network of their hosts have one host each', () => {
    const policy = { ...noHostAccess, hostNetwork: true };
    const hosts = [host('linux/amd64'), host('linux/amd64', false)];
    const inHostNetwork = topology({ ...tomcat, hostNetwork: true });
    const on = (...known: readonly HostCapacity[]) =>
      told(inHostNetwork, { ...bare, hostPolicy: policy }, { hosts: known, platforms: ['linux/amd64'] });
    expect(on(...hosts)).toEqual(['too-few-hosts /nodes/0/replicas']);
    expect(on(...hosts, host('linux/arm64'))).toEqual(['too-few-hosts /nodes/0/replicas']);
    expect(on(...hosts, host('linux/amd64'))).toEqual([]);
  });
});

describe('Nodes with an address of their own', () => {
  it('are those that a load balancer serves and that have ports', () => {
    const init: TopologyNode = { ...balanced('c'), category: 'init' };
    expect(addressedNodes(topology(balanced('a'), { ...balanced('b'), ports: [] }, init, tomcat))).toEqual(['a']);
  });
});
