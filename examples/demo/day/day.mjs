// A day of a marketplace in a minute or two: 200 orders on 20 clusters of ten customers, with upgrades, versions that do not come up, clusters in trouble,
// meddling by hand and refunds. In the end the clusters hold exactly what the event history says.
import { randomInt, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { Api } from '../api.mjs';
import { billingSource, example, join, joinAsAuditor, release, releaseNext } from '../roles.mjs';
import { expect } from '../timeline.mjs';
import { CustomerClusters } from './clusters.mjs';
import { instancesOf } from './history.mjs';
import { differences, expected, inventoryOf } from './inventory.mjs';
import { planOf, RELEASES, WEATHER } from './plan.mjs';

const ORDERS = 200;
const CLUSTERS = 20;
const CUSTOMERS = 10;
/** How long anything may take in bad weather, in milliseconds. */
const PATIENCE = 120_000;

export async function playDay({ url, token }, timeline) {
  const seed = Number(process.env.SEED ?? randomInt(2 ** 31));
  const folder = await mkdtemp(joinPath(tmpdir(), 'souk-day-'));
  const clusters = await timeline.step('', `20 clusters come up; the day is that of SEED=${seed}`, () =>
    CustomerClusters.start(folder, CLUSTERS),
  );
  try {
    await new Day(url, new Api(url, token), clusters, timeline, seed).play();
  } finally {
    await clusters.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

class Day {
  /** Order → the instance that came of it. */
  instances = new Map();
  done = new Map();

  constructor(url, operator, clusters, timeline, seed) {
    Object.assign(this, { url, operator, clusters, timeline, seed });
  }

  async play() {
    const { timeline, operator, url } = this;
    timeline.chapter('Before the day');
    this.auditor = await joinAsAuditor(operator, url);
    this.billing = await billingSource(operator, url);
    this.customers = await timeline.step('customers', `${CUSTOMERS} of them register two clusters each`, () => this.register());
    this.app = await timeline.step('provider', 'publishes the guest book 1.0.0', () => this.publish());

    timeline.chapter('The day');
    const plan = planOf(this.seed, ORDERS, CLUSTERS);
    for (let hour = 0; hour < 24; hour++) await this.hour(hour, plan);

    timeline.chapter('After the day');
    await timeline.step('operator', 'compares the clusters with the event history', () => this.compare());
  }

  async register() {
    const buyers = await Promise.all(
      Array.from({ length: CUSTOMERS }, (_, n) => join(this.operator, this.url, `Customer ${n + 1}`, 'buyer')),
    );
    return Promise.all(
      this.clusters.all.map(async (cluster, n) => {
        const buyer = buyers[n % CUSTOMERS];
        const connection = { kind: 'kubeconfig', kubeconfig: cluster.kubeconfig };
        const { clusterId } = await buyer.post('/v1/clusters', { name: cluster.name, connection, platforms: ['linux/amd64'] });
        return { buyer, cluster, clusterId };
      }),
    );
  }

  async publish() {
    this.provider = await join(this.operator, this.url, 'Harbour Software', 'provider');
    const { provider } = this;
    const { appId } = await provider.post('/v1/apps', await example('app'));
    const first = { versionDescription: 'First release', number: '1.0.0' };
    const { versionId } = await provider.post(`/v1/apps/${appId}/initialise`, first);
    const { configurationId } = await provider.post(`/v1/versions/${versionId}/configurations`, {
      name: 'standard',
      hosting: 'edge',
    });
    const topology = await example('topology');
    await provider.put(`/v1/configurations/${configurationId}/topology`, topology, { 'if-match': '"0"' });
    await provider.put(`/v1/versions/${versionId}/permissions`, await example('permissions'));
    await release(provider, versionId);
    return { appId, versionId, topology, versions: { '1.0.0': versionId } };
  }

  async hour(hour, plan) {
    for (const [number, at] of Object.entries(RELEASES)) if (at === hour) await this.releaseVersion(number);
    const trouble = WEATHER.filter((each) => each.hour === hour);
    for (const each of trouble) await this.clusters.faults(this.clusters.all[each.cluster], faultsOf(each, this.seed));
    this.done = new Map();
    // The acts of one order follow each other; orders do not wait for each other.
    const acts = plan.map((entry) => ({ ...entry, acts: entry.acts.filter((act) => act.hour === hour) }));
    await Promise.all(acts.map((entry) => this.perform(entry)));
    for (const { cluster } of trouble) await this.clusters.faults(this.clusters.all[cluster], []);
    const done = [...this.done].map(([what, count]) => `${count} ${what}`).join(', ') || 'quiet';
    const clouds = trouble.map(({ cluster, what }) => `  (${this.clusters.all[cluster].name} ${what})`).join('');
    this.timeline.note(
      `${String(hour).padStart(2, '0')}:00  ${'▇'.repeat(Math.ceil(this.live / 8))} ${this.live} run; ${done}${clouds}`,
    );
  }

  get live() {
    return [...this.instances.values()].filter(({ gone }) => !gone).length;
  }

  async releaseVersion(number) {
    const { app, provider } = this;
    // The simulated cluster does with an image what the end of its tag says.
    const tag = number === '1.2.0' ? '1.2.0-never-ready' : number;
    app.versions[number] = await releaseNext(provider, app, number, `Version ${number}`, tag);
    this.timeline.note(`${String(RELEASES[number]).padStart(2, '0')}:00  the provider releases ${number}`);
  }

  async perform({ order, cluster, acts }) {
    for (const { kind, times = 1 } of acts) {
      const { buyer, clusterId } = this.customers[cluster];
      const instance = this.instances.get(order);
      const count = (what) => this.done.set(what, (this.done.get(what) ?? 0) + 1);
      switch (kind) {
        case 'pay':
          await this.pay(order, buyer, clusterId, times);
          count(this.instances.has(order) ? 'bought' : 'paid for what was refunded');
          break;
        case 'refund':
          await this.refund(order, buyer, instance);
          count('refunded');
          break;
        case 'upgrade':
          count((await this.operate(buyer, instance, 'upgrade', { versionId: this.app.versions['1.1.0'] })) ?? 'upgraded');
          break;
        case 'upgrade-that-fails': {
          const status = await this.operate(buyer, instance, 'upgrade', { versionId: this.app.versions['1.2.0'] });
          expect(status === 'rolled-back', 'a version that does not come up is rolled back', status);
          count('rolled back');
          break;
        }
        case 'restart':
          count((await this.operate(buyer, instance, 'restart', {})) ?? 'restarted');
          break;
        case 'scale':
          count((await this.operate(buyer, instance, 'scale', { nodes: { tomcat: 3 } })) ?? 'scaled');
          break;
        case 'stop':
          count((await this.operate(buyer, instance, 'stop', {})) ?? 'stopped');
          break;
        case 'start':
          count((await this.operate(buyer, instance, 'start', {})) ?? 'started');
          break;
        case 'meddle':
          await this.meddle(this.clusters.all[cluster], instance);
          count('mended after meddling');
          break;
      }
    }
  }

  async pay(order, buyer, clusterId, times) {
    const { appId, versionId } = this.app;
    const event = {
      id: randomUUID(),
      type: 'souk.order.paid.v1',
      sequence: '1',
      subject: order,
      data: {
        ...{ buyerTenant: buyer.tenantId, appId, versionId, plan: 'yearly', configuration: 'standard', clusterId },
        ...{ instanceName: order, parameters: { title: order } },
      },
    };
    let purchaseId;
    for (let n = 0; n < times; n++) ({ purchaseId } = await this.billing.send(event));
    const { instanceId } = await buyer.until(
      `/v1/purchases/${purchaseId}`,
      ({ instanceId, status }) => instanceId !== undefined || status === 'refunded',
      PATIENCE,
    );
    if (instanceId === undefined) return;
    this.instances.set(order, { instanceId });
    await buyer.until(`/v1/instances/${instanceId}`, ({ status }) => status === 'running', PATIENCE);
  }

  async refund(order, buyer, instance) {
    const data = { reason: 'the customer changed their mind' };
    await this.billing.send({ id: randomUUID(), type: 'souk.order.refunded.v1', sequence: '2', subject: order, data });
    if (!instance) return;
    await buyer.until(`/v1/instances/${instance.instanceId}`, ({ status }) => status === 'deleted', PATIENCE);
    instance.gone = true;
  }

  /** @returns how it ended, where not well */
  async operate(buyer, { instanceId }, what, wish) {
    const { operationId } = await buyer.post(`/v1/instances/${instanceId}/${what}`, {
      ...wish,
      reason: 'it is that time of day',
    });
    const ended = ({ status }) => !['requested', 'running', 'stalled', 'rolling-back'].includes(status);
    const { status } = await buyer.until(`/v1/operations/${operationId}`, ended, PATIENCE);
    await buyer.until(`/v1/instances/${instanceId}`, ({ operation }) => operation === undefined, PATIENCE);
    return status === 'succeeded' ? undefined : status;
  }

  /** Somebody deletes a Service by hand; it comes back. */
  async meddle({ api }, { instanceId }) {
    const namespace = await api.namespaceOf(instanceId);
    const path = `/api/v1/namespaces/${namespace}/services/tomcat`;
    await api.remove(path);
    for (const end = Date.now() + PATIENCE; (await api.get(path)) === undefined;) {
      expect(Date.now() < end, `${path} comes back`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async compare() {
    const { text } = await this.auditor.exchange('GET', '/v1/history/export?category=instance');
    const events = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const must = instancesOf(events);
    const problems = [];
    let found = 0;
    for (const { cluster, clusterId } of this.customers) {
      const inventory = await inventoryOf(cluster.api);
      found += inventory.size;
      for (const [instanceId, instance] of must) {
        if (instance.clusterId !== clusterId) continue;
        problems.push(...differences(instanceId, expected(instance, this.app.topology), inventory.get(instanceId)));
        inventory.delete(instanceId);
      }
      for (const instanceId of inventory.keys()) problems.push(`${instanceId} is on ${cluster.name} and must not be`);
    }
    expect(problems.length === 0, 'the clusters hold what the history says', problems);
    expect(must.size === this.live, 'the history says what was seen', { history: must.size, seen: this.live });
    this.timeline.note(
      `${events.length} events of instances; ${found} instances on ${CLUSTERS} clusters, each as the history says`,
    );
  }
}

function faultsOf({ outageMs, probability, what }, seed) {
  if (outageMs !== undefined) return [{ id: 'outage', fault: { type: 'outage' }, untilMs: outageMs }];
  const verbs = ['get', 'list', 'patch', 'delete'];
  const faults = /429/.test(what)
    ? [
        { type: 'status', code: 429, retryAfterSeconds: 1 },
        { type: 'status', code: 500 },
      ]
    : [{ type: 'reset' }, { type: 'reset', applied: true }];
  return faults.map((fault, n) => ({ fault, match: { verbs, client: 'souk' }, probability, seed: seed + n }));
}
