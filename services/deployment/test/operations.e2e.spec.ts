import { Logger } from '@nestjs/common';
import type { Topology } from '@souk/topology';
import { OwnedFieldsOnce, slim, watched } from '../src/application/clusters/cluster-view';
import { Inspections } from '../src/application/operations/inspections';
import { instanceOf, managedSelector, namespaceOf } from '../src/domain/cluster-object';
import { ids, mysql, schema, shop, tomcat } from './sample';
import { type Answer, World } from './world';

const next = 'ver_01J00000000000000000000002';
const broken = 'ver_01J00000000000000000000003';
const slow = 'ver_01J00000000000000000000005';
const upgraded: Topology = {
  ...shop,
  nodes: [{ ...tomcat, image: 'registry.example/shop/tomcat:1.1.0' }, mysql, schema],
};

describe('An instance in operation', () => {
  jest.setTimeout(120_000);
  let world: World;
  let instanceId: string;

  beforeAll(async () => {
    world = await World.open(
      {
        images: {
          'failing/*': { behaviour: 'job-fails' },
          'stuck/*': { behaviour: 'never-ready' },
          'slow/*': { behaviour: 'never-ready' },
        },
        backoffMs: 100,
      },
      { unhealthyAfterMs: 200, driftMs: 200, orphanGraceMs: 100, nodeTimeoutMs: 60_000 },
    );
    world.neighbours.app.add(ids.versionId, '1.0.0', shop);
    world.neighbours.app.add(next, '1.1.0', upgraded);
    world.neighbours.app.add(slow, '1.1.1', { ...shop, nodes: [{ ...tomcat, image: 'slow/tomcat:1' }, mysql, schema] });
    world.neighbours.app.add(broken, '0.1.0', { ...shop, nodes: [tomcat, mysql, { ...schema, image: 'failing/schema:1' }] });
    instanceId = await world.purchase('my shop');
    await world.reaches(instanceId, 'running');
  });
  afterAll(() => world.close());

  const ask = (verb: string, body: object = {}, role: 'buyer' | 'operator' = 'buyer'): Promise<Answer> =>
    world.request(role, 'POST', `/v1/instances/${instanceId}/${verb}`, body);
  const done = async (verb: string, body: object = {}): Promise<Answer['body']> => {
    const { status, body: accepted } = await ask(verb, body);
    expect([status, accepted.code]).toEqual([202, undefined]);
    const record = await world.record(accepted.operationId as string, ({ endedAt }) => endedAt !== undefined);
    await atRest();
    return record;
  };
  /** Fulfilled when the instance knows that nothing is done to it any more. */
  const atRest = () => world.until(instanceId, ({ operation }) => operation === undefined);
  const replicas = async () => {
    const deployments = await world.objects(instanceId, 'Deployment');
    const of = (name: string) => (deployments.get(`Deployment/${name}`)?.['spec'] as { replicas: number }).replicas;
    return { tomcat: of('tomcat'), mysql: of('mysql') };
  };
  /** Records of corrections, newest first, that have ended. */
  const corrections = async (of = instanceId): Promise<Answer['body'][]> => {
    const { body } = await world.request('buyer', 'GET', `/v1/instances/${of}/operations`);
    return (body.items as Answer['body'][]).filter(({ kind, endedAt }) => kind === 'correct' && endedAt !== undefined);
  };
  const scaleByHand = (count: number, manager = 'kubectl-edit') =>
    world.byHand(`/apis/apps/v1/namespaces/${namespaceOf(instanceId)}/deployments/tomcat?fieldManager=${manager}`, {
      spec: { replicas: count },
    });

  /** What whoever looks at all clusters finds of it. */
  const remark = async () => {
    const lists = await Promise.all(watched.map((kind) => world.cluster.list(kind, { labelSelector: managedSelector })));
    const owned = new OwnedFieldsOnce();
    const objects = lists.flatMap(({ items }) => items.map((item) => slim(item, owned)));
    return world.part(Inspections).remarkOn(
      instanceId,
      objects.filter((object) => instanceOf(object) === instanceId),
    );
  };

  it('stops those nodes first that depend on others, stays so over an upgrade, and starts in deploy order', async () => {
    const stop = await done('stop', { reason: 'night' });
    expect(stop).toMatchObject({ kind: 'stop', status: 'succeeded', reason: 'night' });
    expect((await world.reaches(instanceId, 'stopped')).stopped).toBe(true);
    expect(await replicas()).toEqual({ tomcat: 0, mysql: 0 });
    const ready = (record: Answer['body']) =>
      (record.steps as { type: string; node: string }[]).filter(({ type }) => type === 'NodeBecameReady').map(({ node }) => node);
    expect(ready(stop)).toEqual(['tomcat', 'mysql']);
    expect((await ask('stop')).body.code).toBe('already-stopped');

    await done('upgrade', { versionId: next });
    expect(await world.reaches(instanceId, 'stopped')).toMatchObject({ versionNumber: '1.1.0' });
    expect(await replicas()).toEqual({ tomcat: 0, mysql: 0 });

    const start = await done('start');
    expect(ready(start)).toEqual(['mysql', 'tomcat']);
    await world.reaches(instanceId, 'running');
    expect(await replicas()).toEqual({ tomcat: 2, mysql: 1 });
  });

  it('is scaled within limits, and stays so', async () => {
    await done('scale', { nodes: { tomcat: 3 } });
    await done('restart');
    expect(await replicas()).toEqual({ tomcat: 3, mysql: 1 });
    expect((await world.reaches(instanceId, 'running')).scale).toEqual({ tomcat: 3 });
    for (const [nodes, code] of [
      [{ tomcat: 0 }, 'replicas-out-of-range'],
      [{ tomcat: 101 }, 'replicas-out-of-range'],
      [{ tomcat: '3' }, 'replicas-out-of-range'],
      [{ mysql: 2 }, 'node-keeps-state'],
      [{ schema: 1 }, 'unknown-node'],
      [{ constructor: 1 }, 'unknown-node'],
    ] as const)
      expect((await ask('scale', { nodes })).body.code).toBe(code);
  });

  it('is put right when somebody changes or takes away what was applied, at once or with the next look', async () => {
    await scaleByHand(1);
    const changed = await untilSome(corrections);
    expect(changed[0].differences).toEqual([
      { kind: 'Deployment', name: 'tomcat', what: 'spec.replicas was changed by somebody else' },
    ]);
    expect(await replicas()).toMatchObject({ tomcat: 3 });

    await world.cluster.delete({ kind: 'Service', namespace: namespaceOf(instanceId), name: 'tomcat' });
    const [gone] = await untilSome(corrections, 2);
    expect(gone).toMatchObject({ status: 'succeeded', differences: [{ kind: 'Service', name: 'tomcat', what: 'is gone' }] });
    expect((await world.objects(instanceId, 'Service')).has('Service/tomcat')).toBe(true);
    // Nothing but that was touched.
    expect(gone.steps).toContainEqual(expect.objectContaining({ type: 'NodeBecameReady', node: 'mysql', detail: 'unchanged' }));
  });

  it('tells its owner instead, where that was chosen, or where it was put right too often', async () => {
    const policy = (to: string) => world.request('buyer', 'PUT', `/v1/instances/${instanceId}/drift-policy`, { policy: to });
    expect((await policy('report')).status).toBe(200);
    await scaleByHand(2);
    const { drift } = await world.until(instanceId, ({ drift }) => drift !== undefined);
    expect(drift).toEqual([{ kind: 'Deployment', name: 'tomcat', what: 'spec.replicas was changed by somebody else' }]);
    expect(await remark()).toBe('told');

    await policy('correct');
    await world.until(instanceId, ({ drift, status }) => drift === undefined && status === 'running');
    expect(await replicas()).toMatchObject({ tomcat: 3 });
    expect(await corrections()).toHaveLength(3);

    await scaleByHand(1);
    await world.until(instanceId, ({ drift }) => drift !== undefined);
    expect(await corrections()).toHaveLength(3);
    // Who looks from time to time has nothing to tell: else nobody would ever leave the cluster.
    expect(await remark()).toBe('told');
    // Every operation puts right what it meets.
    await done('restart');
    await world.until(instanceId, ({ drift, status }) => drift === undefined && status === 'running');
  });

  it('is unwell once a node has not been ready for a while, and well again after a while', async () => {
    await world.images('registry.example/shop/tomcat:1.1.0', 'crash-loop');
    const unwell = await world.until(instanceId, ({ health }) => health?.state === 'degraded');
    expect(unwell).toMatchObject({ status: 'running', health: { nodes: [{ node: 'tomcat', code: 'crash-loop' }] } });
    expect(unwell.health.nodes[0].reason).toContain('it crashes again and again');
    const told = await world.request('operator', 'GET', `/v1/instances/${instanceId}`);
    expect(told.body.health).toMatchObject({ state: 'degraded', nodes: [{ node: 'tomcat', code: 'crash-loop' }] });
    expect(JSON.stringify(told.body.health)).not.toContain('crashes');
    await world.images('registry.example/shop/tomcat:1.1.0', 'normal');
    await world.until(instanceId, ({ health }) => health?.state === 'healthy');
  });

  it('is left alone while an operator has suspended it', async () => {
    expect((await ask('suspend-reconciliation', { reason: 'the host is moved' }, 'operator')).status).toBe(200);
    expect((await ask('restart')).body.code).toBe('instance-suspended');
    expect((await ask('suspend-reconciliation', { reason: 'mine' })).status).toBe(403);
    await ask('resume-reconciliation', { reason: 'it has moved' }, 'operator');

    const { body } = await ask('upgrade', { versionId: slow });
    const operationId = body.operationId as string;
    await world.stepTaken(operationId, 'NodeApplied tomcat');
    expect((await ask('suspend-reconciliation', { reason: 'wait' }, 'operator')).status).toBe(200);
    await world.stepTaken(operationId, 'OperationStalled');
    const stalled = await world.record(operationId, () => true);
    expect(stalled.steps.at(-1)).toMatchObject({ type: 'OperationStalled', detail: expect.stringContaining('wait') as unknown });
    await world.images('slow/*', 'normal');
    const resume = () => world.request('operator', 'POST', `/v1/operations/${operationId}/resume`, { reason: 'go on' });
    expect((await resume()).status).toBe(202);
    await world.ends({ instanceId, operationId });
    const steps = await world.steps(operationId);
    expect(steps.slice(steps.indexOf('OperationStalled')).slice(0, 2)).toEqual(['OperationStalled', 'OperationContinued']);
    await atRest();
    expect((await resume()).body).toMatchObject({ status: 409, code: 'operation-ended' });
  });

  it('goes on where an operator takes a node for ready, with who and why on the record', async () => {
    world.neighbours.app.add('ver_01J00000000000000000000004', '1.2.0', {
      ...upgraded,
      nodes: [{ ...tomcat, image: 'stuck/tomcat:1' }, mysql, schema],
    });
    const { body } = await ask('upgrade', { versionId: 'ver_01J00000000000000000000004' });
    await world.stepTaken(body.operationId as string, 'NodeApplied tomcat');
    const path = `/v1/operations/${body.operationId}/nodes`;
    const override = (node: string, role: 'buyer' | 'operator' = 'operator', reason = 'its check is wrong') =>
      world.request(role, 'POST', `${path}/${node}/override`, { reason });
    expect((await override('tomcat', 'buyer')).status).toBe(403);
    expect((await override('tomcat', 'operator', '')).status).toBe(422);
    expect((await override('web')).body.code).toBe('node-not-of-operation');
    expect((await override('tomcat')).status).toBe(202);
    const record = await world.record(body.operationId as string, ({ endedAt }) => endedAt !== undefined);
    expect(record.status).toBe('succeeded');
    await atRest();
    const step = (record.steps as { type: string }[]).find(({ type }) => type === 'NodeOverridden');
    expect(step).toMatchObject({ node: 'tomcat', detail: expect.stringMatching(/^its check is wrong \(user /) as unknown });
    expect((await override('mysql')).body.code).toBe('operation-ended');
  });

  it('is tried again, its failed init node too, when somebody says why', async () => {
    const other = await world.purchase('other shop', { versionId: broken });
    const failed = await world.reaches(other, 'degraded');
    expect(failed.health).toBeUndefined();
    await world.until(other, ({ health }) => health?.state === 'degraded');
    await world.images('failing/*', 'normal');
    const retry = () =>
      world.request('operator', 'POST', `/v1/operations/${failed.operationId}/retry`, { reason: 'the server is back' });
    const { status, body } = await retry();
    expect(status).toBe(202);
    await world.reaches(other, 'running');
    expect(await world.steps(body.operationId as string)).toContain('InitNodeCompleted schema');
    expect((await retry()).body.code).toBe('nothing-to-retry');
  });

  it('is gone for good, by an inventory that is on the record; what comes back later is removed', async () => {
    const leaving = await world.purchase('leaving');
    await world.reaches(leaving, 'running');
    const { body } = await world.request('buyer', 'DELETE', `/v1/instances/${leaving}`);
    await world.reaches(leaving, 'deleted');
    const record = await world.record(body.operationId as string, ({ endedAt }) => endedAt !== undefined);
    expect(
      (record.steps as { type: string; detail?: string }[]).find(({ type }) => type === 'InventoryFoundEmpty'),
    ).toMatchObject({
      type: 'InventoryFoundEmpty',
      detail: expect.stringContaining('Namespace, ') as unknown,
    });

    const warnings: unknown[] = [];
    const warn = (fields: object, message: string): void => void warnings.push({ ...fields, message });
    Logger.overrideLogger({ log: () => undefined, error: () => undefined, warn });
    const labels = (of: string) => ({ 'app.kubernetes.io/managed-by': 'souk', 'souk.dev/instance': of });
    const namespace = (name: string, of: string) =>
      world.cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: labels(of) } });
    await namespace('souk-of-another', 'inst_01J0000000000000000000ZZZZ');
    await namespace(namespaceOf(leaving), leaving);
    const names = async () => (await world.cluster.list('Namespace')).items.map(({ metadata }) => metadata.name);
    await untilTrue(async () => !(await names()).includes(namespaceOf(leaving)));
    expect(await names()).toContain('souk-of-another');

    // That is told once, and when there are more of them: each is seen twice before.
    const message = 'a cluster has objects of instances that are not known here';
    const told = [1, 2].map((instances) => ({ clusterId: world.clusterId, instances, message }));
    await untilTrue(async () => warnings.length > 0);
    await namespace('souk-of-a-third', 'inst_01J0000000000000000000ZZZY');
    await untilTrue(async () => warnings.length > 1);
    expect(warnings).toEqual(told);
  });
});

async function untilSome<T>(ask: () => Promise<T[]>, count = 1): Promise<T[]> {
  let answer: T[] = [];
  await untilTrue(async () => (answer = await ask()).length >= count);
  return answer;
}

async function untilTrue(holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 30_000; !(await holds()); await new Promise((fulfil) => setTimeout(fulfil, 10)))
    if (Date.now() > end) throw new Error('waited in vain');
}
