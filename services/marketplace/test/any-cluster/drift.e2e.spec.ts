import { randomBytes } from 'node:crypto';
import type { KubernetesObject } from '@souk/kubernetes';
import { AnyCluster } from './any-cluster';
import { topologyOf, web } from './sample';
import type { TestApp } from './test-app';
import type { TestInstance } from './test-instance';
import { ok, PATIENCE, where } from './where';

const replicas = (count: number) => ({ spec: { replicas: count } });
const drifted = { kind: 'Deployment', name: 'web', what: 'spec.replicas was changed by somebody else' };

describe(`${where}, what somebody changes by hand`, () => {
  jest.setTimeout(4 * PATIENCE);
  let any: AnyCluster;
  let app: TestApp;
  let clusterId: string;
  let instance: TestInstance;

  beforeAll(async () => {
    any = await AnyCluster.open();
    clusterId = await any.register();
    app = await any.newApp('Steady');
    const token = { ...web, replicas: 2, env: { TOKEN: '${secret.token}' } };
    await app.release('1.0.0', { ...topologyOf([token]), secrets: { token: { source: 'generated' } } });
    instance = await running();
  });
  afterAll(() => any.close());

  const running = async (): Promise<TestInstance> => {
    const bought = await any.purchase(app, '1.0.0', clusterId);
    await bought.reaches('running');
    return bought;
  };
  /** `kubectl scale`, where one may: it is a part of an object with rights of its own. */
  const scaled = async (count: number) => {
    const name = { kind: 'Deployment', namespace: instance.namespace, name: 'web' };
    await any.hand.edit(any.role ? { ...name, subresource: 'scale' } : name, replicas(count), 'kubectl');
  };
  const policy = (to: string) => any.buyer.put(`/v1/instances/${instance.id}/drift-policy`, { policy: to });
  const suspension = async (verb: 'suspend' | 'resume') =>
    ok(await any.marketplace.operator.post(`/v1/instances/${instance.id}/${verb}-reconciliation`, { reason: 'a test' }));

  it('is put right, and what was added beside it stays', async () => {
    await instance.edit('Deployment', 'web', { metadata: { labels: { 'example.org/shift': 'night' } } });
    await instance.edit('Deployment', 'web', replicas(1));
    const record = await instance.newest('correct');
    expect(record).toMatchObject({ status: 'succeeded', differences: [drifted] });
    expect(await instance.replicas('web')).toBe(2);
    expect((await instance.object('Deployment', 'web')).metadata.labels).toMatchObject({ 'example.org/shift': 'night' });
  });

  it('comes back when it is taken away: what runs, what is reached, what is secret', async () => {
    const other = await running();
    const uids = async () => {
      const objects = [];
      for (const [kind, name] of things) objects.push(await other.object(kind, name).catch(() => undefined));
      return objects.map((object) => object?.metadata.uid);
    };
    const before = await uids();
    for (const [kind, name] of things) await other.takeAway(kind, name);
    await other.newest('correct');
    const areNew = async () => (await uids()).every((uid, n) => uid !== undefined && uid !== before[n]);
    await untilTrue(areNew);
    await other.until(({ status, drift }) => status === 'running' && drift === undefined);
  });

  it('is told instead, where its owner has chosen that', async () => {
    ok(await policy('report'));
    await scaled(3);
    expect((await instance.until(({ drift }) => drift !== undefined)).drift).toEqual([drifted]);
    expect(await instance.replicas('web')).toBe(3);
    ok(await policy('correct'));
    await instance.until(({ drift, status }) => drift === undefined && status === 'running');
    expect(await instance.replicas('web')).toBe(2);
  });

  it('is left as it is while an operator has suspended the instance, and put right once it is resumed', async () => {
    await suspension('suspend');
    expect(await instance.ask('restart')).toMatchObject({ status: 409, body: { code: 'instance-suspended' } });
    await instance.edit('Deployment', 'web', replicas(1));
    await instance.until(({ drift }) => drift !== undefined);
    expect(await instance.replicas('web')).toBe(1);
    await suspension('resume');
    await instance.until(({ drift, status }) => drift === undefined && status === 'running');
    expect(await instance.replicas('web')).toBe(2);
  });

  it('does not bring back an instance that is gone: its namespace is removed again, those of others are not', async () => {
    ok(await any.buyer.delete(`/v1/instances/${instance.id}?reason=moved`));
    await instance.until(({ status }) => status === 'deleted');
    expect(await any.namespacesOf(instance)).toEqual([]);
    const foreign = `souk-e2e-${randomBytes(4).toString('hex')}`;
    try {
      await any.hand.apply(namespace(foreign, 'inst_01J0000000000000000000ZZZZ'));
      await any.hand.apply(namespace(instance.namespace, instance.id));
      await untilTrue(async () => (await any.namespacesOf(instance)).length === 0);
      expect((await any.hand.get({ kind: 'Namespace', name: foreign })).metadata).not.toHaveProperty('deletionTimestamp');
    } finally {
      await any.hand.delete({ kind: 'Namespace', name: foreign });
    }
  });
});

const things = [
  ['Service', 'web'],
  ['Secret', 'souk-env-web'],
  ['Deployment', 'web'],
] as const;

const namespace = (name: string, of: string): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: { 'app.kubernetes.io/managed-by': 'souk', 'souk.dev/instance': of } },
});

async function untilTrue(holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + PATIENCE; !(await holds()); await new Promise((fulfil) => setTimeout(fulfil, 50)))
    if (Date.now() > end) throw new Error('waited in vain');
}
