import type { Topology } from '@souk/topology';
import { ids, mysql, schema, shop, tomcat } from './sample';
import { World } from './world';

const next = 'ver_01J00000000000000000000002';
const draft = 'ver_01J00000000000000000000003';
const adminEmail = 'ada@example.org';

/** Another image, one more replica, a worker. */
const changed: Topology = {
  ...shop,
  nodes: [
    { ...tomcat, image: 'registry.example/shop/tomcat:1.1.0', replicas: 3, serviceType: 'ClusterIP' },
    mysql,
    { ...schema, image: 'registry.example/shop/schema:1.1.0' },
    { ...tomcat, serviceName: 'worker', replicas: 1 },
  ],
};

describe('A plan', () => {
  let world: World;
  let instanceId: string;
  beforeAll(async () => {
    world = await World.open();
    const { app } = world.neighbours;
    app.add(ids.versionId, '1.0.0', shop, { apis: ['instance.read'], dataModels: [] });
    app.add(next, '1.1.0', changed, { apis: ['instance-nodes.read'], dataModels: [] });
    app.add(draft, '2.0.0', shop);
    app.makeDraft(draft);
    instanceId = await world.purchase('my shop');
    await world.reaches(instanceId, 'running');
  });
  afterAll(() => world.close());

  const planned = (body: object, role: 'buyer' | 'provider' = 'buyer') => world.request(role, 'POST', '/v1/plans', body);
  interface Manifest {
    readonly kind: string;
    readonly metadata: { readonly name: string };
    readonly data?: object;
    readonly spec?: unknown;
  }

  const anew = (more: object = {}, role: 'buyer' | 'provider' = 'buyer') =>
    planned({ versionId: ids.versionId, configuration: 'standard', clusterId: world.clusterId, ...more }, role);

  describe('of a new instance', () => {
    it('says order, room, warnings, problems, ports and permissions at once', async () => {
      const { status, body } = await anew({ parameters: {} });
      expect(status).toBe(200);
      expect(body).toMatchObject({
        kind: 'deploy',
        fits: true,
        waves: [['mysql'], ['schema'], ['tomcat']],
        totals: { requests: { cpu: '550m' } },
        problems: [{ code: 'parameter-missing', pointer: '/parameters/adminEmail' }],
        ports: { opened: [{ node: 'tomcat', port: 80, protocol: 'TCP', exposure: 'NodePort' }], closed: [] },
        permissions: { added: ['instance.read'], removed: [] },
        leftOut: 0,
        services: [],
        revisions: { cluster: 0, clusterId: world.clusterId, configuration: 'standard' },
      });
      expect(new Set(body.difference.map(({ change }: { change: string }) => change))).toEqual(new Set(['created']));
    });

    it('does not say what the app is made of to who does not have it yet', async () => {
      const { body } = await anew({ parameters: { adminEmail } });
      expect(body).toMatchObject({ manifests: [], leftOut: 0, ports: { opened: [{ node: 'tomcat' }] } });
      expect(body.difference).toContainEqual({ change: 'created', kind: 'Deployment', name: 'tomcat', node: 'tomcat' });
      expect(JSON.stringify(body)).not.toContain('DB_PASSWORD');
    });

    it('holds what would be applied, and a mask for every secret, for its provider', async () => {
      const { body } = await anew({ parameters: { adminEmail } }, 'provider');
      const manifest = (kind: string, name: string) =>
        (body.manifests as Manifest[]).find((object) => object.kind === kind && object.metadata.name === name);
      expect(manifest('Secret', 'souk-env-tomcat')?.data).toEqual({ DB_PASSWORD: '••••' });
      expect(manifest('Secret', 'souk-identity')?.data).toEqual({ SOUK_APP_KEY: '••••', SOUK_APP_SECRET: '••••' });
      const email = { name: 'ADMIN_EMAIL', value: adminEmail };
      expect(manifest('Deployment', 'tomcat')?.spec).toMatchObject({
        template: { spec: { containers: [{ env: expect.arrayContaining([email]) }] } },
      });
      expect((await anew({ nodes: ['mysql'] }, 'provider')).body.manifests).toMatchObject([
        { kind: 'Secret', metadata: { name: 'souk-env-mysql' } },
        { kind: 'Service', metadata: { name: 'mysql' } },
        { kind: 'Deployment', metadata: { name: 'mysql' } },
      ]);
    });

    it('wants to know configuration and cluster', async () => {
      const { status, body } = await planned({ versionId: ids.versionId });
      expect(status).toBe(422);
      expect(body.problems.map(({ pointer }: { pointer: string }) => pointer)).toEqual(['/configuration', '/clusterId']);
    });

    it('goes where requests go', async () => {
      expect(await anew({ region: 'south' })).toMatchObject({ status: 422, body: { code: 'wrong-target' } });
      expect(await anew({ region: 'south', clusterId: undefined })).toMatchObject({
        status: 422,
        body: { code: 'wrong-target' },
      });
    });

    it('of a draft is for its provider alone', async () => {
      const wish = { versionId: draft, configuration: 'standard', clusterId: world.clusterId };
      expect(await planned(wish)).toMatchObject({ status: 409, body: { code: 'version-not-released' } });
      expect((await planned(wish, 'provider')).status).toBe(200);
    });
  });

  describe('against an instance that runs', () => {
    it('says which objects change, field by field, and which stay', async () => {
      const { body } = await planned({ versionId: next, instanceId });
      const differences = body.difference as { change: string; kind: string; name: string; fields?: { pointer: string }[] }[];
      const having = (change: string) =>
        differences.filter((known) => known.change === change).map(({ kind, name }) => `${kind}/${name}`);
      expect(body.kind).toBe('upgrade');
      expect(having('created')).toEqual([
        'Secret/souk-env-worker',
        'Service/worker',
        'NetworkPolicy/worker-exposed',
        'Deployment/worker',
      ]);
      expect(having('changed')).toEqual(['ResourceQuota/souk-quota', 'Service/tomcat', 'Deployment/tomcat']);
      expect(having('deleted')).toEqual(['NetworkPolicy/tomcat-exposed']);
      // What the init node was made of stands as it is: it has completed, and is not run again.
      expect(having('untouched')).toEqual(
        expect.arrayContaining(['NetworkPolicy/souk-isolation', 'Deployment/mysql', 'Job/schema']),
      );
      expect(differences.find(({ kind, name }) => kind === 'Deployment' && name === 'tomcat')?.fields).toEqual([
        { pointer: '/spec/replicas', before: 2, after: 3 },
        {
          pointer: '/spec/template/spec/containers/0/image',
          before: 'registry.example/shop/tomcat:1.0.0',
          after: 'registry.example/shop/tomcat:1.1.0',
        },
      ]);
    });

    it('says which ports and permissions come and go, and where new pods find room', async () => {
      const { body } = await planned({ versionId: next, instanceId });
      expect(body.ports).toMatchObject({ opened: [{ node: 'worker' }], closed: [{ node: 'tomcat', exposure: 'NodePort' }] });
      expect(body.permissions).toEqual({ added: ['instance-nodes.read'], removed: ['instance.read'] });
      const nodes = body.nodes as { serviceName: string; placement: unknown[] }[];
      expect(nodes.map(({ serviceName, placement }) => [serviceName, placement.length])).toEqual([
        ['mysql', 0],
        ['schema', 0],
        ['tomcat', 2],
        ['worker', 1],
      ]);
    });

    it('says what the instance would refuse', async () => {
      const { body } = await planned({ versionId: ids.versionId, instanceId });
      expect(body.problems).toMatchObject([{ code: 'already-at-version' }]);
      expect(new Set(body.difference.map(({ change }: { change: string }) => change))).toEqual(new Set(['untouched']));
    });

    it('is for its owner alone', async () => {
      expect((await planned({ versionId: next, instanceId }, 'provider')).status).toBe(404);
    });
  });

  describe('that is applied', () => {
    const trial = (name: string, plan: object) =>
      world.request('provider', 'POST', '/v1/instances', {
        ...{ name, versionId: draft, configuration: 'standard', clusterId: world.clusterId, plan },
        parameters: { adminEmail },
      });
    const upgrade = (plan: object, headers?: Record<string, string>) =>
      world.request(
        'buyer',
        'POST',
        `/v1/instances/${instanceId}/upgrade`,
        { versionId: next, acceptPermissions: true, plan },
        headers,
      );

    it('is refused when the draft is another by now', async () => {
      const wish = { versionId: draft, configuration: 'standard', clusterId: world.clusterId, parameters: { adminEmail } };
      const { revisions } = (await planned(wish, 'provider')).body;
      world.neighbours.app.add(draft, '2.0.0', changed);
      world.neighbours.app.makeDraft(draft);
      expect(await trial('late', revisions)).toMatchObject({
        status: 412,
        body: { code: 'plan-stale', problems: [{ code: 'version-changed', pointer: '/plan/snapshot' }] },
      });
      const unlike = (await planned({ ...wish, parameters: { adminEmail: 'eve@example.org' } }, 'provider')).body.revisions;
      expect(await trial('unlike', unlike)).toMatchObject({ status: 412, body: { problems: [{ code: 'filled-in-changed' }] } });
      const { revisions: now } = (await planned(wish, 'provider')).body;
      expect(await trial('elsewhere', { ...now, clusterId: ids.clusterId })).toMatchObject({
        status: 412,
        body: { problems: [{ code: 'another-cluster', pointer: '/plan/clusterId' }] },
      });
      expect((await trial('in time', now)).status).toBe(202);
    });

    it('is refused when the instance has moved on', async () => {
      const { revisions } = (await planned({ versionId: next, instanceId })).body;
      const { body } = await world.request('buyer', 'POST', `/v1/instances/${instanceId}/restart`, { nodes: ['mysql'] });
      await world.ends(body as { instanceId: string; operationId: string });
      expect(await upgrade(revisions)).toMatchObject({
        status: 412,
        body: { code: 'plan-stale', problems: [{ code: 'instance-changed', pointer: '/plan/instance' }] },
      });
    });

    it('is refused when the cluster is described anew, or the plan was made for a new instance, or another', async () => {
      const { revisions } = (await planned({ versionId: next, instanceId })).body;
      const { instance: _, ...another } = revisions;
      for (const stale of [{ ...revisions, cluster: 7 }, another, { ...revisions, instanceId: ids.instanceId }])
        expect(await upgrade(stale)).toMatchObject({ status: 412, body: { code: 'plan-stale' } });
    });

    it('is done as it was planned, once', async () => {
      const { revisions } = (await planned({ versionId: next, instanceId })).body;
      const first = await upgrade(revisions, { 'idempotency-key': 'planned' });
      expect(first.status).toBe(202);
      // The instance is another by now, through this very request.
      expect(await upgrade(revisions, { 'idempotency-key': 'planned' })).toMatchObject({ status: 202, body: first.body });
      expect(await upgrade(revisions)).toMatchObject({ status: 412, body: { code: 'plan-stale' } });
      await world.ends(first.body as { instanceId: string; operationId: string });
    });
  });
});
