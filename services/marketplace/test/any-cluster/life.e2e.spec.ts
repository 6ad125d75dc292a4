import type { Topology } from '@souk/topology';
import { AnyCluster } from './any-cluster';
import { agnhost, cache, prepare, topologyOf, web } from './sample';
import type { TestApp } from './test-app';
import { nodesWith, type TestInstance } from './test-instance';
import { ok, PATIENCE, where } from './where';

const topology = (tag: string): Topology => ({
  ...topologyOf(
    [
      cache,
      prepare,
      {
        ...web,
        image: agnhost(tag),
        serviceType: 'NodePort',
        replicas: 2,
        env: { CACHE: '${node.cache.host}:${node.cache.port}', GREETING: '${param.greeting}', TOKEN: '${secret.token}' },
      },
    ],
    ['prepare', 'cache'],
    ['web', 'cache'],
    ['web', 'prepare'],
  ),
  parameters: { greeting: { type: 'string', default: 'hello' } },
  secrets: { token: { source: 'generated' } },
});

describe(`${where}, an instance`, () => {
  jest.setTimeout(4 * PATIENCE);
  let any: AnyCluster;
  let app: TestApp;
  let instance: TestInstance;
  let clusterId: string;

  beforeAll(async () => {
    any = await AnyCluster.open();
    clusterId = await any.register();
    app = await any.newApp('Shop');
    await app.release('1.0.0', topology('2.53'));
  });
  afterAll(() => any.close());

  const planned = async (body: object) => ok(await any.buyer.post('/v1/plans', body));
  const generationOf = async (node: string) => (await instance.object('Deployment', node)).metadata.generation;
  const podsOf = async (node: string) => {
    const { items } = await any.cluster.list('Pod', {
      namespace: instance.namespace,
      labelSelector: `souk.dev/node=${node}`,
    });
    return items
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map(({ metadata }) => metadata.name)
      .sort();
  };

  it('is planned before anybody pays: its order, its room, everything that would be made', async () => {
    const plan = await planned({ versionId: app.version('1.0.0'), configuration: 'standard', clusterId });
    expect(plan).toMatchObject({ kind: 'deploy', fits: true, waves: [['cache'], ['prepare'], ['web']], problems: [] });
    expect(plan.ports.opened).toEqual([{ node: 'web', port: 80, protocol: 'TCP', exposure: 'NodePort' }]);
    expect(plan.difference).toContainEqual({ change: 'created', kind: 'Deployment', name: 'web', node: 'web' });
  });

  it('comes up by a purchase, what the arrows point at first, with a port on every host', async () => {
    instance = await any.purchase(app, '1.0.0', clusterId, { parameters: { greeting: 'good day' } });
    const record = await instance.newest('deploy');
    expect(record.status).toBe('succeeded');
    expect(nodesWith(record, /NodeBecameReady|InitNodeCompleted/)).toEqual(['cache', 'prepare', 'web']);
    const { nodes } = await instance.reaches('running');
    const { nodePort } = (nodes as Node[]).find(({ serviceName }) => serviceName === 'web')!.addresses[0]!;
    expect(nodePort).toBeGreaterThanOrEqual(30_000);
    const service = (await instance.object('Service', 'web')) as unknown as { spec: { ports: { nodePort: number }[] } };
    expect(service.spec.ports[0]!.nodePort).toBe(nodePort);
  });

  it('has a plan for its upgrade that tells objects apart, field by field, and is refused once the instance has moved on', async () => {
    await app.release('1.1.0', topology('2.52'));
    const plan = await planned({ versionId: app.version('1.1.0'), instanceId: instance.id });
    const changed = (plan.difference as { change: string; kind: string; name: string; fields?: object[] }[]).filter(
      ({ change }) => change !== 'untouched',
    );
    expect(changed).toMatchObject([
      { change: 'changed', kind: 'Deployment', name: 'web', fields: [{ before: agnhost('2.53'), after: agnhost('2.52') }] },
    ]);
    const secret = (plan.manifests as Manifest[]).find(
      ({ kind, metadata }) => kind === 'Secret' && metadata.name === 'souk-env-web',
    );
    expect(secret?.data).toEqual({ TOKEN: '••••' });
    await instance.operate('scale', { nodes: { web: 1 } });
    const stale = await instance.ask('upgrade', { versionId: app.version('1.1.0'), plan: plan.revisions });
    expect(stale).toMatchObject({ status: 412, body: { code: 'plan-stale' } });
  });

  it('is upgraded by touching what has changed, and nothing else', async () => {
    const [before, pods] = [await generationOf('cache'), await podsOf('cache')];
    const { revisions } = await planned({ versionId: app.version('1.1.0'), instanceId: instance.id });
    const record = await instance.operate('upgrade', { versionId: app.version('1.1.0'), plan: revisions });
    expect(record.status).toBe('succeeded');
    expect(nodesWith(record, /NodeApplied/)).toEqual(['web']);
    expect(nodesWith(record, /InitNodeCompleted/)).toEqual([]);
    expect([await generationOf('cache'), await podsOf('cache')]).toEqual([before, pods]);
  });

  it('goes back by hand to the version that it had', async () => {
    const record = await instance.operate('rollback', { versionId: app.version('1.0.0'), reason: 'slower than before' });
    expect(record).toMatchObject({ kind: 'rollback', status: 'succeeded' });
    expect(await instance.atRest()).toMatchObject({ status: 'running', versionNumber: '1.0.0' });
    const { spec } = (await instance.object('Deployment', 'web')) as unknown as Workload;
    expect(spec.template.spec.containers[0]!.image).toContain(':2.53');
  });

  it('is restarted, every pod of it, its init node not', async () => {
    const before = [await podsOf('cache'), await podsOf('web'), (await instance.object('Job', 'prepare')).metadata.uid];
    const record = await instance.operate('restart');
    expect(nodesWith(record, /NodeApplied/)).toEqual(['cache', 'web']);
    const after = [await podsOf('cache'), await podsOf('web'), (await instance.object('Job', 'prepare')).metadata.uid];
    expect(after[2]).toBe(before[2]);
    expect([after[0], after[1]].flat().filter((pod) => before.flat().includes(pod))).toEqual([]);
  });

  it('is scaled, stopped against the arrows and started along them, as many as before', async () => {
    expect(await instance.operate('scale', { nodes: { web: 3 } })).toMatchObject({ status: 'succeeded' });
    expect(await instance.replicas('web')).toBe(3);
    const stop = await instance.operate('stop');
    expect(nodesWith(stop, /NodeBecameReady/)).toEqual(['web', 'cache']);
    await instance.reaches('stopped');
    expect([await instance.replicas('web'), await instance.replicas('cache')]).toEqual([0, 0]);
    const start = await instance.operate('start');
    expect(nodesWith(start, /NodeBecameReady/)).toEqual(['cache', 'web']);
    expect([await instance.replicas('web'), await instance.replicas('cache')]).toEqual([3, 1]);
  });

  it('shows its owner what its pods print, as it comes', async () => {
    const path = `/v1/instances/${instance.id}/nodes/web/pod-logs`;
    const { status, body } = await any.buyer.get(`${path}?tailLines=5`);
    expect([status, body]).toEqual([200, expect.stringMatching(/\S/)]);
    const stop = new AbortController();
    const headers = { authorization: `Bearer ${any.buyer.token}` };
    const live = await fetch(`${any.marketplace.url}${path}?follow=true`, { headers, signal: stop.signal });
    const { value } = await live.body!.getReader().read();
    expect(new TextDecoder().decode(value)).toMatch(/\S/);
    stop.abort();
    expect(await any.provider.get(path)).toMatchObject({ status: 404 });
  });

  it('leaves nothing behind when it is refunded, and says so', async () => {
    ok(await any.refund(instance));
    await instance.until(({ status }) => status === 'deleted');
    const record = await instance.newest('delete');
    const proof = record.steps.find(({ type }) => type === 'InventoryFoundEmpty');
    expect(proof?.detail).toContain('Namespace, ');
    expect(await any.namespacesOf(instance)).toEqual([]);
  });
});

interface Node {
  readonly serviceName: string;
  readonly addresses: readonly { readonly nodePort?: number }[];
}

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: object;
}

interface Workload {
  readonly spec: { readonly template: { readonly spec: { readonly containers: readonly { readonly image: string }[] } } };
}
