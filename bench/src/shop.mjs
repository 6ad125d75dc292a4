import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Api } from '../../examples/demo/api.mjs';
import { billingSource, join as joinAs, release } from '../../examples/demo/roles.mjs';
import { startMarketplace } from './marketplace.mjs';
import { prepareCluster } from './simulated-cluster.mjs';

const port = (number) => [{ internal: number, external: number, protocol: 'TCP' }];
const small = { cpu: { request: '10m', limit: '100m' }, memory: { request: '16Mi', limit: '64Mi' } };

/** init → db → web. */
const topology = {
  nodes: [
    {
      serviceName: 'db',
      category: 'custom',
      image: 'bench/db:1',
      ports: port(5432),
      env: { PASSWORD: '${secret.db}' },
      ...small,
    },
    { serviceName: 'init', category: 'init', image: 'bench/init:1', env: { PASSWORD: '${secret.db}' }, ...small },
    { serviceName: 'web', category: 'custom', image: 'bench/web:1', ports: port(80), env: { DB: '${node.db.host}' }, ...small },
  ],
  arrows: [
    { from: 'db', to: 'init' },
    { from: 'web', to: 'db' },
  ],
  parameters: {},
  secrets: { db: { source: 'generated' } },
};

/** 10 ms for each call, 100 ms until ready or done; room for everything. */
export const clusterConfig = {
  apiLatencyMs: 10,
  startupMs: 100,
  runMs: 100,
  hosts: ['edge-1', 'edge-2', 'edge-3'].map((name) => ({ name, cpu: '1000', memory: '2000Gi', pods: 100_000 })),
};

/** A marketplace on which one app is sold. */
export class Shop {
  static async open() {
    const dataDir = mkdtempSync(join(tmpdir(), 'souk-bench-'));
    prepareCluster(dataDir, clusterConfig);
    process.env.SOUK_CLUSTER_CALLS_PER_SECOND ??= '2000';
    const marketplace = await startMarketplace(dataDir);
    const shop = new Shop(dataDir, marketplace);
    await shop.#publish();
    return shop;
  }

  #made = [];
  #orders = 0;

  constructor(dataDir, marketplace) {
    this.dataDir = dataDir;
    this.marketplace = marketplace;
    this.configuration = { name: 'standard', hosting: 'edge', topology, images: [] };
  }

  async #publish() {
    const { url, operator: token } = this.marketplace;
    const operator = new Api(url, token);
    const provider = await joinAs(operator, url, 'Provider', 'provider');
    this.buyer = await joinAs(operator, url, 'Buyer', 'buyer');
    this.billing = await billingSource(operator, url);
    const app = {
      name: 'Bench',
      summary: 'For a benchmark',
      distributionType: 'instance',
      hostingMode: 'edge',
      platforms: ['linux/amd64'],
    };
    const { appId } = await provider.post('/v1/apps', app);
    const { versionId } = await provider.post(`/v1/apps/${appId}/initialise`, { versionDescription: 'First', number: '1.0.0' });
    const { configurationId } = await provider.post(`/v1/versions/${versionId}/configurations`, {
      name: 'standard',
      hosting: 'edge',
    });
    await provider.put(`/v1/configurations/${configurationId}/topology`, topology, { 'if-match': '"0"' });
    await release(provider, versionId);
    const [{ clusterId }] = (await this.buyer.get('/v1/clusters')).items;
    this.order = { buyerTenant: this.buyer.tenantId, appId, versionId, plan: 'yearly', configuration: 'standard', clusterId };
  }

  /** Buys one; fulfilled when it runs, or rather when that was recorded, which is what `ms` tells. */
  async deploy() {
    const subject = `order-${this.#orders++}`;
    const begun = Date.now();
    const data = { ...this.order, instanceName: subject, parameters: {} };
    const { purchaseId } = await this.billing.send({
      id: randomUUID(),
      type: 'souk.order.paid.v1',
      sequence: '1',
      subject,
      data,
    });
    const { instanceId } = await this.#until(`/v1/purchases/${purchaseId}`, (purchase) => purchase.instanceId !== undefined, 100);
    const instance = await this.#until(`/v1/instances/${instanceId}`, ({ status }) => status === 'running', 100);
    const { items } = await this.buyer.get(`/v1/instances/${instanceId}/operations`);
    this.#made.push({ subject, instanceId });
    return { ms: Date.parse(items[0].endedAt) - begun, instance };
  }

  /** Refunds all that was bought. */
  async clear() {
    for (const { subject } of this.#made)
      await this.billing.send({
        id: randomUUID(),
        type: 'souk.order.refunded.v1',
        sequence: '2',
        subject,
        data: { reason: 'bench' },
      });
    for (const { instanceId } of this.#made)
      await this.#until(`/v1/instances/${instanceId}`, ({ status }) => status === 'deleted', 50);
    this.#made = [];
  }

  /** Asked seldom, so as not to be what is measured: times are those of the records. */
  async #until(path, holds, everyMs) {
    for (;;) {
      const { status, json } = await this.buyer.exchange('GET', path);
      if (status === 200 && holds(json)) return json;
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  }

  async close() {
    await this.marketplace.stop();
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}
