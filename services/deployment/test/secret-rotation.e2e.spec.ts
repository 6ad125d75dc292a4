import { namespaceOf } from '../src/domain/cluster-object';
import { ids, shop } from './sample';
import { World } from './world';

describe('A rotated AppSecret', () => {
  let world: World;
  let instanceId: string;
  beforeAll(async () => {
    world = await World.open({ images: { 'gone/*': { behaviour: 'pull-error' } } }, { patienceMs: { 'image-not-pulled': 500 } });
    world.neighbours.app.add(ids.versionId, '1.0.0', shop, { apis: ['instance.read'], dataModels: [] });
    instanceId = await world.purchase('my shop');
    await world.reaches(instanceId, 'running');
  });
  afterAll(() => world.close());

  const records = async () =>
    (await world.request('buyer', 'GET', `/v1/instances/${instanceId}/operations`)).body.items as {
      operationId: string;
      kind: string;
      status: string;
      reason?: string;
    }[];
  const secret = async () => {
    const found = (await world.objects(instanceId, 'Secret')).get('Secret/souk-identity');
    const { SOUK_APP_SECRET } = found!['data'] as { SOUK_APP_SECRET: string };
    return Buffer.from(SOUK_APP_SECRET, 'base64').toString();
  };
  /** The record of the operation that brings this version, as soon as it has ended. */
  async function broughtBy(version: number) {
    const reason = `version ${version} of the AppSecret`;
    for (const end = Date.now() + 15_000; Date.now() < end;) {
      const record = (await records()).find((one) => one.reason === reason);
      if (record?.status === 'succeeded') {
        await world.ends({ instanceId, operationId: record.operationId });
        return record;
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`no operation brought version ${version}: ${JSON.stringify(await records())}`);
  }

  it('is brought to the instance by a restart of its own nodes', async () => {
    expect(await secret()).toBe(`secret of ${instanceId}`);
    await world.rotateSecret(instanceId);
    const { operationId } = await broughtBy(2);
    expect(await secret()).toBe(`secret 2 of ${instanceId}`);
    expect(await world.steps(operationId)).toEqual([
      'OperationStarted',
      'CredentialBound',
      'NodeBecameReady mysql',
      'NodeApplied tomcat',
      'NodeBecameReady tomcat',
      'OperationSucceeded',
    ]);
  });

  it('is brought once, however often it is told of', async () => {
    const before = await records();
    await world.tellOfRotation(instanceId);
    expect(await records()).toEqual(before);
  });

  it('follows the operation that had begun before', async () => {
    const { body } = await world.request('buyer', 'POST', `/v1/instances/${instanceId}/restart`, {});
    await world.stepTaken(body.operationId as string, 'CredentialBound');
    await world.rotateSecret(instanceId);
    await broughtBy(3);
    expect(await secret()).toBe(`secret 3 of ${instanceId}`);
    expect((await records()).map(({ kind, status }) => `${kind} ${status}`)).toEqual([
      'restart succeeded',
      'restart succeeded',
      'restart succeeded',
      'deploy succeeded',
    ]);
  });

  it('follows a correction, which brings none', async () => {
    world.neighbours.credentials.rotate(instanceId);
    await world.cluster.delete({ kind: 'Service', namespace: namespaceOf(instanceId), name: 'tomcat' });
    await broughtBy(4);
    expect(await secret()).toBe(`secret 4 of ${instanceId}`);
    expect((await records()).slice(0, 2).map(({ kind, status }) => `${kind} ${status}`)).toEqual([
      'restart succeeded',
      'correct succeeded',
    ]);
  });

  it('waits for the end of a suspension', async () => {
    const intervene = (what: string) =>
      world.request('operator', 'POST', `/v1/instances/${instanceId}/${what}`, { reason: 'the host is moved' });
    await intervene('suspend-reconciliation');
    await world.rotateSecret(instanceId);
    expect((await records())[0]).toMatchObject({ reason: 'version 4 of the AppSecret' });
    await intervene('resume-reconciliation');
    await broughtBy(5);
  });

  it('follows an upgrade that was rolled back', async () => {
    const next = 'ver_01J00000000000000000000077';
    const nodes = shop.nodes.map((node) => (node.serviceName === 'tomcat' ? { ...node, image: 'gone/tomcat:2' } : node));
    world.neighbours.app.add(next, '1.1.0', { ...shop, nodes }, { apis: ['instance.read'], dataModels: [] });
    const { body } = await world.request('buyer', 'POST', `/v1/instances/${instanceId}/upgrade`, { versionId: next });
    await world.stepTaken(body.operationId as string, 'CredentialBound');
    await world.rotateSecret(instanceId);
    await broughtBy(6);
    expect(await secret()).toBe(`secret 6 of ${instanceId}`);
    expect((await records()).slice(0, 2).map(({ kind, status }) => `${kind} ${status}`)).toEqual([
      'restart succeeded',
      'upgrade rolled-back',
    ]);
  });
});
