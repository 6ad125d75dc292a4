import type { Topology, TopologyNode } from '@souk/topology';
import { mysql, tomcat } from '../../../test/sample';
import { scaleProblems } from './scale';

const storage = [{ identifier: 'data', containerPath: '/data' }];
const scaled = (node: TopologyNode, replicas: number) => {
  const topology: Topology = { nodes: [node], arrows: [], parameters: {}, secrets: {} };
  return scaleProblems(topology, new Map([[node.serviceName, replicas]])).map(({ code, pointer }) => `${code} ${pointer}`);
};
const refused = ['node-keeps-state /nodes/0/replicas'];

describe('The scale of an instance', () => {
  it.each([
    ['with storage', { ...mysql, storage }],
    ['without storage', { ...mysql, storage: [] }],
  ])('has no more replicas of a database %s than its version', (_, node) => {
    expect(scaled(node, 2)).toEqual(refused);
    expect(scaled({ ...node, replicas: 3 }, 4)).toEqual(refused);
    expect(scaled({ ...node, replicas: 3 }, 3)).toEqual([]);
    expect(scaled({ ...node, replicas: 3 }, 1)).toEqual([]);
  });

  it('has replicas of an own process at will: they share the directories that they name', () =>
    expect(scaled({ ...tomcat, storage }, 5)).toEqual([]));

  it('has replicas at will of a preset that keeps nothing for itself', () =>
    expect(scaled({ serviceName: 'proxy', category: 'third-party', preset: 'nginx' }, 5)).toEqual([]));
});
