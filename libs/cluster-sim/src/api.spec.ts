import { RunningSim } from '../testing/running-sim';
import { deployment, job, namesOf, type SimClient } from '../testing/sim-client';

const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const SERVICES = '/api/v1/namespaces/default/services';
const JOBS = '/apis/batch/v1/namespaces/default/jobs';

const configMap = (name: string, data: Record<string, string> = {}, metadata: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  data,
});

describe('The API of the simulated cluster', () => {
  let running: RunningSim;
  let client: SimClient;

  beforeAll(async () => {
    running = await RunningSim.start({ watchHistory: 300 });
    client = running.client;
  });
  afterAll(async () => {
    await running.stop();
    expect(running.log).toEqual([]);
  });

  describe('asked by somebody', () => {
    it('without the token: answers 401, but tells its version and health', async () => {
      const url = running.cluster.url;
      const answer = await fetch(`${url}/api/v1/pods`);
      expect([answer.status, await answer.json()]).toEqual([
        401,
        expect.objectContaining({ message: 'Unauthorized', reason: 'Unauthorized' }),
      ]);
      expect((await fetch(`${url}/access/${'x'.repeat(43)}/api/v1/pods`)).status).toBe(401);
      expect((await fetch(`${url}/version`)).status).toBe(200);
      expect(await (await fetch(`${url}/readyz`)).text()).toBe('ok');
    });

    it('with the token in the path, as kubectl has it: answers', async () => {
      const answer = await fetch(`${running.cluster.url}/access/${running.cluster.token}/api/v1/namespaces?limit=1`);
      expect(answer.status).toBe(200);
    });
  });

  describe('discovery', () => {
    it('names every group and resource', async () => {
      const groups = await client.get('/apis');
      const names = groups.body.groups.map(({ name }: { name: string }) => name);
      expect(names).toEqual([
        'apps',
        'batch',
        'networking.k8s.io',
        'policy',
        'coordination.k8s.io',
        'discovery.k8s.io',
        'storage.k8s.io',
        'rbac.authorization.k8s.io',
      ]);
      const core = await client.get('/api/v1');
      expect(core.body.resources).toContainEqual(
        expect.objectContaining({ name: 'pods', kind: 'Pod', shortNames: ['po'], categories: ['all'] }),
      );
      expect((await client.get('/apis/apps/v1')).body.resources).toContainEqual(
        expect.objectContaining({ name: 'deployments/scale' }),
      );
    });
  });

  describe('errors', () => {
    it('says in Kubernetes’ words what is not there', async () => {
      expect((await client.get(`${DEPLOYMENTS}/x`)).body).toEqual({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: 'deployments.apps "x" not found',
        reason: 'NotFound',
        details: { name: 'x', group: 'apps', kind: 'deployments' },
        code: 404,
      });
      expect((await client.get('/api/v1/namespaces/default/widgets')).body.message).toBe(
        'the server could not find the requested resource',
      );
      expect((await client.post('/api/v1/namespaces/nowhere/configmaps', configMap('a'))).body.message).toBe(
        'namespaces "nowhere" not found',
      );
    });

    it('refuses a second object of the same name', async () => {
      await client.post(CONFIG_MAPS, configMap('twice'));
      const again = await client.post(CONFIG_MAPS, configMap('twice'));
      expect([again.status, again.body.reason, again.body.message]).toEqual([
        409,
        'AlreadyExists',
        'configmaps "twice" already exists',
      ]);
    });

    it('refuses an update of an older version', async () => {
      const { body: old } = await client.post(CONFIG_MAPS, configMap('old'));
      await client.patch(`${CONFIG_MAPS}/old`, { data: { a: '1' } });
      const answer = await client.put(`${CONFIG_MAPS}/old`, { ...old, data: { a: '2' } });
      expect([answer.status, answer.body.message]).toEqual([
        409,
        'Operation cannot be fulfilled on configmaps "old": the object has been modified; please apply your changes to the latest version and try again',
      ]);
      const { resourceVersion } = old.metadata;
      const applied = await client.apply(`${CONFIG_MAPS}/old`, {
        ...configMap('old'),
        metadata: { name: 'old', resourceVersion },
      });
      expect(applied.status).toBe(409);
    });

    it('does not bring back by an apply of a version what is deleted', async () => {
      const { body } = await client.apply(`${CONFIG_MAPS}/gone`, configMap('gone'));
      await client.delete(`${CONFIG_MAPS}/gone`);
      const metadata = { name: 'gone', resourceVersion: body.metadata.resourceVersion };
      expect((await client.apply(`${CONFIG_MAPS}/gone`, { ...configMap('gone'), metadata })).status).toBe(409);
      expect((await client.get(`${CONFIG_MAPS}/gone`)).status).toBe(404);
    });

    it('refuses what is no such object with 400', async () => {
      const replicas = await client.post(DEPLOYMENTS, deployment('bad', 'x', { replicas: '3' }));
      expect([replicas.status, replicas.body.message]).toEqual([
        400,
        'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field Deployment.spec.replicas of type int32',
      ]);
      for (const body of [
        'null',
        '[]',
        '{"a":',
        '{"metadata":{"labels":{"__proto__":"x"}}}',
        '{"metadata":[],"spec":{"template":{"spec":{"containers":[null]}}}}',
      ]) {
        expect([body, (await client.send('POST', DEPLOYMENTS, body)).status]).toEqual([body, 400]);
      }
      const quantity = await client.post(DEPLOYMENTS, deployment('bad', 'x', {}, { resources: { limits: { cpu: 'much' } } }));
      expect(quantity.body.message).toContain('quantities must match the regular expression');
      expect((await client.send('POST', CONFIG_MAPS, 'x', { 'content-type': 'text/plain' })).status).toBe(415);
    });

    it.each([
      [
        'a name',
        DEPLOYMENTS,
        deployment('Bad_Name', 'x'),
        'Deployment.apps "Bad_Name" is invalid: metadata.name: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain must consist of',
      ],
      [
        'a selector that selects something else',
        DEPLOYMENTS,
        deployment('a', 'x', { selector: { matchLabels: { app: 'b' } } }),
        'Deployment.apps "a" is invalid: spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`',
      ],
      [
        'requests above the limit',
        DEPLOYMENTS,
        deployment('a', 'x', {}, { resources: { requests: { memory: '2Gi' }, limits: { memory: '1Gi' } } }),
        'spec.template.spec.containers[0].resources.requests: Invalid value: "2Gi": must be less than or equal to memory limit of 1Gi',
      ],
      [
        'a volume that is not declared',
        DEPLOYMENTS,
        deployment('a', 'x', {}, { volumeMounts: [{ name: 'v', mountPath: '/v' }] }),
        'spec.template.spec.containers[0].volumeMounts[0].name: Not found: "v"',
      ],
      [
        'a Job that restarts always',
        JOBS,
        job('a', 'x', { template: { spec: { restartPolicy: 'Always', containers: [{ name: 'a', image: 'x' }] } } }),
        'Job.batch "a" is invalid: spec.template.spec.restartPolicy: Unsupported value: "Always": supported values: "OnFailure", "Never"',
      ],
      [
        'a node port out of range',
        SERVICES,
        {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name: 'a' },
          spec: { type: 'NodePort', ports: [{ port: 80, nodePort: 80 }] },
        },
        'Service "a" is invalid: spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767',
      ],
    ])('refuses with 422 %s', async (_what, path, body, message) => {
      const answer = await client.post(path, body);
      expect([answer.status, answer.body.reason]).toEqual([422, 'Invalid']);
      expect(answer.body.message).toContain(message);
      expect(answer.body.details.causes.length).toBeGreaterThan(0);
    });

    it('refuses to change what is immutable', async () => {
      await client.apply(`${JOBS}/fixed`, job('fixed', 'x'));
      const changed = await client.apply(`${JOBS}/fixed`, job('fixed', 'y'));
      expect([changed.status, changed.body.message]).toEqual([422, expect.stringContaining('field is immutable')]);
      await client.apply(`${DEPLOYMENTS}/fixed`, deployment('fixed', 'x'));
      const selector = await client.patch(`${DEPLOYMENTS}/fixed`, {
        spec: { selector: { matchLabels: { app: 'fixed', b: 'c' } } },
      });
      expect(selector.body.message).toContain('spec.selector: Invalid value:');
    });
  });

  describe('server-side apply', () => {
    it('creates, changes, and does nothing when nothing changes', async () => {
      const path = `${DEPLOYMENTS}/applied`;
      const created = await client.apply(path, deployment('applied', 'x', { replicas: 0 }));
      expect([created.status, created.body.metadata.generation]).toEqual([201, 1]);
      await client.until(path, ({ status }) => status.observedGeneration === 1 && status.conditions.length === 2);
      const before = (await client.get(path)).body.metadata.resourceVersion;
      const again = await client.apply(path, deployment('applied', 'x', { replicas: 0 }));
      expect([again.status, again.body.metadata.resourceVersion]).toEqual([200, before]);
      const changed = await client.apply(path, deployment('applied', 'y', { replicas: 0 }));
      expect([changed.body.metadata.generation, changed.body.spec.template.spec.containers[0].image]).toEqual([2, 'y']);
    });

    it('reads YAML', async () => {
      const yaml = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: yaml}\ndata: {a: "1"}\n';
      expect((await client.apply(`${CONFIG_MAPS}/yaml`, yaml)).body.data).toEqual({ a: '1' });
    });

    it('tells a conflict, and takes by force', async () => {
      const path = `${CONFIG_MAPS}/shared`;
      await client.apply(path, configMap('shared', { a: '1' }), 'one');
      const conflict = await client.apply(path, configMap('shared', { a: '2' }), 'two');
      expect([conflict.status, conflict.body.message, conflict.body.details.causes]).toEqual([
        409,
        'Apply failed with 1 conflict: conflict with "one": .data.a',
        [{ reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.data.a' }],
      ]);
      expect((await client.apply(path, configMap('shared', { a: '2' }), 'two', true)).body.data).toEqual({ a: '2' });
    });

    it('wants a manager, and the name that the URL has', async () => {
      const nameless = await client.send('PATCH', `${CONFIG_MAPS}/a`, configMap('a'), {
        'content-type': 'application/apply-patch+yaml',
      });
      expect(nameless.status).toBe(400);
      expect((await client.apply(`${CONFIG_MAPS}/a`, configMap('b'))).body.message).toBe(
        'the name of the object (b) does not match the name on the URL (a)',
      );
    });

    it('encodes what a Secret states as text, and forgets it when it is stated no more', async () => {
      const path = '/api/v1/namespaces/default/secrets/s';
      const secret = (stringData: object): object => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, stringData });
      expect((await client.apply(path, secret({ a: 'b', c: 'd' }))).body.data).toEqual({ a: 'Yg==', c: 'ZA==' });
      expect((await client.apply(path, secret({ a: 'b' }))).body).toMatchObject({ type: 'Opaque', data: { a: 'Yg==' } });
    });
  });

  describe('other writes', () => {
    it('answer what they would do on a dry run, and do not', async () => {
      const answer = await client.post(`${CONFIG_MAPS}?dryRun=All`, configMap('dry'));
      expect([answer.status, (await client.get(`${CONFIG_MAPS}/dry`)).status]).toEqual([201, 404]);
    });

    it('change nothing when they say nothing new', async () => {
      const { body } = await client.post(CONFIG_MAPS, configMap('still', { a: '1' }));
      const put = await client.put(`${CONFIG_MAPS}/still`, body);
      const patched = await client.patch(`${CONFIG_MAPS}/still`, { data: { a: '1' } });
      expect([put.body.metadata.resourceVersion, patched.body.metadata.resourceVersion]).toEqual([
        body.metadata.resourceVersion,
        body.metadata.resourceVersion,
      ]);
    });

    it('patch in every dialect', async () => {
      await client.post(CONFIG_MAPS, configMap('patched', { a: '1' }));
      const path = `${CONFIG_MAPS}/patched`;
      await client.patch(path, { data: { b: '2' } });
      await client.patch(path, [{ op: 'add', path: '/data/c', value: '3' }], 'json');
      const { body } = await client.patch(path, { data: { a: null } }, 'strategic-merge');
      expect(body.data).toEqual({ b: '2', c: '3' });
    });

    it('keep spec and status apart', async () => {
      await client.apply(`${DEPLOYMENTS}/parts`, deployment('parts', 'x', { replicas: 0 }));
      const { body } = await client.patch(`${DEPLOYMENTS}/parts`, { status: { replicas: 99 } });
      expect(body.status.replicas).not.toBe(99);
      const status = await client.patch(`${DEPLOYMENTS}/parts/status`, { spec: { replicas: 7 }, status: { collisionCount: 1 } });
      expect([status.body.spec.replicas, status.body.status.collisionCount]).toEqual([0, 1]);
    });

    it('give names, node ports and addresses', async () => {
      const { body } = await client.post(CONFIG_MAPS, { metadata: { generateName: 'made-' } });
      expect(body.metadata.name).toMatch(/^made-[a-z0-9]{5}$/);
      const service = { metadata: { name: 'given' }, spec: { type: 'NodePort', ports: [{ port: 80 }] } };
      const created = (await client.post(SERVICES, service)).body.spec;
      expect(created.clusterIP).toMatch(/^10\.96\./);
      expect(created.ports[0].nodePort).toBeGreaterThanOrEqual(30000);
      const { nodePort } = created.ports[0];
      const taken = { metadata: { name: 'taken' }, spec: { type: 'NodePort', ports: [{ port: 80, nodePort }] } };
      expect((await client.post(SERVICES, taken)).body.message).toContain('provided port is already allocated');
      const applied = {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'given' },
        spec: { type: 'NodePort', ports: [{ port: 80, targetPort: 8080 }] },
      };
      const { body: kept } = await client.apply(`${SERVICES}/given`, applied, 'souk', true);
      expect(kept.spec.ports).toEqual([expect.objectContaining({ nodePort, targetPort: 8080 })]);
    });
  });

  describe('lists', () => {
    it('select by labels and fields, and come in pages', async () => {
      for (const name of ['l1', 'l2', 'l3'])
        await client.post(CONFIG_MAPS, configMap(name, {}, { labels: { list: 'yes', n: name } }));
      expect(namesOf((await client.get(`${CONFIG_MAPS}?labelSelector=list%3Dyes,n+notin+(l2)`)).body)).toEqual(['l1', 'l3']);
      expect(namesOf((await client.get(`${CONFIG_MAPS}?fieldSelector=metadata.name%3Dl2`)).body)).toEqual(['l2']);
      const first = await client.get(`${CONFIG_MAPS}?labelSelector=list&limit=2`);
      expect(namesOf(first.body)).toEqual(['l1', 'l2']);
      const rest = await client.get(
        `${CONFIG_MAPS}?labelSelector=list&limit=2&continue=${first.body.metadata.continue as string}`,
      );
      expect([namesOf(rest.body), rest.body.metadata.continue]).toEqual([['l3'], undefined]);
      expect((await client.get(`${CONFIG_MAPS}?fieldSelector=data.a%3D1`)).status).toBe(400);
    });

    it('come as tables', async () => {
      const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
      const { body } = await client.get('/api/v1/nodes', { accept });
      expect(body.kind).toBe('Table');
      expect(body.rows.map(({ cells }: { cells: string[] }) => cells.slice(0, 2))).toEqual([
        ['edge-1', 'Ready'],
        ['edge-2', 'Ready'],
        ['edge-3', 'Ready'],
      ]);
    });
  });

  describe('watches', () => {
    it('begin with what there is, then tell what happens, with the selector', async () => {
      await client.post(CONFIG_MAPS, configMap('w1', {}, { labels: { watch: 'a' } }));
      const events = await client.watch(
        `${CONFIG_MAPS}?labelSelector=watch%3Da`,
        (seen) => seen.length >= 5,
        async () => {
          await client.post(CONFIG_MAPS, configMap('other'));
          await client.post(CONFIG_MAPS, configMap('w2', {}, { labels: { watch: 'a' } }));
          await client.patch(`${CONFIG_MAPS}/w2`, { data: { x: 'y' } });
          await client.patch(`${CONFIG_MAPS}/w2`, { metadata: { labels: { watch: 'b' } } });
          await client.delete(`${CONFIG_MAPS}/w1`);
        },
      );
      expect(events.map(({ type, object }) => [type, object.metadata.name])).toEqual([
        ['ADDED', 'w1'],
        ['ADDED', 'w2'],
        ['MODIFIED', 'w2'],
        ['DELETED', 'w2'],
        ['DELETED', 'w1'],
      ]);
      const versions = events.slice(1).map(({ object }) => Number(object.metadata.resourceVersion));
      expect(versions).toEqual([...versions].sort((a, b) => a - b));
    });

    it('go on from a version, and end in time with a bookmark', async () => {
      const { body: list } = await client.get(CONFIG_MAPS);
      await client.post(CONFIG_MAPS, configMap('later'));
      const path = `${CONFIG_MAPS}?resourceVersion=${list.metadata.resourceVersion as string}&timeoutSeconds=1&allowWatchBookmarks=true`;
      const events = await client.watch(path, () => false);
      expect(events.map(({ type, object }) => [type, object.metadata.name])).toEqual([
        ['ADDED', 'later'],
        ['BOOKMARK', undefined],
      ]);
      expect(Number(events[1]!.object.metadata.resourceVersion)).toBeGreaterThanOrEqual(
        Number(events[0]!.object.metadata.resourceVersion),
      );
    });

    it('say where the beginning ends when they are asked for it', async () => {
      const path = `${CONFIG_MAPS}?sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan`;
      const events = await client.watch(path, (seen) => seen.at(-1)?.type === 'BOOKMARK');
      expect(events.at(-1)!.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
    });

    it('answer 410 to a version that is too old', async () => {
      const { body: list } = await client.get(CONFIG_MAPS);
      for (let n = 0; n < 301; n++) await client.patch(`${CONFIG_MAPS}/later`, { data: { n: String(n) } });
      const events = await client.watch(`${CONFIG_MAPS}?resourceVersion=${list.metadata.resourceVersion as string}`, () => false);
      expect(events).toEqual([
        {
          type: 'ERROR',
          object: expect.objectContaining({
            code: 410,
            reason: 'Expired',
            message: expect.stringContaining('too old resource version'),
          }),
        },
      ]);
    });
  });

  describe('deletes', () => {
    it('only what the preconditions name', async () => {
      const { body } = await client.post(CONFIG_MAPS, configMap('guarded'));
      const wrong = await client.delete(`${CONFIG_MAPS}/guarded`, { preconditions: { uid: 'another' } });
      expect([wrong.status, wrong.body.message]).toEqual([
        409,
        `Operation cannot be fulfilled on configmaps "guarded": Precondition failed: UID in precondition: another, UID in object meta: ${body.metadata.uid as string}`,
      ]);
      const right = await client.delete(`${CONFIG_MAPS}/guarded`, { preconditions: { uid: body.metadata.uid } });
      expect(right.body).toMatchObject({ kind: 'Status', status: 'Success', details: { name: 'guarded', kind: 'configmaps' } });
    });

    it('wait for finalizers', async () => {
      await client.post(CONFIG_MAPS, configMap('held', {}, { finalizers: ['souk.dev/hold'] }));
      expect((await client.delete(`${CONFIG_MAPS}/held`)).body.metadata.deletionTimestamp).toBeDefined();
      expect((await client.get(`${CONFIG_MAPS}/held`)).status).toBe(200);
      await client.patch(`${CONFIG_MAPS}/held`, { metadata: { finalizers: null } });
      expect((await client.get(`${CONFIG_MAPS}/held`)).status).toBe(404);
    });

    it('take a collection by selector', async () => {
      await client.delete(`${CONFIG_MAPS}?labelSelector=list%3Dyes`);
      expect(namesOf((await client.get(`${CONFIG_MAPS}?labelSelector=list%3Dyes`)).body)).toEqual([]);
    });
  });

  describe('a namespace', () => {
    it('is emptied before it goes, and takes nothing new meanwhile', async () => {
      await client.post('/api/v1/namespaces', { metadata: { name: 'shop' } });
      const maps = '/api/v1/namespaces/shop/configmaps';
      await client.post(maps, configMap('held', {}, { finalizers: ['souk.dev/hold'] }));
      await client.apply('/apis/apps/v1/namespaces/shop/deployments/web', deployment('web', 'nginx'));
      await client.until('/api/v1/namespaces/shop/pods', ({ items }) => items[0].status.phase === 'Running');
      expect((await client.delete('/api/v1/namespaces/shop')).body.status.phase).toBe('Terminating');
      const refused = await client.post(maps, configMap('new'));
      expect([refused.status, refused.body.message]).toEqual([
        403,
        'configmaps "new" is forbidden: unable to create new content in namespace shop because it is being terminated',
      ]);
      await client.until('/api/v1/namespaces/shop/pods', ({ items }) => items.length === 0);
      expect((await client.get('/api/v1/namespaces/shop')).status).toBe(200);
      await client.patch(`${maps}/held`, { metadata: { finalizers: [] } });
      await client.until('/api/v1/namespaces/shop', ({ code }) => code === 404);
    });

    it('of the system stays', async () => {
      expect((await client.delete('/api/v1/namespaces/default')).body.message).toBe(
        'namespaces "default" is forbidden: this namespace may not be deleted',
      );
    });

    it('gives no more than its quota', async () => {
      await client.post('/api/v1/namespaces', { metadata: { name: 'small' } });
      const quota = { metadata: { name: 'q' }, spec: { hard: { 'requests.memory': '1Gi', pods: '3' } } };
      await client.post('/api/v1/namespaces/small/resourcequotas', quota);
      const container = { resources: { requests: { memory: '600Mi' } } };
      const path = '/apis/apps/v1/namespaces/small/deployments/web';
      await client.apply(path, deployment('web', 'nginx', { replicas: 2 }, container));
      const { status } = await client.until(path, (body) =>
        body.status.conditions?.some(({ type }: { type: string }) => type === 'ReplicaFailure'),
      );
      expect(status.conditions.find(({ type }: { type: string }) => type === 'ReplicaFailure').message).toMatch(
        /^pods "web-.*" is forbidden: exceeded quota: q, requested: requests.memory=600Mi, used: requests.memory=600Mi, limited: requests.memory=1Gi$/,
      );
      await client.until('/api/v1/namespaces/small/resourcequotas/q', (body) => body.status.used['requests.memory'] === '600Mi');
    });
  });

  describe('its own routes', () => {
    it('show the configuration and change the conduct of images', async () => {
      const image = encodeURIComponent('registry/shop/*');
      expect((await client.put(`/sim/v1/images/${image}`, { behaviour: 'fly' })).status).toBe(400);
      expect((await client.put(`/sim/v1/images/${image}`, { behaviour: 'slow', startupMs: 5 })).status).toBe(200);
      expect((await client.get('/sim/v1/config')).body).toMatchObject({
        startupMs: 100,
        images: { 'registry/shop/*': { behaviour: 'slow', startupMs: 5 } },
      });
      expect((await client.send('DELETE', `/sim/v1/images/${image}`)).status).toBe(204);
      expect((await client.get('/sim/v1/config')).body.images).toEqual({});
    });
  });
});
