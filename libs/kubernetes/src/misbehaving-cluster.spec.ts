import { type ClusterSim, startClusterSim } from '@souk/cluster-sim';
import { temporaryFolder } from '@souk/event-sourcing/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { Conflict, NotFound, Throttled, Unreachable } from './errors';
import { Informer, type ObjectSource } from './informer';
import { KubernetesCluster } from './kubernetes-cluster';
import type { KubernetesObject } from './kubernetes-object';
import { SimulatedClusterConnection } from './simulated-cluster-connection';

const object = (kind: string, apiVersion: string, name: string, rest: object): KubernetesObject => ({
  apiVersion,
  kind,
  metadata: { name, namespace: 'default', labels: { app: 'shop' } },
  ...rest,
});
const service = (name: string): KubernetesObject =>
  object('Service', 'v1', name, { spec: { ports: [{ port: 80, protocol: 'TCP' }] } });
const job = (name: string): KubernetesObject =>
  object('Job', 'batch/v1', name, {
    spec: {
      backoffLimit: 0,
      template: {
        metadata: { labels: { app: 'shop' } },
        spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'x' }] },
      },
    },
  });

/** Over real HTTP, against the simulated cluster and its fault plan. */
describe('A client of a cluster that misbehaves', () => {
  const folder = temporaryFolder();
  let sim: ClusterSim;
  let cluster: KubernetesCluster;

  beforeAll(async () => {
    sim = await startClusterSim({ dataDir: folder.path });
    cluster = new KubernetesCluster(() => new SimulatedClusterConnection(sim.kubeconfigPath).endpointOf(), {
      timeoutMs: 400,
      watchIdleMs: 300,
    });
  });
  afterAll(async () => {
    cluster.close();
    await sim.stop();
    folder.remove();
  });
  beforeEach(async () => {
    await misbehave();
    await ask('DELETE', '/requests');
  });

  const ask = async (method: string, path: string, body?: object): Promise<unknown> => {
    const headers = { authorization: `Bearer ${sim.token}`, ...(body && { 'content-type': 'application/json' }) };
    const answer = await fetch(`${sim.url}/sim/v1${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    const text = await answer.text();
    if (answer.status >= 400) throw new Error(text);
    return text === '' ? undefined : JSON.parse(text);
  };
  const misbehave = (...faults: object[]): Promise<unknown> => ask('PUT', '/faults', { faults });
  /** How often our client called. */
  const calls = async (verb: string, resource: string): Promise<number> => {
    const { requests } = (await ask('GET', '/requests')) as {
      requests: { client: string; verb: string; resource: string; calls: number }[];
    };
    return requests.find((each) => each.client === 'souk' && each.verb === verb && each.resource === resource)?.calls ?? 0;
  };
  const once = (fault: object): object => ({ match: { client: 'souk', verbs: ['patch'] }, fault, times: 1 });

  it.each<[string, object]>([
    ['429', { type: 'status', code: 429, retryAfterSeconds: 0 }],
    ['409', { type: 'status', code: 409 }],
    ['500', { type: 'status', code: 500 }],
    ['502', { type: 'status', code: 502 }],
    ['503', { type: 'status', code: 503, retryAfterSeconds: 0 }],
    ['504 though it took effect', { type: 'status', code: 504, applied: true }],
    ['a reset', { type: 'reset' }],
    ['a reset though it took effect', { type: 'reset', applied: true }],
    ['half an answer', { type: 'reset', afterBytes: 30 }],
  ])('applies in spite of %s, with one more call', async (_what, fault) => {
    await misbehave(once(fault));
    const applied = await cluster.apply(service('steady'));
    expect(applied.metadata.generation ?? 1).toBe(1);
    expect(await calls('patch', 'services')).toBe(2);
  });

  it('holds everybody back for as long as a 429 says', async () => {
    await misbehave(once({ type: 'status', code: 429, retryAfterSeconds: 1 }));
    const asked = performance.now();
    await Promise.all([
      cluster.apply(service('steady')),
      sleep(100).then(() => cluster.get({ kind: 'Service', namespace: 'default', name: 'kubernetes' })),
    ]);
    expect(performance.now() - asked).toBeGreaterThanOrEqual(990);
    await misbehave({ fault: { type: 'status', code: 429, retryAfterSeconds: 0 } });
    await expect(cluster.list('Pod')).rejects.toThrow(Throttled);
  });

  it('finds its Job there, once, after a time-out with the write applied', async () => {
    await misbehave(once({ type: 'timeout', applied: true }));
    await expect(cluster.apply(job('init'))).rejects.toThrow(Unreachable);
    const first = await cluster.get({ kind: 'Job', namespace: 'default', name: 'init' });
    const again = await cluster.apply(job('init'));
    expect([again.metadata.uid, again.metadata.generation]).toEqual([first.metadata.uid, 1]);
    let pods: readonly KubernetesObject[] = [];
    while (!(pods.length > 0)) pods = (await cluster.list('Pod', { namespace: 'default', labelSelector: 'job-name=init' })).items;
    expect(pods).toHaveLength(1);
  });

  it('has deleted, whichever of its tries did it', async () => {
    await cluster.apply(service('passing'));
    await misbehave({ match: { verbs: ['delete'] }, fault: { type: 'reset', applied: true }, times: 1 });
    await cluster.delete({ kind: 'Service', namespace: 'default', name: 'passing' });
    expect(await cluster.exists({ kind: 'Service', namespace: 'default', name: 'passing' })).toBe(false);
    await expect(cluster.delete({ kind: 'Service', namespace: 'default', name: 'passing' })).rejects.toThrow(NotFound);
  });

  it('does not insist where it has named the one object that it meant', async () => {
    await cluster.apply(service('other'));
    await expect(cluster.delete({ kind: 'Service', namespace: 'default', name: 'other' }, { uid: 'another' })).rejects.toThrow(
      Conflict,
    );
    expect(await calls('delete', 'services')).toBe(1);
  });

  it('begins a list again whose later pages are gone', async () => {
    await misbehave({ match: { verbs: ['list'], resource: 'services' }, fault: { type: 'gone' }, times: 1 });
    expect((await cluster.list('Service')).items.length).toBeGreaterThan(0);
  });

  it('does not repeat call after call during an outage', async () => {
    await misbehave({ fault: { type: 'outage' } });
    const service = { kind: 'Service', namespace: 'default', name: 'kubernetes' };
    const answers = await Promise.allSettled(Array.from({ length: 20 }, () => cluster.get(service)));
    expect(answers.every(({ status }) => status === 'rejected')).toBe(true);
    expect(await calls('get', 'services')).toBeLessThan(40);
  });

  it('gives up during an outage, and goes on after it', async () => {
    await misbehave({ fault: { type: 'outage' } });
    await expect(cluster.list('Service')).rejects.toThrow(Unreachable);
    await misbehave();
    expect((await cluster.list('Service')).items.length).toBeGreaterThan(0);
  });

  describe('watching', () => {
    /** Hears of a new Service in spite of the fault; answers how often it listed and watched. */
    const hears = async (name: string, ...faults: object[]): Promise<{ lists: number; watches: number }> => {
      let heard!: () => void;
      const told = new Promise<void>((fulfil) => (heard = fulfil));
      await misbehave(...faults);
      const informer = cluster
        .informer(
          'Service',
          { labelSelector: 'app=shop' },
          { onChange: ({ metadata }) => metadata.name === name && heard(), backOff: { first: 20, longest: 50 } },
        )
        .start();
      await informer.synced;
      while ((await calls('watch', 'services')) === 0) await sleep(5);
      await cluster.apply(service(name));
      await told;
      await informer.stop();
      return { lists: await calls('list', 'services'), watches: await calls('watch', 'services') };
    };
    const watches = (fault: object, times = 1): object => ({ match: { verbs: ['watch'] }, fault, times });

    it('finds out that a watch is stalled, and goes on without a new list', async () => {
      const { lists, watches: begun } = await hears('w-stall', watches({ type: 'stall' }));
      expect([lists, begun]).toEqual([1, 2]);
    });

    it('goes on where a watch was reset or ended, without a new list', async () => {
      expect(await hears('w-reset', watches({ type: 'reset' }))).toEqual({ lists: 1, watches: 2 });
      await ask('DELETE', '/requests');
      expect(await hears('w-closed', watches({ type: 'closed' }))).toEqual({ lists: 1, watches: 2 });
    });

    it('lists anew after a 410', async () => {
      expect((await hears('w-gone', watches({ type: 'gone' }))).lists).toBe(2);
    });

    it('comes back to a server that refuses or never answers a watch', async () => {
      await hears('w-503', watches({ type: 'status', code: 503 }, 4));
      await hears('w-429', watches({ type: 'status', code: 429, retryAfterSeconds: 0 }, 2));
      await hears('w-silent', watches({ type: 'timeout' }));
    });

    it('lists anew where the cluster has another life behind it than the one it knows', async () => {
      let lists = 0;
      const source: ObjectSource = {
        pages: (kind, selection) => {
          lists++;
          return cluster.pages(kind, selection);
        },
        watch: (kind, selection, version, signal, watcher) =>
          cluster.watch(kind, selection, lists > 1 ? version : '999999999', signal, watcher),
      };
      let heard!: () => void;
      const told = new Promise<void>((fulfil) => (heard = fulfil));
      const informer = new Informer(
        source,
        'Service',
        {},
        {
          onChange: ({ metadata }) => metadata.name === 'w-new' && heard(),
          backOff: { first: 10, longest: 20 },
        },
      ).start();
      await informer.synced;
      await cluster.apply(service('w-new'));
      await told;
      expect(lists).toBe(2);
      await informer.stop();
    });
  });
});
