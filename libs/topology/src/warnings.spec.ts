import { emptyTopology, type TopologyNode } from './topology';
import { validateTopology } from './validate';
import { warningsOf } from './warnings';

const web: TopologyNode = {
  serviceName: 'web',
  category: 'custom',
  image: 'web:1',
  ports: [{ internal: 80, external: 80, protocol: 'TCP' }],
};
const db: TopologyNode = { serviceName: 'db', category: 'third-party', preset: 'redis' };

const warned = (node: TopologyNode) => {
  const topology = { ...emptyTopology, nodes: [node] };
  expect(validateTopology(topology)).toEqual([]);
  return warningsOf(topology).map(({ code, pointer }) => `${code} ${pointer}`);
};

describe('Warnings', () => {
  it('are none where nothing is odd', () => {
    expect(warned(web)).toEqual([]);
    expect(warned(db)).toEqual([]);
    expect(warned({ serviceName: 'rds', category: 'cloud', cloud: { service: 'a', plan: 'b' } })).toEqual([]);
  });

  it('tell of state that replicas do not share', () => {
    const hostPaths = [{ containerPath: '/data', hostPath: '/data', type: 'Directory' }] as const;
    expect(warned({ ...web, hostPaths })).toEqual([]);
    expect(warned({ ...web, hostPaths, replicas: 2 })).toEqual(['node-local-state /nodes/0/replicas']);
    expect(warned({ ...db, replicas: 2 })).toEqual(['node-local-state /nodes/0/replicas']);
    expect(warned({ ...web, storage: [{ identifier: 'a', containerPath: '/data' }], replicas: 2 })).toEqual([]);
  });

  it('tell of replicas that need a host each', () => {
    expect(warned({ ...web, hostNetwork: true })).toEqual([]);
    expect(warned({ ...web, hostNetwork: true, replicas: 2 })).toEqual(['host-port-replicas /nodes/0/replicas']);
  });

  it.each([
    ['web', true],
    ['web:latest', true],
    ['registry.example.com:5000/web', true],
    ['web:1', false],
    [`web@sha256:${'0a'.repeat(32)}`, false],
    [`web:latest@sha256:${'0a'.repeat(32)}`, false],
  ])('know that %s may change: %s', (image, changes) => {
    expect(warned({ ...web, image })).toEqual(changes ? ['image-unpinned /nodes/0/image'] : []);
  });

  it('tell of logs that nobody collects', () => {
    const init: TopologyNode = { serviceName: 'seed', category: 'init', image: 'seed:1' };
    expect(warned(init)).toEqual([]);
    expect(warned({ ...init, logDirectory: '/var/log/seed' })).toEqual(['logs-not-collected /nodes/0/logDirectory']);
    expect(warned({ ...web, logDirectory: '/var/log/web' })).toEqual([]);
  });

  it('tell of root', () => {
    expect(warned({ ...web, userId: 0 })).toEqual(['user-is-root /nodes/0/userId']);
    expect(warned({ ...web, userId: 1 })).toEqual([]);
  });
});
