import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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

const LOOK_EVERY_MS = 500;

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

  /** Names of those that were bought in this turn. */
  #made = new Set();
  #orders = 0;
  /** By status, whom to tell that an instance of that name has come to have it. */
  #looks = { running: { waiting: new Map() }, deleted: { waiting: new Map() } };

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
    this.#made.add(subject);
    const begun = Date.now();
    const running = this.#reached('running', subject);
    const data = { ...this.order, instanceName: subject, parameters: {} };
    await this.billing.send({ id: randomUUID(), type: 'souk.order.paid.v1', sequence: '1', subject, data });
    const instance = await running;
    const { items } = await this.buyer.get(`/v1/instances/${instance.instanceId}/operations`);
    return { ms: Date.parse(items[0].endedAt) - begun, instance };
  }

  /** Refunds all that was bought. */
  async clear() {
    const gone = [...this.#made].map((subject) => this.#reached('deleted', subject));
    for (const subject of this.#made)
      await this.billing.send({
        id: randomUUID(),
        type: 'souk.order.refunded.v1',
        sequence: '2',
        subject,
        data: { reason: 'bench' },
      });
    await Promise.all(gone);
    this.#made.clear();
  }

  #reached(status, name) {
    return new Promise((fulfil) => {
      const { waiting } = this.#looks[status];
      waiting.set(name, fulfil);
      if (waiting.size === 1) void this.#look(status);
    });
  }

  /** Looks at all together, and seldom, so as not to be what is measured: times are those of the records. */
  async #look(status) {
    const { waiting } = this.#looks[status];
    while (waiting.size > 0) {
      await sleep(LOOK_EVERY_MS);
      for await (const instance of this.#newest(status)) {
        // Newest first: behind one of an earlier turn there are only more of these.
        if (!this.#made.has(instance.name)) break;
        waiting.get(instance.name)?.(instance);
        waiting.delete(instance.name);
      }
    }
  }

  async *#newest(status) {
    let cursor = '';
    do {
      const { items, next } = await this.buyer.get(`/v1/instances?status=${status}&limit=200${cursor}`);
      yield* items;
      cursor = next && `&cursor=${encodeURIComponent(next)}`;
    } while (cursor);
  }

  async close() {
    await this.marketplace.stop();
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}
