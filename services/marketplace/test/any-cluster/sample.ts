import type { Topology, TopologyNode } from '@souk/topology';

/** The image that Kubernetes itself is tested with: it does what its arguments say, also where it is simulated. */
export const agnhost = (tag = '2.53') => `registry.k8s.io/e2e-test-images/agnhost:${tag}`;

export const small = { cpu: { request: '20m', limit: '200m' }, memory: { request: '32Mi', limit: '128Mi' } };

export const web: TopologyNode = {
  serviceName: 'web',
  category: 'custom',
  image: agnhost(),
  args: ['netexec', '--http-port=8080'],
  ports: [{ internal: 8080, external: 80, protocol: 'TCP' }],
  healthCheck: { http: { path: '/healthz', port: 8080 }, periodSeconds: 2 },
  ...small,
};

export const prepare: TopologyNode = { serviceName: 'prepare', category: 'init', image: agnhost(), command: ['true'], ...small };

export const cache: TopologyNode = { serviceName: 'cache', category: 'third-party', preset: 'redis', ...small };

export const topologyOf = (nodes: Topology['nodes'], ...arrows: readonly (readonly [string, string])[]): Topology => ({
  nodes,
  arrows: arrows.map(([from, to]) => ({ from, to })),
  parameters: {},
  secrets: {},
});
