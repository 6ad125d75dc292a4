/** Services that answer HTTP, by the names of their folders. */
export const services = ['app-catalog', 'orchestration', 'release', 'authorization', 'deployment', 'commerce', 'audit'] as const;
export type Service = (typeof services)[number];

/** Who answers what lies below a path. */
export interface Route {
  readonly service: Service;
  /** A request uses something up (a nonce): one that may have arrived is not sent a second time. */
  readonly once: boolean;
  /** Bytes that a body may have, where that is not what all routes take. */
  readonly bodyLimit?: number;
}

interface Declared {
  readonly below: string;
  readonly service: Service;
  readonly once?: true;
  readonly bodyLimit?: number;
}

/** Of a whole Compose document. */
const COMPOSE = 1024 * 1024;

/** Of a whole topology. */
const TOPOLOGY = 4 * 1024 * 1024;
/** What a log collector sends in one go. */
const COLLECTED_LOGS = 4 * 1024 * 1024;

/**
 * The one declaration of who answers what. `*` stands for one segment; of two paths that fit, the one with more segments counts.
 * `services/marketplace/test/edge-routes.spec.ts` compares it with the controllers of all services.
 */
const declared: readonly Declared[] = [
  { below: '/v1/apps', service: 'app-catalog' },
  { below: '/v1/marketplace', service: 'app-catalog' },
  { below: '/v1/apps/*/versions', service: 'release' },
  { below: '/v1/apps/*/initialise', service: 'release' },
  { below: '/v1/versions', service: 'release' },
  { below: '/v1/images', service: 'release' },
  { below: '/v1/registry-credentials', service: 'release' },
  { below: '/v1/versions/*/configurations', service: 'orchestration' },
  { below: '/v1/configurations', service: 'orchestration' },
  { below: '/v1/configurations/*/topology', service: 'orchestration', bodyLimit: TOPOLOGY },
  { below: '/v1/configurations/*/compose-imports', service: 'orchestration', bodyLimit: COMPOSE },
  { below: '/v1/node-presets', service: 'orchestration' },
  { below: '/v1/versions/*/permissions', service: 'authorization' },
  { below: '/v1/instances/*/credential', service: 'authorization' },
  { below: '/v1/platform-apis', service: 'authorization' },
  { below: '/v1/tenants', service: 'authorization' },
  { below: '/v1/users', service: 'authorization' },
  { below: '/v1/decisions', service: 'authorization', once: true },
  { below: '/.well-known/jwks.json', service: 'authorization' },
  { below: '/v1/clusters', service: 'deployment' },
  { below: '/v1/instances', service: 'deployment' },
  { below: '/v1/operations', service: 'deployment' },
  { below: '/v1/resource-reports', service: 'deployment' },
  { below: '/v1/plans', service: 'deployment' },
  { below: '/v1/secrets', service: 'deployment' },
  { below: '/v1/service-brokers', service: 'deployment' },
  { below: '/v1/cloud-services', service: 'deployment' },
  { below: '/open/v1', service: 'deployment', once: true },
  { below: '/open/v1/logs', service: 'deployment', once: true, bodyLimit: COLLECTED_LOGS },
  { below: '/v1/billing-sources', service: 'commerce' },
  { below: '/v1/purchases', service: 'commerce' },
  { below: '/v1/history', service: 'audit' },
];

const table = declared
  .map(({ below, ...route }) => ({ segments: below.split('/'), ...route }))
  .sort((a, b) => b.segments.length - a.segments.length);

/** Who answers a path (without query); `undefined` where nobody does. */
export function routeOf(path: string): Route | undefined {
  const segments = path.split('/');
  const found = table.find((route) =>
    route.segments.every((segment, i) => (segment === '*' ? !!segments[i] : segment === segments[i])),
  );
  if (!found) return undefined;
  const { service, once = false, bodyLimit } = found;
  return { service, once, ...(bodyLimit !== undefined && { bodyLimit }) };
}
