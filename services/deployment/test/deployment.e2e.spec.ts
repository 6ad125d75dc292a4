import type { Topology } from '@souk/topology';
import { mysql, schema, shop, tomcat } from './sample';
import { ids } from './sample';
import { World } from './world';

const next = 'ver_01J00000000000000000000002';
const image = (topology: Topology, serviceName: string, to: string): Topology => ({
  ...topology,
  nodes: topology.nodes.map((node) => (node.serviceName === serviceName ? { ...node, image: to } : node)),
});

describe('An instance on a cluster', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open();
    world.neighbours.app.add(ids.versionId, '1.0.0', shop, { apis: ['instance.read'], dataModels: [] });
    world.neighbours.app.add(next, '1.1.0', image(shop, 'tomcat', 'registry.example/shop/tomcat:1.1.0'), {
      apis: ['instance-nodes.read'],
      dataModels: [],
    });
  });
  afterAll(() => world.close());

  let instanceId: string;

  it('comes up wave by wave, arrow heads first, with an identity of its own', async () => {
    instanceId = await world.purchase('my shop');
    const instance = await world.reaches(instanceId, 'running');
    expect(await world.steps(instance.operationId)).toEqual([
      'OperationStarted',
      'CredentialBound',
      'NodeApplied mysql',
      'NodeBecameReady mysql',
      'NodeApplied schema',
      'InitNodeCompleted schema',
      'NodeApplied tomcat',
      'NodeBecameReady tomcat',
      'OperationSucceeded',
    ]);
    expect(instance.nodes).toMatchObject([
      { serviceName: 'mysql', state: 'ready', addresses: [{ host: 'mysql', port: 3306 }] },
      { serviceName: 'schema', state: 'completed' },
      { serviceName: 'tomcat', state: 'ready', addresses: [{ host: 'tomcat', port: 80, nodePort: expect.any(Number) }] },
    ]);
    expect(instance.nodes[2].addresses[0].nodePort).toBeGreaterThanOrEqual(30000);
  });

  it('finds its secrets on the cluster, and nobody else does', async () => {
    const secrets = await world.objects(instanceId, 'Secret');
    const data = (name: string) =>
      Object.fromEntries(
        Object.entries(secrets.get(`Secret/${name}`)!['data'] as Record<string, string>).map(([key, value]) => [
          key,
          Buffer.from(value, 'base64').toString(),
        ]),
      );
    const { appKey } = world.neighbours.credentials.views.get(instanceId)!;
    expect(data('souk-identity')).toEqual({ SOUK_APP_KEY: appKey, SOUK_APP_SECRET: `secret of ${instanceId}` });
    const password = data('souk-env-tomcat')['DB_PASSWORD']!;
    expect(password).toMatch(/^[\w-]{32}$/);
    expect(data('souk-env-schema')).toEqual({ DB_URL: `mysql://root:${password}@mysql/shop` });
    for (const path of [
      `/v1/instances/${instanceId}`,
      `/v1/instances/${instanceId}/operations`,
      `/v1/instances/${instanceId}/as-of`,
    ])
      expect(JSON.stringify((await world.request('buyer', 'GET', path)).body)).not.toContain(password);
  });

  it('is seen by its provider without what is its owner’s business', async () => {
    const { body } = await world.request('provider', 'GET', `/v1/instances/${instanceId}`);
    expect(body).toMatchObject({
      status: 'running',
      versionNumber: '1.0.0',
      nodes: [{ serviceName: 'mysql', state: 'ready' }, {}, {}],
    });
    expect(body).not.toHaveProperty('appKey');
    expect(JSON.stringify(body)).not.toContain('addresses');
    const asOf = await world.request('provider', 'GET', `/v1/instances/${instanceId}/as-of`);
    expect(JSON.stringify(asOf.body)).not.toContain('ada@example.org');
    expect((await world.request('buyer', 'GET', `/v1/instances/${instanceId}/as-of`)).body.state.parameters).toEqual({
      adminEmail: 'ada@example.org',
    });
  });

  it('asks about itself, as far as it was granted', async () => {
    const { appKey } = world.neighbours.credentials.views.get(instanceId)!;
    const open = (path: string, key = appKey) => world.send('GET', `/open/v1/${path}`, undefined, { 'x-ca-key': key });
    expect((await open('instance')).body).toMatchObject({
      instanceId,
      name: 'my shop',
      versionNumber: '1.0.0',
      status: 'running',
    });
    expect(await open('instance/nodes')).toMatchObject({ status: 403, body: { code: 'not-granted' } });
    expect(await open('instance', 'unknown')).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
  });

  it('asks its owner for consent before a version gets more permissions', async () => {
    const answer = await world.request('buyer', 'POST', `/v1/instances/${instanceId}/upgrade`, { versionId: next });
    expect(answer).toMatchObject({ status: 409, body: { code: 'consent-required' } });
  });

  it('is upgraded by touching nothing but the node that changed', async () => {
    const kinds = ['Namespace', 'Deployment', 'Service', 'Job', 'Secret', 'NetworkPolicy', 'ResourceQuota'].slice(1);
    const before = await world.objects(instanceId, ...kinds);
    const answer = await world.request('buyer', 'POST', `/v1/instances/${instanceId}/upgrade`, {
      versionId: next,
      acceptPermissions: true,
      reason: 'faster pages',
    });
    expect(answer.status).toBe(202);
    expect(answer.headers['location']).toBe(`/v1/operations/${answer.body.operationId}`);
    await world.until(instanceId, ({ status, versionNumber }) => status === 'running' && versionNumber === '1.1.0');
    expect(await world.steps(answer.body.operationId as string)).toEqual([
      'OperationStarted',
      'CredentialBound',
      'NodeBecameReady mysql',
      'NodeApplied tomcat',
      'NodeBecameReady tomcat',
      'OperationSucceeded',
    ]);
    const after = await world.objects(instanceId, ...kinds);
    const spec = (objects: typeof before, key: string) =>
      JSON.stringify([objects.get(key)!.metadata.uid, objects.get(key)!.metadata.annotations, objects.get(key)!['spec']]);
    expect([...after.keys()]).toEqual([...before.keys()]);
    expect([...after.keys()].filter((key) => spec(before, key) !== spec(after, key))).toEqual(['Deployment/tomcat']);
    expect(after.get('Deployment/mysql')!.metadata.resourceVersion).toBe(
      before.get('Deployment/mysql')!.metadata.resourceVersion,
    );
    expect(world.neighbours.credentials.log.slice(-2)).toEqual([
      'granted instance-nodes.read+instance.read',
      'granted instance-nodes.read',
    ]);
  });

  it('tells what changed between two points of its history', async () => {
    const { body } = await world.request('buyer', 'GET', `/v1/instances/${instanceId}/difference?from=1`);
    expect(body.changes).toContainEqual({ op: 'changed', pointer: '/versionNumber', before: '1.0.0', after: '1.1.0' });
  });

  it('is restarted in deploy order, its init node not', async () => {
    const before = await world.objects(instanceId, 'Pod', 'Job');
    const { body } = await world.request('buyer', 'POST', `/v1/instances/${instanceId}/restart`, {});
    await world.ends(body);
    expect(await world.steps(body.operationId as string)).toEqual([
      'OperationStarted',
      'CredentialBound',
      'NodeApplied mysql',
      'NodeBecameReady mysql',
      'NodeApplied tomcat',
      'NodeBecameReady tomcat',
      'OperationSucceeded',
    ]);
    const after = await world.objects(instanceId, 'Pod', 'Job');
    const stay = [...after].filter(([key, { metadata }]) => before.has(key) && metadata.deletionTimestamp === undefined);
    expect(stay.map(([key]) => key).filter((key) => !key.includes('schema'))).toEqual([]);
    expect(after.get('Job/schema')!.metadata.uid).toBe(before.get('Job/schema')!.metadata.uid);
  });

  it('has a record of everything that was done, by whom and why', async () => {
    const { body } = await world.request('buyer', 'GET', `/v1/instances/${instanceId}/operations`);
    expect(body.items).toMatchObject([
      { kind: 'restart', status: 'succeeded', requestedBy: { role: 'buyer' } },
      { kind: 'upgrade', status: 'succeeded', reason: 'faster pages' },
      { kind: 'deploy', status: 'succeeded', requestedBy: { kind: 'billing' } },
    ]);
  });

  it('does not free its name while it lives', async () => {
    await expect(world.purchase('MY SHOP', { instanceId: 'inst_01J00000000000000000000009' })).rejects.toMatchObject({
      code: 'name-taken',
    });
  });

  it('leaves nothing when it is deleted, and its name is free again', async () => {
    const { status, body } = await world.request('buyer', 'DELETE', `/v1/instances/${instanceId}?reason=moved`);
    expect(status).toBe(202);
    await world.reaches(instanceId, 'deleted');
    expect(world.neighbours.credentials.log.at(-1)).toBe('revoked');
    expect((await world.steps(body.operationId as string)).slice(0, 2)).toEqual(['OperationStarted', 'CredentialUnbound']);
    for (const kind of ['Namespace', 'Pod', 'Secret'])
      expect((await world.cluster.list(kind, { labelSelector: `souk.dev/instance=${instanceId}` })).items).toEqual([]);
    await world.purchase('my SHOP', { instanceId: 'inst_01J00000000000000000000009' });
  });
});

describe('What goes wrong on a cluster', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open(
      {
        images: {
          'broken/*': { behaviour: 'pull-error' },
          'stuck/*': { behaviour: 'never-ready' },
        },
        hosts: [{ name: 'edge-1', cpu: '4', memory: '4Gi' }],
      },
      { nodeTimeoutMs: 1_500 },
    );
    world.neighbours.app.add(ids.versionId, '1.0.0', shop);
  });
  afterAll(() => world.close());

  it('ends an operation with plain words, and the next one can mend it', async () => {
    world.neighbours.app.add(ids.versionId, '1.0.0', image(shop, 'tomcat', 'broken/tomcat:1'));
    world.neighbours.app.add(next, '1.0.1', shop);
    const instanceId = await world.purchase('broken');
    const degraded = await world.reaches(instanceId, 'degraded');
    expect(degraded.reason).toContain(
      'node "tomcat" did not become ready within 2 seconds: its image "broken/tomcat:1" can\'t be pulled',
    );
    expect(degraded.nodes.at(-1)).toMatchObject({ serviceName: 'tomcat', state: 'failed' });
    const job = (await world.objects(instanceId, 'Job')).get('Job/schema')!.metadata.uid;
    await world.request('buyer', 'POST', `/v1/instances/${instanceId}/upgrade`, { versionId: next });
    await world.reaches(instanceId, 'running');
    expect((await world.objects(instanceId, 'Job')).get('Job/schema')!.metadata.uid).toBe(job);
  });

  it('has the grants of the version that mends it, after a first deployment that failed', async () => {
    const [first, second] = ['ver_01J00000000000000000000006', 'ver_01J00000000000000000000007'];
    world.neighbours.app.add(first, '5.0.0', image(shop, 'tomcat', 'broken/tomcat:2'), {
      apis: ['instance.read'],
      dataModels: [],
    });
    world.neighbours.app.add(second, '5.0.1', shop, { apis: ['instance-nodes.read'], dataModels: [] });
    const instanceId = await world.purchase('regranted', { versionId: first });
    await world.reaches(instanceId, 'degraded');
    const wish = { versionId: second, acceptPermissions: true };
    await world.request('buyer', 'POST', `/v1/instances/${instanceId}/upgrade`, wish);
    await world.reaches(instanceId, 'running');
    expect(world.neighbours.credentials.views.get(instanceId)!.grants.apis).toEqual(['instance-nodes.read']);
  });

  it('says of a node that runs and does not become ready what it waits for', async () => {
    const stuck = 'ver_01J00000000000000000000005';
    world.neighbours.app.add(stuck, '4.0.0', image(shop, 'tomcat', 'stuck/tomcat:1'));
    const instanceId = await world.purchase('stuck', { versionId: stuck });
    const waiting = await world.until(instanceId, ({ nodes }) => nodes.at(-1)?.state === 'waiting');
    expect(waiting.nodes.at(-1).reason).toBe('it runs, but its health check does not succeed');
    await world.reaches(instanceId, 'degraded');
  });

  it('says which node does not fit, of which resource, and how much was free; a delete does not wait for it', async () => {
    const large = 'ver_01J00000000000000000000004';
    const hungry = { ...mysql, memory: { request: '64Gi', limit: '64Gi' } };
    world.neighbours.app.add(large, '3.0.0', { ...shop, nodes: [tomcat, hungry, schema] });
    const instanceId = await world.purchase('hungry', { versionId: large });
    const waiting = await world.until(instanceId, ({ nodes }) => nodes[0]?.state === 'waiting');
    expect(waiting.nodes[0].reason).toMatch(
      /no host has room: it asks for 64Gi memory and the most that is free is .*Gi on host "edge-1"/,
    );
    await world.request('buyer', 'DELETE', `/v1/instances/${instanceId}`);
    await world.reaches(instanceId, 'deleted');
  });

  it('shows in the resource report before anybody asks for an instance', async () => {
    const large = 'ver_01J00000000000000000000004';
    const report = (versionId: string) =>
      world.request('buyer', 'POST', '/v1/resource-reports', {
        versionId,
        configuration: 'standard',
        clusterId: world.clusterId,
        parameters: {},
      });
    expect((await report(ids.versionId)).body).toMatchObject({
      fits: true,
      waves: [['mysql'], ['schema'], ['tomcat']],
      problems: [{ code: 'parameter-missing', pointer: '/parameters/adminEmail' }],
    });
    expect((await report(large)).body).toMatchObject({ fits: false, problems: [{}, { code: 'does-not-fit' }] });
  });
});

describe('A reconciler that is stopped in the middle', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open({ startupMs: 150 });
    world.neighbours.app.add(ids.versionId, '1.0.0', shop);
  });
  afterAll(() => world.close());

  it('goes on where it was, and does nothing twice', async () => {
    const instanceId = await world.purchase('interrupted');
    await world.until(instanceId, ({ nodes }) => nodes[0]?.state === 'applied');
    await world.stop();
    await world.start();
    const { operationId } = await world.reaches(instanceId, 'running');
    const steps = await world.steps(operationId as string);
    expect(steps).toHaveLength(9);
    expect(new Set(steps).size).toBe(9);
    expect([...(await world.objects(instanceId, 'Job')).keys()]).toEqual(['Job/schema']);
    expect(world.neighbours.credentials.log).toEqual(['created by reconciler']);
  });

  it('says once that the cluster is away, and finishes when it is back', async () => {
    const instanceId = await world.purchase('outage');
    await world.until(instanceId, ({ nodes }) => nodes[0]?.state === 'applied');
    await world.stopCluster();
    await world.stop();
    await world.start({ stallAfterMs: 50 });
    const { operationId } = await world.until(instanceId, () => true);
    await world.stepTaken(operationId as string, 'OperationStalled');
    await world.startCluster();
    await world.reaches(instanceId, 'running');
    expect((await world.steps(operationId as string)).filter((step) => /Stalled|Continued/.test(step))).toEqual([
      'OperationStalled',
      'OperationContinued',
    ]);
  });

  it('finishes a delete', async () => {
    const instanceId = await world.purchase('short-lived');
    await world.until(instanceId, ({ nodes }) => nodes[0]?.state === 'applied');
    await world.request('buyer', 'DELETE', `/v1/instances/${instanceId}`);
    await world.stop();
    await world.start();
    await world.reaches(instanceId, 'deleted');
    const { body } = await world.request('buyer', 'GET', `/v1/instances/${instanceId}/operations`);
    expect(body.items).toMatchObject([
      { kind: 'delete', status: 'succeeded' },
      { kind: 'deploy', status: 'pre-empted' },
    ]);
  });
});
