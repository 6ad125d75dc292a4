import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultRule } from '@souk/cluster-sim';
import { Story } from './story';
import { TestMarketplace } from './marketplace.harness';

export interface ClusterTrialOptions {
  readonly instances: number;
  readonly seed: number;
  /** Milliseconds. */
  readonly outageMs: number;
  /** Of one call, and of a watch that says nothing; milliseconds. The usual ones where they are not given. */
  readonly timeoutMs?: number;
  readonly watchIdleMs?: number;
  readonly log: (line: string) => void;
}

export interface ClusterTrialResult {
  /** Deploys, upgrades and deletes while the cluster misbehaved, and how many of them ended as they should. */
  readonly operations: number;
  readonly converged: number;
  /** Things that are there, or were done, more than once. */
  readonly duplicates: number;
  /** Namespaces and pods of instances that are deleted. */
  readonly orphans: number;
  /** Calls to the cluster against those that the same operations take on a good day. */
  readonly callsRatio: number;
  /** From the moment at which all watches fell silent to an instance that could not run without one. */
  readonly stallFoundMs: number;
  readonly faults: Readonly<Record<string, number>>;
}

interface KubeList {
  readonly items: { readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> } }[];
}
interface Requests {
  readonly requests: { readonly client: string; readonly calls: number }[];
  readonly faults: Readonly<Record<string, number>>;
}

const INSTANCE = 'souk.dev/instance';
const CLIENT = 'souk';

/** What goes wrong, a little of everything: answers, connections, watches, and for a while the whole cluster. */
export function badWeather(seed: number, outageMs: number): FaultRule[] {
  const writes = ['patch', 'delete'] as const;
  const calls = ['get', 'list', ...writes] as const;
  const rules: Omit<FaultRule, 'seed'>[] = [
    { fault: { type: 'latency', ms: 20 }, match: { verbs: calls }, probability: 0.2 },
    { fault: { type: 'timeout', applied: true }, match: { verbs: ['patch'], resource: 'jobs' }, times: 1 },
    { fault: { type: 'timeout', applied: true }, match: { verbs: ['patch'] }, probability: 0.01, times: 2 },
    { fault: { type: 'status', code: 429, retryAfterSeconds: 1 }, match: { verbs: calls }, probability: 0.02, times: 3 },
    { fault: { type: 'status', code: 409 }, match: { verbs: ['patch'] }, probability: 0.05 },
    { fault: { type: 'status', code: 409 }, match: { verbs: ['delete'] }, probability: 0.3, times: 2 },
    { fault: { type: 'status', code: 500 }, match: { verbs: calls }, probability: 0.04 },
    { fault: { type: 'status', code: 503, retryAfterSeconds: 0 }, match: { verbs: calls }, probability: 0.03 },
    { fault: { type: 'status', code: 504, applied: true }, match: { verbs: writes }, probability: 0.03 },
    { fault: { type: 'reset' }, match: { verbs: calls }, probability: 0.03 },
    { fault: { type: 'reset', applied: true }, match: { verbs: writes }, probability: 0.05 },
    { fault: { type: 'reset', afterBytes: 50 }, match: { verbs: calls }, probability: 0.02 },
    { fault: { type: 'gone', afterEvents: 3 }, match: { verbs: ['watch'] }, probability: 0.2, times: 4 },
    { fault: { type: 'reset', afterEvents: 4 }, match: { verbs: ['watch'] }, probability: 0.3, times: 8 },
    { fault: { type: 'closed', afterEvents: 6 }, match: { verbs: ['watch'] }, probability: 0.3, times: 8 },
    { fault: { type: 'status', code: 429, retryAfterSeconds: 1 }, match: { verbs: ['watch'] }, probability: 0.1, times: 2 },
  ];
  const outage: FaultRule = { id: 'outage', fault: { type: 'outage' }, fromMs: 3_000, untilMs: 3_000 + outageMs };
  return [outage, ...rules.map((rule, n) => ({ ...rule, match: { ...rule.match, client: CLIENT }, seed: seed * 100 + n }))];
}

/**
 * Buys, upgrades and deletes instances of the example while their cluster misbehaves (R11), and looks at what is left. Once on a good day
 * before that, to know what it takes.
 */
export async function clusterTrial(options: ClusterTrialOptions): Promise<ClusterTrialResult> {
  const { timeoutMs, watchIdleMs } = options;
  const marketplace = await TestMarketplace.start({
    cluster: { hosts: ['edge-1', 'edge-2', 'edge-3'].map((name) => ({ name, cpu: '200', memory: '400Gi', pods: 2_000 })) },
    deployment: {
      clusterCalls: { ...(timeoutMs !== undefined && { timeoutMs }), ...(watchIdleMs !== undefined && { watchIdleMs }) },
    },
  });
  try {
    return await new Trial(marketplace, await Story.begin(marketplace.operator, marketplace.url), options).run();
  } finally {
    await marketplace.stop();
  }
}

class Trial {
  private appId = '';
  private versions: readonly [first: string, next: string] = ['', ''];
  private orders = 0;
  private readonly patience: number;

  constructor(
    private readonly marketplace: TestMarketplace,
    private readonly story: Story,
    private readonly options: ClusterTrialOptions,
  ) {
    this.patience = 120_000 + 2 * options.outageMs;
  }

  async run(): Promise<ClusterTrialResult> {
    const { instances, seed, outageMs, log } = this.options;
    const { appId, versionId } = await this.story.publish();
    this.appId = appId;
    this.versions = [versionId, await this.story.publishNext(appId, versionId, '1.1.0')];
    await this.deploy(1);

    await this.sim('DELETE', '/requests');
    await this.live(instances);
    const least = await this.calls();
    log(`on a good day ${instances} instances, deployed, upgraded and every other deleted, take ${least} calls`);

    await this.sim('PUT', '/faults', { faults: badWeather(seed, outageMs) });
    await this.sim('DELETE', '/requests');
    const { ids, operations, converged } = await this.live(instances, true);
    const calls = await this.calls();
    const { faults } = await this.sim<Requests>('GET', '/requests');
    log(`in bad weather they take ${calls}; faults: ${JSON.stringify(faults)}`);

    const stallFoundMs = await this.stall();
    log(`watches that fell silent were found within ${stallFoundMs} ms`);
    await this.sim('DELETE', '/faults');
    const duplicates = await this.duplicates(ids);
    const orphans = await this.orphans();
    return { operations, converged, duplicates, orphans, callsRatio: calls / least, stallFoundMs, faults };
  }

  /** Deploys, upgrades all, deletes every other one. */
  private async live(count: number, meddle = false): Promise<{ ids: string[]; operations: number; converged: number }> {
    const first = this.orders;
    const { ids, running } = await this.deploy(count);
    // What somebody takes away by hand comes back, with the next operation or by one of its own.
    if (meddle) await this.remove(`/api/v1/namespaces/${await this.namespaceOf(ids[0]!)}/services/tomcat`);
    for (const id of ids) {
      const { status } = await this.story.buyer.post(`/v1/instances/${id}/upgrade`, { versionId: this.versions[1] });
      if (status !== 202) throw new Error(`the upgrade of ${id} was answered with ${status}`);
    }
    const upgraded = await this.count(ids, ({ status, versionNumber }) => status === 'running' && versionNumber === '1.1.0');
    const leaving = ids.filter((_, n) => n % 2 === 1);
    for (const id of leaving) await this.story.bill('refunded', `order-${first + ids.indexOf(id)}`, 2, { reason: 'trial' });
    const deleted = await this.count(leaving, ({ status }) => status === 'deleted');
    const mended = !meddle || (await this.comesBack(`/api/v1/namespaces/${await this.namespaceOf(ids[0]!)}/services/tomcat`));
    if (!mended) this.options.log('the Service that was taken away has not come back');
    return { ids, operations: 2 * count + leaving.length, converged: running + upgraded + deleted - (mended ? 0 : 1) };
  }

  private async deploy(count: number): Promise<{ ids: string[]; running: number }> {
    const purchases: string[] = [];
    for (let n = 0; n < count; n++) {
      const number = this.orders++;
      const order = await this.story.order(this.appId, this.versions[0], `book-${number}`);
      const { body } = await this.story.bill('paid', `order-${number}`, 1, order);
      purchases.push((body as { purchaseId: string }).purchaseId);
    }
    const ids: string[] = [];
    for (const purchase of purchases) {
      const bought = (await this.story.buyer.until(
        `/v1/purchases/${purchase}`,
        (body) => (body as { instanceId?: string }).instanceId !== undefined,
      )) as { instanceId: string };
      ids.push(bought.instanceId);
    }
    return { ids, running: await this.count(ids, ({ status }) => status === 'running') };
  }

  /** How many of the instances come to be so. */
  private async count(
    ids: readonly string[],
    holds: (instance: { status: string; versionNumber: string }) => boolean,
  ): Promise<number> {
    let held = 0;
    for (const id of ids) {
      try {
        await this.story.buyer.until(`/v1/instances/${id}`, holds as (body: unknown) => boolean, this.patience);
        held++;
      } catch (error) {
        this.options.log((error as Error).message);
      }
    }
    return held;
  }

  /** Lets all open watches fall silent, then buys: only who notices sees the pods become ready. */
  private async stall(): Promise<number> {
    const silence = { match: { verbs: ['watch'], client: CLIENT }, fault: { type: 'stall' }, untilMs: 500 };
    await this.sim('PUT', '/faults', { faults: [silence] });
    const begun = performance.now();
    await this.deploy(1);
    return Math.round(performance.now() - begun);
  }

  private async duplicates(ids: readonly string[]): Promise<number> {
    let surplus = 0;
    for (const id of ids) {
      for (const type of ['InstanceRequested', 'CredentialCreated', 'InitNodeCompleted']) {
        const path = `/v1/history?about=${id}&type=${type}&limit=200`;
        const { items } = (await this.marketplace.operator.get(path)).body as { items: unknown[] };
        surplus += Math.abs(items.length - 1);
      }
      const namespaces = await this.list(`/api/v1/namespaces?labelSelector=${encodeURIComponent(`${INSTANCE}=${id}`)}`);
      surplus += Math.max(0, namespaces.items.length - 1);
      for (const { metadata } of namespaces.items) {
        surplus += Math.abs((await this.list(`/apis/batch/v1/namespaces/${metadata.name}/jobs`)).items.length - 1);
        const selector = encodeURIComponent('batch.kubernetes.io/job-name');
        surplus += Math.abs(
          (await this.list(`/api/v1/namespaces/${metadata.name}/pods?labelSelector=${selector}`)).items.length - 1,
        );
      }
    }
    return surplus;
  }

  private async orphans(): Promise<number> {
    let orphans = 0;
    for (const path of ['/api/v1/namespaces', '/api/v1/pods']) {
      for (const { metadata } of (await this.list(`${path}?labelSelector=${encodeURIComponent(INSTANCE)}`)).items) {
        const { status, body } = await this.story.buyer.get(`/v1/instances/${metadata.labels?.[INSTANCE] ?? ''}`);
        if (status !== 200 || (body as { status: string }).status === 'deleted') orphans++;
      }
    }
    return orphans;
  }

  private async namespaceOf(id: string): Promise<string> {
    const { items } = await this.list(`/api/v1/namespaces?labelSelector=${encodeURIComponent(`${INSTANCE}=${id}`)}`);
    return items[0]!.metadata.name;
  }

  private async calls(): Promise<number> {
    const { requests } = await this.sim<Requests>('GET', '/requests');
    return requests.filter(({ client }) => client === CLIENT).reduce((sum, { calls }) => sum + calls, 0);
  }

  private async list(path: string): Promise<KubeList> {
    return this.ask<KubeList>('GET', path);
  }

  /** Whether it is there again within our patience. */
  private async comesBack(path: string): Promise<boolean> {
    for (const end = performance.now() + this.patience; performance.now() < end;) {
      const there = await this.ask('GET', path).then(
        () => true,
        () => false,
      );
      if (there) return true;
      await sleep(100);
    }
    return false;
  }

  private async remove(path: string): Promise<void> {
    await this.ask('DELETE', path);
  }

  private sim<T>(method: string, path: string, body?: object): Promise<T> {
    return this.ask<T>(method, `/sim/v1${path}`, body);
  }

  /** During an outage it asks again. */
  private async ask<T>(method: string, path: string, body?: object): Promise<T> {
    const { url, token } = this.marketplace.cluster;
    const headers = { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) };
    for (const end = performance.now() + this.patience; ;) {
      try {
        const answer = await fetch(url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
        const text = await answer.text();
        if (answer.status >= 400) throw new Error(`${method} ${path}: ${text}`);
        return (text === '' ? undefined : JSON.parse(text)) as T;
      } catch (error) {
        if (!(error instanceof TypeError) || performance.now() > end) throw error;
      }
    }
  }
}
