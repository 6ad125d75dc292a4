import type { Topology, TopologyNode } from '@souk/topology';
import { mysql, tomcat } from '../../../test/sample';
import { NodeKeepsState } from './instance.errors';
import { assertScalable } from './scale';

const storage = [{ identifier: 'data', containerPath: '/data' }];
const scaled = (node: TopologyNode, replicas: number) => () => {
  const topology: Topology = { nodes: [node], arrows: [], parameters: {}, secrets: {} };
  assertScalable(topology, new Map([[node.serviceName, replicas]]));
};

describe('The scale of an instance', () => {
  it.each([
    ['with storage', { ...mysql, storage }],
    ['without storage', { ...mysql, storage: [] }],
  ])('has no more replicas of a database %s than its version', (_, node) => {
    expect(scaled(node, 2)).toThrow(NodeKeepsState);
    expect(scaled({ ...node, replicas: 3 }, 4)).toThrow(NodeKeepsState);
    expect(scaled({ ...node, replicas: 3 }, 3)).not.toThrow();
    expect(scaled({ ...node, replicas: 3 }, 1)).not.toThrow();
  });

  it('has replicas of an own process at will: they share the directories that they name', () =>
    expect(scaled({ ...tomcat, storage }, 5)).not.toThrow());

  it('has replicas at will of a preset that keeps nothing for itself', () =>
    expect(scaled({ serviceName: 'proxy', category: 'third-party', preset: 'nginx' }, 5)).not.toThrow());
});
