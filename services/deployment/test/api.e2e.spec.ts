import type { Problem } from '@souk/event-sourcing';
import { SecretVault } from '@souk/secrets';
import type { Topology } from '@souk/topology';
import { ids, shop, started } from './sample';
import { World } from './world';

const wrong = (body: { problems: Problem[] }) => body.problems.map(({ code, pointer }) => `${code} ${pointer}`);

const kubeconfig = (server: string, user: string) => `
current-context: edge
contexts: [{name: edge, context: {cluster: edge, user: souk}}]
clusters: [{name: edge, cluster: {server: "${server}"}}]
users: [{name: souk, user: ${user}}]
`;

describe('The API of deployment', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open();
    world.neighbours.app.add(ids.versionId, '1.0.0', shop);
  });
  afterAll(() => world.close());

  describe('for clusters', () => {
    const register = (body: object) => world.request('buyer', 'POST', '/v1/clusters', { platforms: ['linux/amd64'], ...body });

    it('lists the shared one to everybody, and to operators what its hosts have free', async () => {
      const { items } = (await world.request('provider', 'GET', '/v1/clusters')).body;
      expect(items).toMatchObject([{ clusterId: world.clusterId, name: 'simulated', shared: true }]);
      const { body: told } = await world.request('buyer', 'GET', `/v1/clusters/${world.clusterId}`);
      expect(told).toMatchObject({ connection: { kind: 'simulated' }, hosts: [] });
      expect((await world.request('operator', 'GET', `/v1/clusters/${world.clusterId}`)).body).toMatchObject({
        reachable: true,
        hosts: [
          {
            name: 'edge-1',
            platform: 'linux/amd64',
            schedulable: true,
            free: { cpu: expect.any(String), memory: expect.any(String) },
          },
          {},
          {},
        ],
      });
    });

    it('takes one that an account registers, for that account alone, and its name is free again when it is gone', async () => {
      const connection = { kind: 'simulated' };
      const created = await register({ name: 'workshop', connection });
      expect(created.status).toBe(201);
      expect((await register({ name: 'WORKSHOP', connection })).body).toMatchObject({ status: 409, code: 'name-taken' });
      const { items } = (await world.request('buyer', 'GET', '/v1/clusters')).body;
      expect(items[1]).toMatchObject({ name: 'workshop', connection, shared: false, grants: [] });
      expect((await world.request('provider', 'GET', created.headers['location']!)).body).toMatchObject({ status: 404 });
      expect((await world.request('buyer', 'DELETE', created.headers['location']!)).status).toBe(204);
      expect((await register({ name: 'workshop', connection })).status).toBe(201);
    });

    it('refuses a kubeconfig that runs programs or points at this machine, with every problem', async () => {
      const runs = kubeconfig('http://10.0.0.1', '{exec: {command: curl}, tokenFile: /etc/passwd}');
      expect(wrong((await register({ name: 'x', connection: { kind: 'kubeconfig', kubeconfig: runs } })).body)).toEqual([
        'kubeconfig-server /connection/kubeconfig/clusters/0/cluster/server',
        'kubeconfig-refused /connection/kubeconfig/users/0/user/exec',
        'kubeconfig-refused /connection/kubeconfig/users/0/user/tokenFile',
      ]);
      const here = kubeconfig('https://127.0.0.1:6443', '{token: t}');
      expect(wrong((await register({ name: 'x', connection: { kind: 'kubeconfig', kubeconfig: here } })).body)).toEqual([
        'kubeconfig-address /connection/kubeconfig',
      ]);
    });

    it('checks so many in a minute, since that calls wherever somebody says', async () => {
      const kubeconfigText = kubeconfig('https://127.0.0.1:6443', '{token: t}');
      const body = { name: 'x', platforms: ['linux/amd64'], connection: { kind: 'kubeconfig', kubeconfig: kubeconfigText } };
      const check = () => world.request('provider', 'POST', '/v1/clusters/checks', body);
      const answers = await Promise.all(Array.from({ length: 100 }, check));
      const refused = answers.filter(({ status }) => status === 429);
      expect(refused.length).toBeGreaterThan(0);
      expect(refused[0]!.body).toMatchObject({ code: 'too-many-cluster-checks' });
      const [taken] = answers.filter(({ status }) => status === 200);
      expect(JSON.stringify(taken!.body)).not.toContain('127.0.0.1');
    });
  });

  describe('for secrets', () => {
    const withSupplied: Topology = { ...shop, secrets: { dbPassword: { source: 'supplied' } } };
    const version = 'ver_01J00000000000000000000007';
    const namespace = async (instanceId: string) => (await world.objects(instanceId, 'Secret')).get('Secret/souk-env-mysql')!;

    it('tells their names and never their values', async () => {
      await world.request('buyer', 'PUT', '/v1/secrets/my-db', { value: 'hunter2' });
      await world.request('buyer', 'PUT', '/v1/secrets/other', { value: 'x' });
      expect((await world.request('buyer', 'DELETE', '/v1/secrets/other')).status).toBe(204);
      expect((await world.request('buyer', 'GET', '/v1/secrets')).body).toEqual({ items: [{ name: 'my-db' }] });
      expect((await world.request('provider', 'GET', '/v1/secrets')).body).toEqual({ items: [] });
    });

    it('supplies an instance with what is stored when it is asked for', async () => {
      world.neighbours.app.add(version, '2.0.0', withSupplied);
      const missing = world.purchase('supplied', { versionId: version, secrets: { dbPassword: 'nothing' } });
      await expect(missing).rejects.toMatchObject({ code: 'parameters-invalid', problems: [{ code: 'secret-not-stored' }] });
      const instanceId = await world.purchase('supplied', { versionId: version, secrets: { dbPassword: 'my-db' } });
      await world.request('buyer', 'PUT', '/v1/secrets/my-db', { value: 'changed later' });
      await world.reaches(instanceId, 'running');
      const { MYSQL_ROOT_PASSWORD } = (await namespace(instanceId))['data'] as Record<string, string>;
      expect(Buffer.from(MYSQL_ROOT_PASSWORD!, 'base64').toString()).toBe('hunter2');
    });

    it('takes the value of a secret parameter in the same way, once it fits its schema, and keeps it until the instance is gone', async () => {
      const licensed = 'ver_01J0000000000000000000000A';
      const nodes = shop.nodes.map((node) =>
        node.serviceName === 'mysql' ? { ...node, env: { MYSQL_ROOT_PASSWORD: '${param.licence}${param.hint}' } } : node,
      );
      const parameters: Topology['parameters'] = {
        ...shop.parameters,
        licence: { type: 'string', secret: true, required: true, pattern: '^L-[0-9]+$' },
        hint: { type: 'string', secret: true },
      };
      world.neighbours.app.add(licensed, '2.1.0', { ...shop, nodes, parameters });
      await world.request('buyer', 'PUT', '/v1/secrets/licence', { value: 'no-licence' });
      const ask = () => world.purchase('licensed', { versionId: licensed, secrets: { licence: 'licence' } });
      const refused = await ask().catch((error: unknown) => error as { problems: Problem[] });
      expect(refused).toMatchObject({ problems: [{ code: 'parameter-wrong-pattern', pointer: '/secrets/licence' }] });
      expect(JSON.stringify(refused)).not.toContain('no-licence');

      await world.request('buyer', 'PUT', '/v1/secrets/licence', { value: 'L-4711' });
      const instanceId = await ask();
      await world.reaches(instanceId, 'running');
      const { MYSQL_ROOT_PASSWORD } = (await namespace(instanceId))['data'] as Record<string, string>;
      expect(Buffer.from(MYSQL_ROOT_PASSWORD!, 'base64').toString()).toBe('L-4711');
      for (const path of ['', '/as-of', '/operations'])
        expect(JSON.stringify((await world.request('buyer', 'GET', `/v1/instances/${instanceId}${path}`)).body)).not.toContain(
          'L-4711',
        );
      const kept = () => world.part(SecretVault).get(ids.buyer, `instance/${instanceId}/param.licence`);
      expect(await kept()).toBe('L-4711');
      await world.request('buyer', 'DELETE', `/v1/instances/${instanceId}`);
      await world.reaches(instanceId, 'deleted');
      expect(await kept()).toBeUndefined();
    });
  });

  describe('for instances', () => {
    const draft = 'ver_01J00000000000000000000008';
    const trial = (body: object = {}) =>
      world.request('provider', 'POST', '/v1/instances', {
        name: 'trial',
        versionId: draft,
        configuration: 'standard',
        clusterId: world.clusterId,
        parameters: { adminEmail: 'a@b.c' },
        ...body,
      });
    let instanceId: string;

    beforeAll(() => {
      world.neighbours.app.add(draft, '3.0.0', shop);
      world.neighbours.app.makeDraft(draft);
    });

    it('lets a provider try a draft, which can not be upgraded', async () => {
      const answer = await trial();
      expect([answer.status, answer.headers['location']]).toEqual([202, `/v1/operations/${answer.body.operationId}`]);
      ({ instanceId } = answer.body);
      await world.until(instanceId, ({ status }) => status === 'running', 'provider');
      expect(
        (await world.request('provider', 'POST', `/v1/instances/${instanceId}/upgrade`, { versionId: ids.versionId })).body,
      ).toMatchObject({
        status: 409,
        code: 'trial-not-upgradable',
      });
    });

    it('tells the progress of an operation as server-sent events, from where the listener was', async () => {
      const { body } = await world.request('provider', 'GET', `/v1/instances/${instanceId}/operations`);
      const path = `/v1/operations/${body.items[0].operationId}/events`;
      const all = (await world.request('provider', 'GET', path)).body as string;
      const types = [...all.matchAll(/^event: (.*)$/gm)].map(([, type]) => type);
      expect([types[0], types.at(-1)]).toEqual(['OperationStarted', 'OperationSucceeded']);
      const beforeLast = [...all.matchAll(/^id: (.*)$/gm)].at(-2)![1]!;
      const rest = (await world.request('provider', 'GET', path, undefined, { 'last-event-id': beforeLast })).body as string;
      expect([...rest.matchAll(/^event: (.*)$/gm)].map(([, type]) => type)).toEqual(['OperationSucceeded']);
    });

    it('refuses what does not fit together, with every problem, and keeps nothing of it', async () => {
      expect(wrong((await trial({ name: 'y', parameters: { other: 1 } })).body)).toEqual(['wrong-type /parameters/other']);
      expect(wrong((await trial({ name: 'y', parameters: { other: 'x' } })).body)).toEqual([
        'parameter-missing /parameters/adminEmail',
        'parameter-unknown /parameters/other',
      ]);
      expect((await trial({ name: 'y', configuration: 'none' })).body.code).toBe('configuration-not-found');
      expect((await trial({ name: 'y', clusterId: 'clu_01J00000000000000000000000' })).body).toMatchObject({
        status: 404,
        code: 'cluster-not-found',
      });
      expect((await trial({ name: 'y', versionId: 'ver_01J00000000000000000000000' })).body).toMatchObject({
        status: 404,
        code: 'version-not-found',
      });
      expect((await trial({ name: 'Trial' })).body).toMatchObject({ status: 409, code: 'name-taken' });
      expect(
        (await world.request('provider', 'GET', '/v1/instances')).body.items.map(
          ({ instanceId }: { instanceId: string }) => instanceId,
        ),
      ).toContain(instanceId);
    });

    it("answers a repeated request with what it did, also when the instance is gone and its name is another's", async () => {
      const body = {
        name: 'repeated',
        versionId: draft,
        configuration: 'standard',
        clusterId: world.clusterId,
        parameters: { adminEmail: 'a@b.c' },
      };
      const once = () => world.request('provider', 'POST', '/v1/instances', body, { 'idempotency-key': 'once' });
      const first = await once();
      const path = `/v1/instances/${first.body.instanceId as string}`;
      await world.until(first.body.instanceId as string, ({ status }) => status === 'running', 'provider');
      await world.request('provider', 'DELETE', path);
      await world.until(first.body.instanceId as string, ({ status }) => status === 'deleted', 'provider');
      const next = await trial({ name: 'repeated' });
      expect(next.status).toBe(202);
      const again = await once();
      expect([again.status, again.body]).toEqual([202, first.body]);
      expect((await world.request('provider', 'GET', path)).body.status).toBe('deleted');
    });

    it('refuses a second operation by the name of the first, and nodes that are none', async () => {
      const restart = (body: object = {}) => world.request('provider', 'POST', `/v1/instances/${instanceId}/restart`, body);
      expect((await restart({ nodes: ['schema'] })).body).toMatchObject({ status: 422, code: 'unknown-node' });
      const first = (await restart({ nodes: ['tomcat'] })).body;
      const second = (await restart()).body;
      expect(second).toMatchObject({
        status: 409,
        code: 'operation-running',
        detail: expect.stringContaining(first.operationId),
      });
    });

    it('knows nothing of instances of others, nor of those that never were', async () => {
      for (const id of [instanceId, 'inst_01J00000000000000000000000'])
        for (const [method, path] of [
          ['GET', ''],
          ['GET', '/operations'],
          ['GET', '/as-of'],
          ['POST', '/restart'],
          ['DELETE', ''],
        ] as const)
          expect([
            method,
            path,
            (await world.request('buyer', method, `/v1/instances/${id}${path}`, method === 'POST' ? {} : undefined)).status,
          ]).toEqual([method, path, 404]);
    });

    it('has a code for failures from before there were codes', async () => {
      await world.until(instanceId, ({ status }) => status === 'running', 'provider');
      const past = { instanceId, operationId: 'op_01J00000000000000000000077' };
      await world.written(`instance-${instanceId}`, { type: 'RestartRequested', data: { ...past, nodes: ['tomcat'] } });
      await world.written(
        `operation-${past.operationId}`,
        { type: 'OperationStarted', data: { ...started({ kind: 'restart' }).data, ...past } },
        {
          type: 'OperationFailed',
          data: { ...past, reason: 'node "tomcat" did not become ready within 10 minutes: its image "x" can\'t be pulled: gone' },
        },
      );
      await world.until(instanceId, ({ status }) => status === 'degraded', 'provider');
      const record = await world.request('provider', 'GET', `/v1/operations/${past.operationId}`);
      expect(record.body).toMatchObject({ status: 'failed', code: 'image-not-pulled' });
      expect((await world.request('provider', 'GET', `/v1/instances/${instanceId}`)).body).toMatchObject({
        lastFailure: { outcome: 'failed', code: 'image-not-pulled' },
      });
    });

    it('does not forget a cluster on which something runs', async () => {
      const operator = (method: 'DELETE', url: string) =>
        world.send(method, url, undefined, { authorization: `Bearer operator.${platform}` });
      const platform = (await world.request('buyer', 'GET', `/v1/clusters/${world.clusterId}`)).body.ownerTenant as string;
      expect((await operator('DELETE', `/v1/clusters/${world.clusterId}`)).body).toMatchObject({
        status: 409,
        code: 'cluster-in-use',
      });
    });
  });
});
