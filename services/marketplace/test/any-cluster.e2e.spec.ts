import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { KubernetesCluster, type KubernetesObject, parseKubeconfig } from '@souk/kubernetes';
import type { Topology } from '@souk/topology';
import { type Answer, TestMarketplace, type TestUser } from '../testing/marketplace.harness';
import { billingSystem, type BillingSystem } from '../testing/billing-system';

/**
 * One story that is the same on every cluster: on the simulated one, and on the one that KUBECONFIG names
 * (`npm run test:e2e -- --cluster real`). It needs images that can be pulled everywhere, and no more of the cluster than `deploy/edge/clusterrole.yaml` grants.
 */
const real = process.env['SOUK_TEST_CLUSTER'] === 'real';
/** The image that Kubernetes itself is tested with: it does what its arguments say. */
const agnhost = (tag: string) => `registry.k8s.io/e2e-test-images/agnhost:${tag}`;
const small = { cpu: { request: '20m', limit: '200m' }, memory: { request: '32Mi', limit: '128Mi' } };
/** How long anything may take, images that are pulled included, in milliseconds. */
const PATIENCE = real ? 300_000 : 30_000;
const NODE_TIMEOUT = real ? 120_000 : 4_000;

const topology = (tag: string): Topology => ({
  nodes: [
    { serviceName: 'cache', category: 'third-party', preset: 'redis', ...small },
    { serviceName: 'prepare', category: 'init', image: agnhost('2.53'), command: ['true'], ...small },
    {
      serviceName: 'web',
      category: 'custom',
      image: agnhost(tag),
      args: ['netexec', '--http-port=8080'],
      ports: [{ internal: 8080, external: 80, protocol: 'TCP' }],
      serviceType: 'NodePort',
      replicas: 2,
      env: { CACHE: '${node.cache.host}:${node.cache.port}', GREETING: '${param.greeting}', TOKEN: '${secret.token}' },
      healthCheck: { http: { path: '/healthz', port: 8080 }, periodSeconds: 2 },
      ...small,
    },
  ],
  arrows: [
    { from: 'prepare', to: 'cache' },
    { from: 'web', to: 'cache' },
    { from: 'web', to: 'prepare' },
  ],
  parameters: { greeting: { type: 'string', default: 'hello' } },
  secrets: { token: { source: 'generated' } },
});

describe(real ? 'On the cluster of KUBECONFIG' : 'On the simulated cluster', () => {
  jest.setTimeout(4 * PATIENCE);
  let marketplace: TestMarketplace;
  let cluster: KubernetesCluster;
  let provider: TestUser;
  let buyer: TestUser;
  let billing: BillingSystem;
  let clusterId: string;
  let appId: string;
  let instanceId: string;
  const versions = new Map<string, string>();
  const subject = `order-${randomUUID()}`;

  beforeAll(async () => {
    marketplace = await TestMarketplace.start({
      deployment: { nodeTimeoutMs: NODE_TIMEOUT, allowedClusterAddresses: ['0.0.0.0/0', '::/0'] },
    });
    const kubeconfig = readFileSync(real ? process.env['KUBECONFIG']! : marketplace.cluster.kubeconfigPath, 'utf8');
    cluster = new KubernetesCluster(() => Promise.resolve(parseKubeconfig(kubeconfig, { trusted: true }).endpoint!));
    provider = await marketplace.newTenant('Harbour', 'provider');
    buyer = await marketplace.newTenant('Dairy', 'buyer');
    billing = await billingSystem(marketplace.operator, marketplace.url);
    clusterId = await registered(kubeconfig);
  });
  afterAll(async () => {
    // Of a story that broke off nothing stays on a cluster of somebody else's.
    if (real) for (const { metadata } of await namespaces()) await cluster.delete({ kind: 'Namespace', name: metadata.name }, {});
    cluster.close();
    await marketplace.stop();
  });

  async function registered(kubeconfig: string): Promise<string> {
    if (!real) return ((await buyer.get('/v1/clusters')).body.items as { clusterId: string }[])[0]!.clusterId;
    const { items } = await cluster.list('Node');
    const platforms = [...new Set(items.map(platformOf))];
    const body = { name: 'real', connection: { kind: 'kubeconfig', kubeconfig }, platforms };
    return ok(await buyer.post('/v1/clusters', body)).clusterId as string;
  }

  async function publish(number: string, tag: string, cloneFrom?: string): Promise<void> {
    const draft = cloneFrom
      ? await provider.post(`/v1/apps/${appId}/versions`, { number, description: number, cloneFrom })
      : await provider.post(`/v1/apps/${appId}/initialise`, { versionDescription: 'First', number });
    const { versionId } = ok(draft) as { versionId: string };
    const configuration = cloneFrom
      ? ok(await provider.get(`/v1/versions/${versionId}/configurations`)).items[0]
      : ok(await provider.post(`/v1/versions/${versionId}/configurations`, { name: 'standard', hosting: 'edge' }));
    const path = `/v1/configurations/${configuration.configurationId}/topology`;
    ok(await provider.put(path, topology(tag), { 'if-match': `"${configuration.revision ?? 0}"` }));
    const { revisions } = ok(await provider.get(`/v1/versions/${versionId}/review`));
    ok(await provider.post(`/v1/versions/${versionId}/release`, { reviewed: revisions }));
    versions.set(number, versionId);
  }

  const namespaces = async (): Promise<readonly KubernetesObject[]> =>
    instanceId ? (await cluster.list('Namespace', { labelSelector: `souk.dev/instance=${instanceId}` })).items : [];
  const workload = async (name: string): Promise<KubernetesObject> => {
    const [namespace] = await namespaces();
    return cluster.get({ kind: 'Deployment', name, namespace: namespace!.metadata.name });
  };
  const replicas = async (name: string) => ((await workload(name))['spec'] as { replicas: number }).replicas;
  const until = (path: string, holds: (body: Answer['body']) => boolean) => buyer.until(path, holds, PATIENCE);
  const atRest = () => until(`/v1/instances/${instanceId}`, ({ operation }) => operation === undefined);
  const operate = async (verb: string, body: object = {}) => {
    const { operationId } = ok(await buyer.post(`/v1/instances/${instanceId}/${verb}`, body));
    const record = await until(`/v1/operations/${operationId}`, ({ endedAt }) => endedAt !== undefined);
    await atRest();
    return record as { status: string; code?: string; steps: { type: string; node?: string }[] };
  };
  const steps = (record: { steps: { type: string; node?: string }[] }, type: string) =>
    record.steps.filter((step) => step.type === type).map(({ node }) => node);

  it('a purchase becomes an instance, what the arrows point at first', async () => {
    const app = { name: 'Any', summary: 'Runs anywhere', distributionType: 'instance', hostingMode: 'edge' };
    appId = ok(await provider.post('/v1/apps', { ...app, platforms: ['linux/amd64', 'linux/arm64'] })).appId as string;
    await publish('1.0.0', '2.53');
    const order = { buyerTenant: buyer.tenant, appId, versionId: versions.get('1.0.0'), plan: 'yearly', clusterId };
    const data = { ...order, configuration: 'standard', instanceName: subject, parameters: { greeting: 'good day' } };
    const { purchaseId } = ok(await billing.send('paid', subject, 1, data));
    const purchase = await until(`/v1/purchases/${purchaseId}`, (body) => body.instanceId !== undefined);
    instanceId = purchase.instanceId as string;
    const { items } = await until(`/v1/instances/${instanceId}/operations`, (body) => body.items[0]?.endedAt !== undefined);
    const record = ok(await buyer.get(`/v1/operations/${items[0].operationId}`));
    expect(record.status).toBe('succeeded');
    const order_ = record.steps.filter(({ type }: { type: string }) => /NodeBecameReady|InitNodeCompleted/.test(type));
    expect(order_.map(({ node }: { node: string }) => node)).toEqual(['cache', 'prepare', 'web']);
    const instance = await atRest();
    expect(instance.status).toBe('running');
    const web = instance.nodes.find(({ serviceName }: { serviceName: string }) => serviceName === 'web');
    expect(web.addresses[0].nodePort).toBeGreaterThanOrEqual(30_000);
  });

  it('an upgrade touches what has changed, and nothing else', async () => {
    await publish('1.1.0', '2.52', versions.get('1.0.0'));
    const before = await workload('cache');
    const record = await operate('upgrade', { versionId: versions.get('1.1.0') });
    expect(record.status).toBe('succeeded');
    expect(steps(record, 'NodeApplied')).toEqual(['web']);
    expect(steps(record, 'InitNodeCompleted')).toEqual([]);
    expect((await workload('cache')).metadata.generation).toBe(before.metadata.generation);
  });

  it('a version whose image is not there is rolled back', async () => {
    await publish('1.2.0', '0-pull-error', versions.get('1.1.0'));
    const record = await operate('upgrade', { versionId: versions.get('1.2.0') });
    expect(record).toMatchObject({ status: 'rolled-back', code: 'image-not-pulled' });
    expect((await atRest()).versionNumber).toBe('1.1.0');
  });

  it('it is scaled, stopped and started', async () => {
    expect((await operate('scale', { nodes: { web: 3 } })).status).toBe('succeeded');
    expect(await replicas('web')).toBe(3);
    expect((await operate('stop')).status).toBe('succeeded');
    expect([await replicas('web'), await replicas('cache')]).toEqual([0, 0]);
    expect((await operate('start')).status).toBe('succeeded');
    expect([await replicas('web'), await replicas('cache')]).toEqual([3, 1]);
  });

  it('what is taken away by hand comes back', async () => {
    const [namespace] = await namespaces();
    const service = { kind: 'Service', name: 'web', namespace: namespace!.metadata.name };
    const { uid } = (await cluster.get(service)).metadata;
    await cluster.delete(service, {});
    const { items } = await until(`/v1/instances/${instanceId}/operations`, (body) => body.items[0]?.kind === 'correct');
    await until(`/v1/operations/${items[0].operationId}`, ({ status }) => status === 'succeeded');
    expect((await cluster.get(service)).metadata.uid).not.toBe(uid);
    await atRest();
  });

  it('the log of a pod is streamed to its owner', async () => {
    const { status } = await buyer.get(`/v1/instances/${instanceId}/nodes/web/pod-logs?tailLines=5`);
    expect(status).toBe(200);
  });

  it('a refund leaves nothing behind, and says so', async () => {
    ok(await billing.send('refunded', subject, 2, { reason: 'the story is over' }));
    await until(`/v1/instances/${instanceId}`, ({ status }) => status === 'deleted');
    const { items } = ok(await buyer.get(`/v1/instances/${instanceId}/operations`));
    const record = ok(await buyer.get(`/v1/operations/${items[0].operationId}`));
    expect(steps(record, 'InventoryFoundEmpty')).toHaveLength(1);
    expect(await namespaces()).toEqual([]);
  });
});

function platformOf(node: KubernetesObject): string {
  const { architecture } = (node as unknown as { status: { nodeInfo: { architecture: string } } }).status.nodeInfo;
  return `linux/${architecture === 'arm' ? 'arm/v7' : architecture}`;
}

function ok({ status, body }: Answer): Answer['body'] {
  if (status >= 400) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
}
