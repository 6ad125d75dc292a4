import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { KubernetesCluster, type KubernetesEndpoint, type KubernetesObject, parseKubeconfig } from '@souk/kubernetes';
import { namespaceOf } from '../../../deployment/src/domain/cluster-object';
import { TlsFront } from '../../../deployment/test/tls-front';
import { type BillingSystem, billingSystem } from '../../testing/billing-system';
import { type Answer, TestMarketplace, type TestUser } from '../../testing/marketplace.harness';
import { ClusterByHand } from './cluster-by-hand';
import { LeastRole } from './least-role';
import { TestApp } from './test-app';
import { TestInstance } from './test-instance';
import { inMs, isReal, ok, PATIENCE, PAUSE } from './where';

/** Trouble is told sooner than in earnest, so that a story does not take hours. */
const settings = {
  allowedClusterAddresses: ['0.0.0.0/0', '::/0'],
  nodeTimeoutMs: inMs(120_000, 3_000),
  patienceMs: {
    'image-not-pulled': inMs(20_000, 500),
    'crash-loop': inMs(30_000, 500),
    'cannot-start': inMs(20_000, 500),
  },
  driftMs: inMs(10_000, 300),
  unhealthyAfterMs: inMs(10_000, 300),
  orphanGraceMs: inMs(5_000, 300),
};

/**
 * A marketplace, and a cluster of a buyer's that it knows by its kubeconfig, as far as the least role allows. Whatever a story does to the
 * cluster itself it does by {@link hand}. Of a story that broke off nothing stays there.
 */
export class AnyCluster {
  private constructor(
    readonly marketplace: TestMarketplace,
    private readonly front: TlsFront | undefined,
    /** `undefined` where KUBECONFIG may not give roles, or where nothing makes certificates for the simulated cluster. */
    readonly role: LeastRole | undefined,
    readonly hand: ClusterByHand,
    /** As an administrator sees it. */
    readonly cluster: KubernetesCluster,
    /** How the buyer lets the platform reach it. */
    readonly connection: object,
    readonly platforms: readonly string[],
    readonly provider: TestUser,
    readonly buyer: TestUser,
    private readonly billing: BillingSystem,
  ) {}

  static async open(): Promise<AnyCluster> {
    const marketplace = await TestMarketplace.start({ cluster: { backoffMs: 100 }, deployment: settings });
    const front = isReal ? undefined : await TlsFront.start(marketplace.dataDir, marketplace.cluster);
    if (front) front.tokens = 'any';
    const kubeconfig = administrator(marketplace, front);
    const endpoint = endpointOf(kubeconfig);
    const hand = new ClusterByHand(endpoint);
    const role = isReal || front ? await LeastRole.grant(hand, endpoint) : undefined;
    if (!role)
      console.info('not run: with the least role, since it can not be granted here; the user of the kubeconfig is taken');
    const cluster = new KubernetesCluster(() => Promise.resolve(endpoint));
    try {
      const { items } = await cluster.list('Node');
      return new AnyCluster(
        marketplace,
        front,
        role,
        hand,
        cluster,
        isReal || front ? { kind: 'kubeconfig', kubeconfig: (await role?.kubeconfig()) ?? kubeconfig } : { kind: 'simulated' },
        [...new Set(items.map(platformOf))],
        await marketplace.newTenant('Harbour', 'provider'),
        await marketplace.newTenant('Dairy', 'buyer'),
        await billingSystem(marketplace.operator, marketplace.url),
      );
    } catch (error) {
      await role?.withdraw();
      cluster.close();
      await front?.stop();
      await marketplace.stop();
      throw error;
    }
  }

  /** @returns its id */
  async register(more: object = {}): Promise<string> {
    const { connection, platforms } = this;
    const body = { name: `edge ${randomUUID()}`, connection, platforms, ...more };
    return ok(await this.buyer.post('/v1/clusters', body)).clusterId as string;
  }

  async newApp(name: string): Promise<TestApp> {
    const app = { name, summary: 'Runs anywhere', distributionType: 'instance', hostingMode: 'edge' };
    const { appId } = ok(await this.provider.post('/v1/apps', { ...app, platforms: this.platforms }));
    return new TestApp(this.provider, appId as string);
  }

  /** Paid for; answered as soon as it is asked for on the cluster. */
  async purchase(app: TestApp, number: string, clusterId: string, more: object = {}): Promise<TestInstance> {
    const orderId = `order-${randomUUID()}`;
    const order = { buyerTenant: this.buyer.tenant, appId: app.appId, versionId: app.version(number), plan: 'yearly', clusterId };
    const data = { ...order, configuration: 'standard', instanceName: orderId, ...more };
    const { purchaseId } = ok(await this.billing.send('paid', orderId, 1, data));
    const path = `/v1/purchases/${purchaseId as string}`;
    const purchase = await this.buyer.until(
      path,
      ({ instanceId, failure }) => (instanceId ?? failure) !== undefined,
      PATIENCE,
      PAUSE,
    );
    return new TestInstance(this, purchase.instanceId as string, orderId);
  }

  refund({ orderId }: TestInstance): Promise<Answer> {
    return this.billing.send('refunded', orderId, 2, { reason: 'the story is over' });
  }

  /** What stands on the cluster with the label of an instance: nothing, once it is deleted. */
  async namespacesOf({ id }: TestInstance): Promise<readonly KubernetesObject[]> {
    return (await this.cluster.list('Namespace', { labelSelector: `souk.dev/instance=${id}` })).items;
  }

  async close(): Promise<void> {
    const { items } = ok(await this.buyer.get('/v1/instances?limit=100')) as { items: { instanceId: string }[] };
    // First, or it would put right what is taken away now. With the simulated cluster, everything on it goes.
    if (isReal) await this.marketplace.stop();
    if (isReal) for (const { instanceId } of items) await this.hand.delete({ kind: 'Namespace', name: namespaceOf(instanceId) });
    if (isReal) await this.role?.withdraw();
    this.cluster.close();
    await this.front?.stop();
    if (!isReal) await this.marketplace.stop();
  }
}

function administrator({ cluster }: TestMarketplace, front: TlsFront | undefined): string {
  if (isReal) return readFileSync(process.env['KUBECONFIG']!, 'utf8');
  return front?.kubeconfig(cluster.token) ?? readFileSync(cluster.kubeconfigPath, 'utf8');
}

function endpointOf(kubeconfig: string): KubernetesEndpoint {
  const { endpoint, problems } = parseKubeconfig(kubeconfig, { trusted: true });
  if (!endpoint) throw new Error(`this kubeconfig can not be used: ${problems.map(({ message }) => message).join('; ')}`);
  return endpoint;
}

function platformOf(node: KubernetesObject): string {
  const { architecture } = (node as unknown as { status: { nodeInfo: { architecture: string } } }).status.nodeInfo;
  return `linux/${architecture === 'arm' ? 'arm/v7' : architecture}`;
}
