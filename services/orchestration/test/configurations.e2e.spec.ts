import type { Problem } from '@souk/event-sourcing';
import type { TopologyNode } from '@souk/topology';
import { type Answer, TestMarketplace, type TestUser } from '../../marketplace/testing';

const topology = {
  nodes: [
    {
      serviceName: 'tomcat',
      category: 'custom',
      image: 'registry.example.com/shop/tomcat:1.0.0',
      env: { DB: '${node.mysql.host}:${node.mysql.port}', DB_PASSWORD: '${secret.dbPassword}', MAIL: '${param.adminEmail}' },
      ports: [{ internal: 8080, external: 80, protocol: 'TCP' }],
      serviceType: 'NodePort',
      position: { x: 10, y: 20.5 },
    },
    { serviceName: 'schema', category: 'init', image: 'registry.example.com/shop/schema:1.0.0' },
    { serviceName: 'mysql', category: 'third-party', preset: 'mysql', env: { MYSQL_ROOT_PASSWORD: '${secret.dbPassword}' } },
  ],
  arrows: [
    { from: 'tomcat', to: 'mysql' },
    { from: 'tomcat', to: 'schema' },
    { from: 'schema', to: 'mysql' },
  ],
  parameters: { adminEmail: { type: 'string', required: true } },
  secrets: { dbPassword: { source: 'generated' } },
};

/** `code pointer` of everything that is wrong. */
const wrong = ({ body }: Answer) => (body.problems as Problem[]).map(({ code, pointer }) => `${code} ${pointer}`);
const namesOf = (nodes: TopologyNode[]) => nodes.map(({ serviceName }) => serviceName);

const MISSING = 'cfg_00000000000000000000000000';

describe('Configurations', () => {
  let marketplace: TestMarketplace;
  let provider: TestUser;
  let stranger: TestUser;
  let appId: string;
  let versionId: string;

  beforeAll(async () => {
    marketplace = await TestMarketplace.start();
    provider = await marketplace.newTenant('Harbour', 'provider');
    stranger = await marketplace.newTenant('Other', 'provider');
    const app = {
      name: 'Shop',
      distributionType: 'instance',
      hostingMode: 'edge',
      platforms: ['linux/amd64'],
      summary: 'A shop',
    };
    ({ appId } = (await provider.post('/v1/apps', app)).body);
    ({ versionId } = (await provider.post(`/v1/apps/${appId}/initialise`, { versionDescription: 'First' })).body);
  });
  afterAll(() => marketplace.stop());

  const create = (name: string) => provider.post(`/v1/versions/${versionId}/configurations`, { name, hosting: 'edge' });
  const draw = (path: string, document: object, etag: string) => provider.put(`${path}/topology`, document, { 'if-match': etag });
  /** A configuration of its own for one test: its path and its first ETag. */
  const blank = async (name: string) => {
    const { headers } = await create(name);
    return { path: headers.get('location')!, etag: headers.get('etag')! };
  };

  it('are created by name, each name once in a version', async () => {
    const created = await create('Edge');
    expect([created.status, created.headers.get('etag')]).toEqual([201, '"0"']);
    const { configurationId } = created.body;
    expect(created.headers.get('location')).toBe(`/v1/configurations/${configurationId}`);
    expect((await create('EDGE')).body).toMatchObject({ status: 409, code: 'configuration-exists' });
    const { items } = (await provider.get(`/v1/versions/${versionId}/configurations`)).body;
    expect(items).toMatchObject([{ configurationId, versionId, name: 'Edge', hosting: 'edge', status: 'draft', revision: 0 }]);
  });

  it('are drawn as a whole, by someone who has seen what is there, and come back with their positions', async () => {
    const { path, etag } = await blank('drawn');
    expect((await provider.put(`${path}/topology`, topology)).body).toMatchObject({ status: 428, code: 'precondition-required' });
    const drawn = await draw(path, topology, etag);
    expect([drawn.status, drawn.headers.get('etag')]).toEqual([200, '"8"']);
    expect((await draw(path, topology, etag)).body).toMatchObject({ status: 412, code: 'revision-mismatch' });
    expect((await draw(path, topology, '"8"')).headers.get('etag')).toBe('"8"');

    const read = await provider.get(path);
    expect(read.headers.get('etag')).toBe('"8"');
    expect(namesOf(read.body.topology.nodes as TopologyNode[])).toEqual(['mysql', 'schema', 'tomcat']);
    expect(read.body.topology.nodes[2]).toEqual(topology.nodes[0]);
    expect((await provider.get(`${path}/validation`)).body).toMatchObject({
      releasable: true,
      problems: [],
      waves: [['mysql'], ['schema'], ['tomcat']],
    });
  });

  it('refuse what is no graph and what would write down a secret, with everything that is wrong, and store nothing', async () => {
    const { path, etag } = await blank('broken');
    const answer = await draw(
      path,
      {
        nodes: [
          { serviceName: 'a', category: 'custom' },
          { serviceName: 'b', category: 'custom' },
          { serviceName: 'No_Name', category: 'custom' },
          { serviceName: 'db', category: 'third-party', preset: 'mysql', env: { MYSQL_ROOT_PASSWORD: 'hunter2' } },
        ],
        arrows: [
          { from: 'a', to: 'b' },
          { from: 'b', to: 'a' },
          { from: 'a', to: 'nowhere' },
        ],
      },
      etag,
    );
    expect(answer.body).toMatchObject({ status: 422, code: 'topology-invalid' });
    expect(wrong(answer)).toEqual([
      'service-name-invalid /nodes/2/serviceName',
      'node-missing /arrows/2/to',
      'cycle /arrows',
      'secret-literal /nodes/3/env/MYSQL_ROOT_PASSWORD',
    ]);
    expect(JSON.stringify(answer.body)).not.toContain('hunter2');
    expect((await provider.get(path)).body).toMatchObject({ revision: 0, topology: { nodes: [] } });
  });

  it('refuse documents of another shape', async () => {
    const { path, etag } = await blank('shape');
    const nodes = [{ serviceName: 'a', category: 'virtual', hostPort: true, env: { A: 1 }, ports: [{ internal: '80' }] }];
    const answer = await draw(path, { nodes, parameters: { p: { type: 'date' } }, colour: 'red' }, etag);
    expect(answer.body).toMatchObject({ status: 422, code: 'invalid-input' });
    expect(wrong(answer).sort()).toEqual([
      'not-one-of /nodes/0/category',
      'not-one-of /parameters/p/type',
      'required /nodes/0/ports/0/external',
      'required /nodes/0/ports/0/protocol',
      'unknown-field /colour',
      'unknown-field /nodes/0/hostPort',
      'wrong-type /nodes/0/env/A',
      'wrong-type /nodes/0/ports/0/internal',
    ]);
  });

  it('may have other problems while they are drafts, and say so', async () => {
    const { path, etag } = await blank('problems');
    await draw(path, { nodes: [{ serviceName: 'a', category: 'custom', env: { B: '${node.b.host}' } }] }, etag);
    const { releasable, problems } = (await provider.get(`${path}/validation`)).body;
    expect(releasable).toBe(false);
    expect(problems).toMatchObject([
      { code: 'image-missing', pointer: '/nodes/0/image' },
      { code: 'reference-unknown', pointer: '/nodes/0/env/B' },
    ]);
  });

  it('keep all settings of a node, whatever its kind', async () => {
    const { path, etag } = await blank('settings');
    const full = {
      nodes: [
        {
          serviceName: 'camera',
          category: 'custom',
          image: 'registry.example.com/shop/camera:1.0.0',
          cpu: { request: '100m', limit: '1' },
          memory: { request: '64Mi', limit: '128Mi' },
          replicas: 1,
          env: { DB: '${node.rds.uri}', ORDERS: '${service.orders.host}:${service.orders.port}', KEY: '${param.key}' },
          ports: [{ internal: 8554, external: 8554, protocol: 'UDP' }],
          serviceType: 'ClusterIP',
          command: ['/camera'],
          args: ['--fast'],
          workingDirectory: '/srv',
          userId: 1000,
          imagePullSecret: 'registry',
          healthCheck: { command: ['true'], initialDelaySeconds: 1, periodSeconds: 2, timeoutSeconds: 3, failureThreshold: 4 },
          readinessCheck: { http: { path: '/ready', port: 8554 } },
          hostNetwork: true,
          hostPaths: [{ containerPath: '/dev/video0', hostPath: '/dev/video0', type: 'CharDevice', readOnly: true }],
          storage: [{ identifier: 'films', containerPath: '/films', size: '10Gi' }],
          logDirectory: '/var/log/camera',
          position: { x: 0, y: 0 },
        },
        {
          serviceName: 'rds',
          category: 'cloud',
          cloud: { service: 'rds-mysql', plan: 'small', parameters: { version: '8.0', tags: ['a'] } },
        },
      ],
      arrows: [{ from: 'camera', to: 'rds' }],
      parameters: {
        key: { type: 'string', title: 'Key', required: true, secret: true, pattern: '^[A-Z]+$', minLength: 4, maxLength: 40 },
        level: { type: 'integer', minimum: 1, maximum: 9, default: '3', enum: ['1', '3', '9'] },
        mail: { type: 'string', format: 'email' },
      },
      secrets: {},
    };
    expect((await draw(path, full, etag)).status).toBe(200);
    expect((await provider.get(path)).body.topology).toEqual(full);
    expect((await provider.get(`${path}/validation`)).body).toMatchObject({ releasable: true, problems: [], warnings: [] });
  });

  it('are told what should be looked at, which is in nobody’s way', async () => {
    const { path, etag } = await blank('warnings');
    await draw(path, { nodes: [{ serviceName: 'a', category: 'custom', image: 'a:latest', userId: 0 }] }, etag);
    const { releasable, warnings } = (await provider.get(`${path}/validation`)).body;
    expect(releasable).toBe(true);
    expect(warnings).toMatchObject([
      { code: 'image-unpinned', pointer: '/nodes/0/image' },
      { code: 'user-is-root', pointer: '/nodes/0/userId' },
    ]);
  });

  it('are drawn part by part, each by someone who has seen what is there', async () => {
    const { path } = await blank('parts');
    let etag = '"0"';
    const change = async (method: 'put' | 'patch' | 'delete', part: string, body?: object) => {
      const answer =
        method === 'delete'
          ? await provider.delete(`${path}/${part}`, { 'if-match': etag })
          : await provider[method](`${path}/${part}`, body, { 'if-match': etag });
      etag = answer.headers.get('etag') ?? etag;
      return answer;
    };
    const web = { serviceName: 'web', category: 'custom', image: 'web:1', position: { x: 1, y: 2 } };
    const db = { serviceName: 'db', category: 'third-party', preset: 'redis' };
    expect((await provider.put(`${path}/nodes/web`, web)).body).toMatchObject({ status: 428 });
    expect((await change('put', 'nodes/web', web)).body).toMatchObject({ revision: 1, node: web });
    expect((await provider.put(`${path}/nodes/web`, web, { 'if-match': '"0"' })).body).toMatchObject({ status: 412 });
    expect((await change('put', 'nodes/other', web)).body).toMatchObject({
      status: 422,
      problems: [{ code: 'service-name-mismatch', pointer: '/serviceName' }],
    });
    await change('put', 'nodes/db', db);
    expect((await change('put', 'arrows/web/db')).body).toMatchObject({ revision: 3, arrow: { from: 'web', to: 'db' } });
    expect(wrong(await change('put', 'arrows/db/web'))).toEqual(['cycle /arrows']);
    expect((await change('patch', 'nodes/web/position', { x: 5, y: 5.5 })).body).toMatchObject({ position: { x: 5, y: 5.5 } });
    expect((await change('patch', 'nodes/nobody/position', { x: 5, y: 5 })).body).toMatchObject({
      status: 404,
      code: 'node-unknown',
    });
    expect((await change('put', 'parameters/mail', { type: 'string', format: 'email' })).body).toMatchObject({
      parameter: { format: 'email' },
    });
    expect((await change('put', 'secrets/smtp', { source: 'supplied' })).body).toMatchObject({ secret: { source: 'supplied' } });
    expect((await provider.get(path)).body).toMatchObject({
      revision: 6,
      topology: {
        nodes: [db, { ...web, position: { x: 5, y: 5.5 } }],
        arrows: [{ from: 'web', to: 'db' }],
        parameters: { mail: { type: 'string', format: 'email' } },
        secrets: { smtp: { source: 'supplied' } },
      },
    });
    expect((await change('delete', 'arrows/web/db')).body).toMatchObject({ revision: 7 });
    expect((await change('delete', 'arrows/web/db')).body).toMatchObject({ revision: 7 });
    await change('put', 'arrows/web/db');
    expect((await change('delete', 'nodes/db')).body).toMatchObject({ revision: 10, arrows: [{ from: 'web', to: 'db' }] });
    await change('delete', 'parameters/mail');
    await change('delete', 'secrets/smtp');
    expect((await provider.get(path)).body.topology).toMatchObject({
      nodes: [{ serviceName: 'web' }],
      arrows: [],
      parameters: {},
      secrets: {},
    });
    expect((await stranger.put(`${path}/nodes/web`, web, { 'if-match': etag })).status).toBe(404);
  });

  it('take topologies of megabytes, up to four', async () => {
    const { path, etag } = await blank('large');
    const nodes = (bytes: number) =>
      Array.from({ length: 20 }, (_, i) => ({
        serviceName: `n${i}`,
        category: 'custom',
        image: 'a:1',
        env: { A: 'x'.repeat(bytes / 20) },
      }));
    expect((await draw(path, { nodes: nodes(5_000_000) }, etag)).status).toBe(413);
    expect((await draw(path, { nodes: nodes(3_000_000) }, etag)).status).toBe(200);
    const tooMuchForOneNode = { nodes: [{ ...nodes(20)[0], env: { A: 'x'.repeat(300_000) } }] };
    expect((await draw(path, tooMuchForOneNode, '"20"')).body).toMatchObject({
      status: 422,
      problems: [{ code: 'node-too-large' }],
    });
  });

  it('are not there for another provider', async () => {
    const { path } = await blank('private');
    const foreign = await stranger.get(path);
    const missing = await stranger.get(`/v1/configurations/${MISSING}`);
    expect([foreign.status, { ...foreign.body, instance: '', detail: '' }]).toEqual([
      404,
      { ...missing.body, instance: '', detail: '' },
    ]);
    for (const answer of [
      await stranger.get(`${path}/validation`),
      await stranger.get(`${path}/as-of?revision=0`),
      await stranger.put(`${path}/topology`, topology, { 'if-match': '"0"' }),
      await stranger.get(`/v1/versions/${versionId}/configurations`),
      await stranger.post(`/v1/versions/${versionId}/configurations`, { name: 'x', hosting: 'edge' }),
    ]) {
      expect(answer.body).toMatchObject({ status: 404, code: 'not-found' });
    }
    expect((await marketplace.operator.get(path)).status).toBe(200);
  });

  it('tell how they were, and what differs', async () => {
    const { path, etag } = await blank('history');
    await draw(path, topology, etag);
    const [tomcat, ...others] = topology.nodes;
    await draw(path, { ...topology, nodes: [{ ...tomcat, image: 'registry.example.com/shop/tomcat:1.1.0' }, ...others] }, '"8"');
    expect((await provider.get(`${path}/as-of?revision=1`)).body).toMatchObject({ revision: 1, state: { arrows: {} } });
    expect((await provider.get(`${path}/difference?from=8`)).body.changes).toEqual([
      {
        op: 'changed',
        pointer: '/nodes/tomcat/image',
        before: 'registry.example.com/shop/tomcat:1.0.0',
        after: 'registry.example.com/shop/tomcat:1.1.0',
      },
    ]);
  });

  it('are offered a palette', async () => {
    const { categories, presets } = (await provider.get('/v1/node-presets')).body;
    expect(categories).toMatchObject(['custom', 'cloud', 'third-party', 'init'].map((category) => ({ category })));
    expect(presets).toHaveLength(12);
    expect(presets).toContainEqual(expect.objectContaining({ name: 'kafka', userId: 1000, stableStorage: true }));
  });

  it('are frozen by the release of their version, and copied into a version cloned from it', async () => {
    const drafted = await provider.post(`/v1/apps/${appId}/versions`, { number: '2.0.0', description: 'Two' });
    const second = drafted.body.versionId;
    const created = await provider.post(`/v1/versions/${second}/configurations`, { name: 'Edge', hosting: 'edge' });
    const path = created.headers.get('location')!;
    await draw(path, topology, '"0"');
    const { revisions, problems } = (await provider.get(`/v1/versions/${second}/review`)).body;
    expect([problems, revisions.configurations]).toEqual([[], [{ configurationId: created.body.configurationId, revision: 8 }]]);
    expect((await provider.post(`/v1/versions/${second}/release`, { reviewed: revisions })).status).toBe(200);

    expect((await draw(path, { nodes: [] }, '"8"')).body).toMatchObject({ status: 409, code: 'configuration-frozen' });
    await provider.until(path, ({ status, versionNumber }) => status === 'frozen' && versionNumber === '2.0.0');

    const cloned = await provider.post(`/v1/apps/${appId}/versions`, {
      number: '2.1.0',
      description: 'Clone',
      cloneFrom: second,
    });
    const { items } = (await provider.get(`/v1/versions/${cloned.body.versionId}/configurations`)).body;
    expect(items).toMatchObject([{ name: 'Edge', status: 'draft', revision: 8 }]);
    const copy = (await provider.get(`/v1/configurations/${items[0].configurationId}`)).body;
    expect(copy.topology).toEqual((await provider.get(path)).body.topology);
  });
});
