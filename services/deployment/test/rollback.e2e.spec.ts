import type { KubernetesObject } from '@souk/kubernetes';
import type { Topology, TopologyNode } from '@souk/topology';
import { mysql, schema, shop, tomcat } from './sample';
import { type Answer, World } from './world';

const kinds = ['ServiceAccount', 'Secret', 'NetworkPolicy', 'ResourceQuota', 'Service', 'Deployment', 'Job'];
const versionId = (n: number) => `ver_01J0000000000000000000${String(n).padStart(4, '0')}`;
const image = (serviceName: string, to: string, topology: Topology = shop): Topology => ({
  ...topology,
  nodes: topology.nodes.map((node) => (node.serviceName === serviceName ? { ...node, image: to } : node)),
});
const permissions = (...apis: string[]) => ({ apis, dataModels: [] });

/** Everything about an object but what every write changes, and what the cluster reports of it. */
function lasting({ metadata, status: _, ...rest }: KubernetesObject): object {
  const {
    resourceVersion: __,
    generation: ___,
    managedFields: ____,
    annotations,
    ...kept
  } = metadata as unknown as Record<string, unknown>;
  const {
    'souk.dev/operation': _____,
    'deployment.kubernetes.io/revision': ______,
    ...marks
  } = (annotations ?? {}) as Record<string, string>;
  return { ...rest, metadata: { ...kept, annotations: marks } };
}

describe('An upgrade that fails', () => {
  jest.setTimeout(60_000);
  let world: World;
  let instanceId: string;
  let versions = 1;

  beforeAll(async () => {
    world = await World.open(
      {
        images: {
          'gone/*': { behaviour: 'pull-error' },
          'stuck/*': { behaviour: 'never-ready' },
          'crashing/*': { behaviour: 'crash-loop' },
          'failing/*': { behaviour: 'job-fails' },
        },
        hosts: [{ name: 'edge-1', cpu: '8', memory: '8Gi' }],
        backoffMs: 200,
      },
      { nodeTimeoutMs: 4_000, patienceMs: { 'image-not-pulled': 1_000, 'crash-loop': 1_000 } },
    );
    world.neighbours.app.add(versionId(1), '1.0.0', shop, permissions('instance.read'));
    instanceId = await world.purchase('my shop', { versionId: versionId(1) });
    await world.reaches(instanceId, 'running');
  });
  afterAll(() => world.close());

  const release = (topology: Topology, number = `1.${++versions}.0`): string => {
    world.neighbours.app.add(versionId(versions), number, topology, permissions('instance-nodes.read'));
    return versionId(versions);
  };
  const change = (verb: 'upgrade' | 'rollback', to: string, of = instanceId): Promise<Answer> =>
    world.request('buyer', 'POST', `/v1/instances/${of}/${verb}`, { versionId: to, acceptPermissions: true, reason: 'curious' });
  const upgrade = async (to: string): Promise<string> => (await change('upgrade', to)).body.operationId as string;
  const everything = async (of = instanceId) => {
    const namespace = (await world.cluster.list('Namespace', { labelSelector: `souk.dev/instance=${of}` })).items[0]!;
    const objects = new Map([['Namespace', namespace], ...(await world.objects(of, ...kinds))]);
    return {
      objects: new Map([...objects].map(([key, object]) => [key, lasting(object)])),
      written: (key: string) => objects.get(key)!.metadata.resourceVersion,
      grants: world.neighbours.credentials.views.get(of)!.grants,
      parameters: (await world.request('buyer', 'GET', `/v1/instances/${of}/as-of`)).body.state.parameters as unknown,
    };
  };
  const isEqual = (after: Awaited<ReturnType<typeof everything>>, before: Awaited<ReturnType<typeof everything>>) => {
    expect(after.objects).toEqual(before.objects);
    expect([after.grants, after.parameters]).toEqual([before.grants, before.parameters]);
  };
  const hungry: TopologyNode = { ...tomcat, memory: { request: '64Gi', limit: '64Gi' } };

  it.each([
    [
      'image-not-pulled',
      image('tomcat', 'gone/tomcat:1'),
      /^node "tomcat" did not become ready within 1 seconds: its image "gone\/tomcat:1" can't be pulled/,
    ],
    [
      'never-ready',
      image('tomcat', 'stuck/tomcat:1'),
      /^node "tomcat" .* within 4 seconds: it runs, but its health check does not succeed \(image "stuck\/tomcat:1"\)$/,
    ],
    [
      'crash-loop',
      image('tomcat', 'crashing/tomcat:1'),
      /^node "tomcat" .*: it crashes again and again: it ended with exit code 1.*\(image "crashing\/tomcat:1"\)$/,
    ],
    [
      'does-not-fit',
      { ...shop, nodes: [hungry, mysql, schema] },
      /^node "tomcat" .*: no host has room: it asks for 64Gi memory and the most that is free is .*Gi on host "edge-1"/,
    ],
  ] as const)('because of %s leaves everything as it was, and says why', async (code, topology, words) => {
    const before = await everything();
    const operationId = await upgrade(release(topology));
    const record = await world.record(operationId, ({ endedAt }) => endedAt !== undefined);
    const instance = await world.atRest(instanceId);

    isEqual(await everything(), before);
    expect((await everything()).written('Deployment/mysql')).toBe(before.written('Deployment/mysql'));
    expect(world.neighbours.credentials.log.slice(-2)).toEqual([
      'granted instance-nodes.read+instance.read',
      'granted instance.read',
    ]);
    expect(record).toMatchObject({ kind: 'upgrade', status: 'rolled-back', reason: 'curious', code, failedNode: 'tomcat' });
    expect(record.failure).toMatch(words);
    expect(record.backTo).toMatchObject({ versionNumber: '1.0.0' });
    expect(instance).toMatchObject({
      status: 'running',
      versionNumber: '1.0.0',
      versionId: versionId(1),
      lastFailure: { operationId, outcome: 'rolled-back', code, node: 'tomcat', versionNumber: `1.${versions}.0` },
    });
    expect(instance.lastFailure.reason).toMatch(words);
    const steps = await world.steps(operationId);
    expect(steps.filter((step) => !step.startsWith('NodeWaiting'))).toEqual([
      'OperationStarted',
      'CredentialBound',
      'NodeBecameReady mysql',
      'NodeApplied tomcat',
      'RollbackStarted tomcat',
      'NodeApplied tomcat',
      'NodeBecameReady tomcat',
      'NodeBecameReady mysql',
      'OperationRolledBack',
    ]);
  });

  it('tells it live, to its provider without what is free on the cluster', async () => {
    const { items } = (await world.request('buyer', 'GET', `/v1/instances/${instanceId}/operations`)).body;
    const path = `/v1/operations/${items[0].operationId}`;
    const told = async (role: 'buyer' | 'provider') => (await world.request(role, 'GET', `${path}/events`)).body as string;
    expect([...(await told('buyer')).matchAll(/^event: (.*)$/gm)].at(-1)![1]).toBe('OperationRolledBack');
    expect(await told('buyer')).toContain('64Gi memory');
    expect(await told('provider')).toContain('"code":"does-not-fit"');
    expect(await told('provider')).not.toContain('64Gi');
    const seen = (await world.request('provider', 'GET', `/v1/instances/${instanceId}`)).body;
    expect(seen.lastFailure).toMatchObject({ code: 'does-not-fit', node: 'tomcat' });
    expect(JSON.stringify([seen, (await world.request('provider', 'GET', path)).body])).not.toContain('64Gi');
    expect((await world.request('buyer', 'GET', '/metrics')).body).toContain(
      'souk_deployment_operations_total{kind="upgrade",outcome="rolled-back",code="does-not-fit"} 1',
    );
  });

  it('because of a new init node, or because the cluster refuses what is asked, is rolled back as well', async () => {
    const before = await everything();
    const seed: TopologyNode = { ...schema, serviceName: 'seed', image: 'failing/seed:1' };
    const seeded = { ...shop, nodes: [...shop.nodes, seed], arrows: [...shop.arrows, { from: 'seed', to: 'mysql' }] };
    const refused = {
      ...shop,
      nodes: [{ ...tomcat, ports: [{ internal: 8080, external: 80_000, protocol: 'TCP' as const }] }, mysql, schema],
    };
    for (const [topology, code, node] of [
      [seeded, 'init-failed', 'seed'],
      [refused, 'refused', 'tomcat'],
    ] as const) {
      const operationId = await upgrade(release(topology));
      const record = await world.record(operationId, ({ endedAt }) => endedAt !== undefined);
      expect(record).toMatchObject({ status: 'rolled-back', code, failedNode: node });
      await world.atRest(instanceId);
      isEqual(await everything(), before);
    }
  });

  it('is rolled back although every process is stopped on the way', async () => {
    const before = await everything();
    const operationId = await upgrade(
      release(image('tomcat', 'stuck/tomcat:2', image('mysql', 'docker.io/library/mysql:8.4.5'))),
    );
    const restart = async () => {
      await world.stop();
      await world.start({ nodeTimeoutMs: 4_000 });
    };
    await world.stepTaken(operationId, 'NodeApplied tomcat', 20_000);
    await restart();
    await world.stepTaken(operationId, 'RollbackStarted tomcat', 30_000);
    await restart();
    await world.record(operationId, ({ status }) => status === 'rolled-back');
    await restart();
    await world.atRest(instanceId);
    isEqual(await everything(), before);
    const steps = await world.steps(operationId);
    expect(steps.filter((step) => step.startsWith('NodeApplied'))).toEqual([
      'NodeApplied mysql',
      'NodeApplied tomcat',
      'NodeApplied tomcat',
      'NodeApplied mysql',
    ]);
  });

  it('and can not be rolled back leaves a degraded instance, with both reasons; a delete does not wait for either', async () => {
    const [first, second] = ['shop/first:1', 'gone/second:1'];
    world.neighbours.app.add(versionId(100), '1.0.0', image('tomcat', first), permissions('instance.read'));
    world.neighbours.app.add(versionId(101), '1.1.0', image('tomcat', second), permissions());
    for (const name of ['unlucky', 'impatient']) {
      await world.images(first, 'normal');
      await world.images(second, 'pull-error');
      const unlucky = await world.purchase(name, { versionId: versionId(100) });
      await world.reaches(unlucky, 'running');
      const { operationId } = (await change('upgrade', versionId(101), unlucky)).body;
      await world.stepTaken(operationId as string, 'NodeApplied tomcat');
      await world.images(first, 'never-ready');
      const rolling = await world.record(operationId as string, ({ status }) => status === 'rolling-back');
      expect(rolling.backTo).toMatchObject({ versionNumber: '1.0.0' });
      if (name === 'impatient') {
        await world.request('buyer', 'DELETE', `/v1/instances/${unlucky}`);
        await world.reaches(unlucky, 'deleted');
        await world.record(operationId as string, ({ status }) => status === 'pre-empted');
        continue;
      }
      const degraded = await world.until(unlucky, ({ status }) => status === 'degraded', 'buyer', 30_000);
      expect(degraded.lastFailure).toMatchObject({ outcome: 'failed', code: 'never-ready' });
      expect(degraded.reason).toMatch(
        /"gone\/second:1".*; going back to version 1\.0\.0 failed as well: node "tomcat" .*"shop\/first:1"/,
      );
      // There is nothing good to go back to now: the next one fails where it fails.
      const again = (await change('upgrade', versionId(101), unlucky)).body.operationId as string;
      expect(await world.record(again, ({ endedAt }) => endedAt !== undefined)).toMatchObject({
        status: 'failed',
        code: 'image-not-pulled',
      });
      // Mended by a restart it has exactly what its version declares, and nothing of what ran before.
      await world.reaches(unlucky, 'degraded');
      await world.images(second, 'normal');
      await world.request('buyer', 'POST', `/v1/instances/${unlucky}/restart`, {});
      await world.reaches(unlucky, 'running');
      expect(world.neighbours.credentials.views.get(unlucky)!.grants).toEqual(permissions());
      // Its owner can go back as well, now that the old image is good again, and it is on record as what was asked for.
      await world.images(first, 'normal');
      const back = (await change('rollback', versionId(100), unlucky)).body.operationId as string;
      expect(await world.record(back, ({ endedAt }) => endedAt !== undefined)).toMatchObject({
        kind: 'rollback',
        status: 'succeeded',
      });
      const mended = await world.until(unlucky, ({ status, versionNumber }) => status === 'running' && versionNumber === '1.0.0');
      expect(mended).not.toHaveProperty('lastFailure');
    }
  });
});

describe('A rollback that its owner asks for', () => {
  jest.setTimeout(60_000);
  let world: World;
  let instanceId: string;
  const [first, broken, second, draft, trial] = [1, 2, 3, 4, 5].map(versionId) as [string, string, string, string, string];

  beforeAll(async () => {
    world = await World.open({ images: { 'gone/*': { behaviour: 'pull-error' } } }, { patienceMs: { 'image-not-pulled': 500 } });
    const { app } = world.neighbours;
    app.add(first, '1.0.0', shop, permissions('instance.read'));
    app.add(broken, '1.1.0', image('tomcat', 'gone/tomcat:1'), permissions('instance.read'));
    const cache: TopologyNode = { ...mysql, serviceName: 'cache', env: {} };
    const both = image('tomcat', 'shop/tomcat:2', image('mysql', 'docker.io/library/mysql:8.4.5'));
    const cached = { ...both, nodes: [...both.nodes, cache], arrows: [...shop.arrows, { from: 'tomcat', to: 'cache' }] };
    app.add(second, '1.10.0', cached, permissions('instance-nodes.read'));
    app.add(draft, '1.9.0', shop);
    app.makeDraft(draft);
    app.add(trial, '0.1.0', shop);
    app.makeDraft(trial);
    instanceId = await world.purchase('my shop', { versionId: second });
    await world.reaches(instanceId, 'running');
  });
  afterAll(() => world.close());

  const rollBack = (to: string, body: object = {}, role: 'buyer' | 'provider' = 'buyer', of = instanceId) =>
    world.request(role, 'POST', `/v1/instances/${of}/rollback`, { versionId: to, ...body });

  it('leads to an earlier released version only, with consent', async () => {
    expect((await rollBack(second)).body).toMatchObject({ status: 409, code: 'already-at-version' });
    expect((await rollBack(draft)).body).toMatchObject({ status: 404, code: 'version-not-found' });
    expect((await rollBack('ver_01J00000000000000000000099')).body).toMatchObject({ status: 404, code: 'version-not-found' });
    expect((await rollBack(first)).body).toMatchObject({ status: 409, code: 'consent-required' });
    expect((await rollBack(first, {}, 'provider')).status).toBe(404);
    const { instanceId: tried } = (
      await world.request('provider', 'POST', '/v1/instances', {
        name: 'trial',
        versionId: trial,
        configuration: 'standard',
        clusterId: world.clusterId,
        parameters: { adminEmail: 'a@b.c' },
      })
    ).body;
    await world.until(tried as string, ({ status }) => status === 'running', 'provider');
    expect((await rollBack(first, {}, 'provider', tried as string)).body).toMatchObject({
      status: 409,
      code: 'trial-not-upgradable',
    });
  });

  it('that fails leads back to where it was', async () => {
    const { body } = await rollBack(broken, { acceptPermissions: true });
    expect(await world.record(body.operationId as string, ({ endedAt }) => endedAt !== undefined)).toMatchObject({
      kind: 'rollback',
      status: 'rolled-back',
      code: 'image-not-pulled',
      backTo: { versionNumber: '1.10.0' },
    });
    const instance = await world.atRest(instanceId);
    expect(instance).toMatchObject({ status: 'running', versionNumber: '1.10.0' });
    expect(instance.nodes.map(({ serviceName, state }: Answer['body']) => `${serviceName} ${state}`).sort()).toEqual([
      'cache ready',
      'mysql ready',
      'schema completed',
      'tomcat ready',
    ]);
    expect(world.neighbours.credentials.views.get(instanceId)!.grants.apis).toEqual(['instance-nodes.read']);
  });

  it('changes nodes in reverse order, runs no init node again, and is on record', async () => {
    const job = (await world.objects(instanceId, 'Job')).get('Job/schema')!.metadata.uid;
    const { status, body } = await rollBack(first, { acceptPermissions: true, reason: 'the old one was nicer' });
    expect(status).toBe(202);
    await world.ends(body);
    const steps = await world.steps(body.operationId as string);
    const deleted = steps.indexOf('NodeDeleted cache');
    expect(steps.toSpliced(deleted, 1)).toEqual([
      'OperationStarted',
      'CredentialBound',
      'NodeApplied tomcat',
      'NodeBecameReady tomcat',
      'NodeApplied mysql',
      'NodeBecameReady mysql',
      'OperationSucceeded',
    ]);
    // The cache is in one wave with mysql: which of the two is done first is up to the cluster.
    expect(deleted).toBeGreaterThan(steps.indexOf('NodeBecameReady tomcat'));
    expect(deleted).toBeLessThan(steps.indexOf('OperationSucceeded'));
    expect((await world.request('buyer', 'GET', `/v1/instances/${instanceId}`)).body).toMatchObject({
      status: 'running',
      versionNumber: '1.0.0',
    });
    expect((await world.objects(instanceId, 'Job')).get('Job/schema')!.metadata.uid).toBe(job);
    expect([...(await world.objects(instanceId, 'Deployment')).keys()].sort()).toEqual(['Deployment/mysql', 'Deployment/tomcat']);
    expect(world.neighbours.credentials.views.get(instanceId)!.grants.apis).toEqual(['instance.read']);
    const { items } = (await world.request('buyer', 'GET', `/v1/instances/${instanceId}/operations`)).body;
    expect(items[0]).toMatchObject({
      kind: 'rollback',
      status: 'succeeded',
      reason: 'the old one was nicer',
      requestedBy: { role: 'buyer' },
    });
  });

  it('leads to no later version', async () =>
    expect((await rollBack(second, { acceptPermissions: true })).body).toMatchObject({
      status: 409,
      code: 'not-an-earlier-version',
    }));
});

describe('An upgrade on a cluster that has fallen silent', () => {
  jest.setTimeout(60_000);
  let world: World;
  beforeAll(async () => {
    world = await World.open({}, { nodeTimeoutMs: 3_000 });
    world.neighbours.app.add(versionId(1), '1.0.0', shop, permissions('instance.read'));
    world.neighbours.app.add(versionId(2), '1.1.0', image('tomcat', 'shop/tomcat:2'), permissions('instance.read'));
  });
  afterAll(() => world.close());

  it('is not given up for what a stalled watch did not tell', async () => {
    const instanceId = await world.purchase('quiet shop', { versionId: versionId(1) });
    await world.reaches(instanceId, 'running');
    await world.faults([{ match: { verbs: ['watch'] }, fault: { type: 'stall' } }]);
    const { body } = await world.request('buyer', 'POST', `/v1/instances/${instanceId}/upgrade`, { versionId: versionId(2) });
    const record = await world.record(body.operationId as string, ({ endedAt }) => endedAt !== undefined);
    expect(record).toMatchObject({ status: 'succeeded' });
    await world.faults([]);
  });
});
