import type { SnapshotConfiguration } from '@souk/contracts';
import type { Topology, TopologyNode } from '@souk/topology';
import { evolveOperation, noOperation, type StartedOperation } from '../src/domain/operations/operation';
import type { OperationEvent, OperationStarted } from '../src/domain/operations/operation.events';
import type { InstanceToRender } from '../src/domain/render/render-instance';

export const ids = {
  instanceId: 'inst_01J00000000000000000000001',
  operationId: 'op_01J00000000000000000000001',
  appId: 'app_01J00000000000000000000001',
  clusterId: 'clu_01J00000000000000000000001',
  buyer: 'ten_01J00000000000000000000001',
  provider: 'ten_01J00000000000000000000002',
  versionId: 'ver_01J00000000000000000000001',
} as const;

const cpu = { request: '100m', limit: '500m' };
const memory = { request: '128Mi', limit: '512Mi' };

export const tomcat: TopologyNode = {
  serviceName: 'tomcat',
  category: 'custom',
  image: 'registry.example/shop/tomcat:1.0.0',
  cpu,
  memory,
  replicas: 2,
  env: {
    DB_URL: 'jdbc:mysql://${node.mysql.host}:${node.mysql.port}/shop',
    DB_PASSWORD: '${secret.dbPassword}',
    ADMIN_EMAIL: '${param.adminEmail}',
    GREETING: 'costs $(5) or $${more}',
  },
  ports: [{ internal: 8080, external: 80, protocol: 'TCP' }],
  serviceType: 'NodePort',
  healthCheck: { http: { path: '/health', port: 8080 } },
};

export const mysql: TopologyNode = {
  serviceName: 'mysql',
  category: 'third-party',
  preset: 'mysql',
  image: 'docker.io/library/mysql:8.4.4',
  cpu: { request: '250m', limit: '1' },
  memory: { request: '512Mi', limit: '1Gi' },
  env: { MYSQL_ROOT_PASSWORD: '${secret.dbPassword}', MYSQL_DATABASE: 'shop' },
  ports: [{ internal: 3306, external: 3306, protocol: 'TCP' }],
};

export const schema: TopologyNode = {
  serviceName: 'schema',
  category: 'init',
  image: 'registry.example/shop/schema:1.0.0',
  cpu,
  memory,
  env: { DB_URL: 'mysql://root:${secret.dbPassword}@${node.mysql.host}/shop' },
  command: ['/bin/migrate'],
};

export const shop: Topology = {
  nodes: [tomcat, mysql, schema],
  arrows: [
    { from: 'tomcat', to: 'mysql' },
    { from: 'tomcat', to: 'schema' },
    { from: 'schema', to: 'mysql' },
  ],
  parameters: { adminEmail: { type: 'string', required: true } },
  secrets: { dbPassword: { source: 'generated' } },
};

export const configurationOf = (topology: Topology): SnapshotConfiguration => ({
  name: 'standard',
  hosting: 'edge',
  topology,
  images: [{ image: 'registry.example/shop/tomcat:1.0.0', digest: `sha256:${'a'.repeat(64)}`, unpinned: false }],
});

export const toRender = (topology: Topology, more: Partial<InstanceToRender> = {}): InstanceToRender => ({
  instanceId: ids.instanceId,
  name: 'my shop',
  appId: ids.appId,
  configuration: configurationOf(topology),
  parameters: { adminEmail: 'ada@example.org' },
  identity: { appKey: 'AK0001', secretVersion: 1, apiUrl: 'http://souk.example:3000' },
  restarts: new Map(),
  ...more,
});

export const started = (data: Partial<OperationStarted['data']> = {}): OperationStarted => ({
  type: 'OperationStarted',
  data: {
    operationId: ids.operationId,
    instanceId: ids.instanceId,
    ownerTenant: ids.buyer,
    providerTenant: ids.provider,
    clusterId: ids.clusterId,
    kind: 'deploy',
    snapshot: 'f'.repeat(64),
    waves: [['mysql'], ['schema'], ['tomcat']],
    ...data,
  },
});

export const operationAfter = (...events: readonly OperationEvent[]): StartedOperation =>
  events.reduce(evolveOperation, noOperation) as StartedOperation;
