import type { Topology, TopologyNode } from '@souk/topology';
import type { InstanceToRender } from '../src/domain/render/render-instance';
import { ids, mysql, schema, tomcat } from './sample';

/** An instance whose objects are approved, as YAML to read. */
export interface RenderedCase {
  readonly topology: Topology;
  readonly more?: Partial<InstanceToRender>;
}

const nas = { nas: { storageClass: 'nas' } };

const topologyOf = (...nodes: readonly TopologyNode[]): Topology => ({
  nodes,
  arrows: [],
  parameters: {},
  secrets: { dbPassword: { source: 'generated' } },
});

const web: TopologyNode = {
  serviceName: 'web',
  category: 'custom',
  image: 'registry.example/shop/web:1.0.0',
  cpu: { request: '100m', limit: '500m' },
  memory: { request: '128Mi', limit: '256Mi' },
  ports: [{ internal: 8080, external: 80, protocol: 'TCP' }],
  userId: 1000,
};

const gateway: TopologyNode = { ...web, serviceName: 'gateway', ports: [{ internal: 502, external: 502, protocol: 'TCP' }] };

/** One for each kind of node and each setting, by the name of its file in `test/rendered`. */
export const renderedCases: Readonly<Record<string, RenderedCase>> = {
  'custom-node': {
    topology: topologyOf({
      ...web,
      command: ['/bin/web'],
      args: ['--verbose'],
      workingDirectory: '/srv/web',
      imagePullSecret: 'registry.example',
      ports: [
        { internal: 80, external: 80, protocol: 'TCP' },
        { internal: 5000, external: 5001, protocol: 'UDP' },
      ],
      healthCheck: { http: { path: '/alive', port: 80 }, initialDelaySeconds: 3, timeoutSeconds: 2, failureThreshold: 5 },
      readinessCheck: { command: ['/bin/ready'], periodSeconds: 2 },
    }),
    more: { restarts: new Map([['web', 'op_01J00000000000000000000009']]) },
  },
  'stable-storage': {
    topology: topologyOf({
      ...mysql,
      storage: [{ identifier: 'mysql', containerPath: '/var/lib/mysql', size: '10Gi' }],
    }),
    more: { cluster: nas },
  },
  'shared-storage': {
    topology: {
      ...topologyOf(
        { ...web, replicas: 2, storage: [{ identifier: 'web/uploads', containerPath: '/uploads' }] },
        {
          ...schema,
          env: {},
          storage: [{ identifier: 'web/uploads', containerPath: '/seed', size: '2Gi' }],
        },
      ),
      arrows: [{ from: 'web', to: 'schema' }],
    },
    more: { cluster: nas },
  },
  'host-network': { topology: topologyOf({ ...gateway, hostNetwork: true, replicas: 2 }) },
  'host-paths': {
    topology: topologyOf(
      {
        ...gateway,
        hostPaths: [
          { containerPath: '/dev/ttyUSB0', hostPath: '/dev/ttyUSB0', type: 'CharDevice' },
          { containerPath: '/etc/localtime', hostPath: '/etc/localtime', type: 'File', readOnly: true },
        ],
      },
      { ...web, hostPaths: [{ containerPath: '/spool', hostPath: '/var/spool/shop', type: 'Directory' }] },
    ),
  },
  platforms: {
    topology: topologyOf({ ...gateway, hostNetwork: true }, web, { ...schema, env: {} }),
    more: { platforms: ['linux/arm64', 'linux/arm/v7'] },
  },
  'shared-cluster': {
    topology: topologyOf(web),
    more: {
      cluster: { shared: true },
      logs: { kind: 'loki', url: 'http://loki.monitoring.svc:3100/loki/api/v1/push' },
      identity: { appKey: 'AK0001', secretVersion: 1, apiUrl: 'https://192.168.4.2' },
      services: new Map([['orders', { host: 'orders.example', port: 80, provider: ids.instanceId.replace('1', '2') }]]),
    },
  },
  'load-balancer': {
    topology: topologyOf({ ...web, serviceType: 'LoadBalancer' }),
    more: { cluster: { loadBalancer: 'metallb' }, addresses: new Map([['web', '192.168.4.10']]) },
  },
  'log-directory': {
    topology: topologyOf(
      { ...web, logDirectory: '/var/log/web' },
      { ...tomcat, env: {}, healthCheck: { tcp: { port: 8080 } }, logDirectory: '/usr/local/tomcat/logs' },
    ),
  },
  'stopped-and-scaled': {
    topology: topologyOf(web, { ...mysql, storage: [{ identifier: 'mysql', containerPath: '/var/lib/mysql' }] }),
    more: { cluster: nas, stopped: true, scale: new Map([['web', 3]]) },
  },
};
