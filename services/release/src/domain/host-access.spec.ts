import { emptyTopology, type TopologyNode } from '@souk/topology';
import { hostAccessOf } from './host-access';

const node = (serviceName: string, more: Partial<TopologyNode> = {}): TopologyNode => ({
  ...{ serviceName, category: 'custom', image: 'web:1' },
  ...more,
});

describe('What a configuration asks of hosts', () => {
  it('is told node by node, and nothing of nodes that ask for nothing', () => {
    const nodes = [
      node('camera', {
        hostPaths: [
          { hostPath: '/dev/video0', containerPath: '/dev/video0', type: 'CharDevice' },
          { hostPath: '/data', containerPath: '/data', type: 'Directory', readOnly: true },
        ],
      }),
      node('gateway', { hostNetwork: true }),
      node('web'),
    ];
    expect(hostAccessOf({ ...emptyTopology, nodes })).toEqual([
      {
        node: 'camera',
        hostNetwork: false,
        hostPaths: [
          { path: '/dev/video0', type: 'CharDevice', readOnly: false },
          { path: '/data', type: 'Directory', readOnly: true },
        ],
        privileged: true,
      },
      { node: 'gateway', hostNetwork: true, hostPaths: [], privileged: false },
    ]);
  });
});
