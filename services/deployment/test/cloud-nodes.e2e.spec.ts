import { platformTenant } from '@souk/contracts';
import { TestBroker } from '@souk/managed-resources/testing';
import { SecretVault } from '@souk/secrets';
import type { Topology, TopologyNode } from '@souk/topology';
import { CloudResources } from '../src/application/cloud/cloud-resources';
import { CloudProviders } from '../src/application/cloud/cloud-providers';
import { ServiceBrokers } from '../src/application/cloud/service-brokers';
import type { KnownInstance } from '../src/domain/instances/instance';
import { ids, tomcat } from './sample';
import { type Answer, World } from './world';

const database = (plan: string, service = 'broker-postgresql'): TopologyNode => ({
  serviceName: 'rds',
  category: 'cloud',
  cloud: { service, plan },
});

const web = (env: Record<string, string>): TopologyNode => ({ ...tomcat, serviceName: 'web', replicas: 1, env });
const reading = web({ DB_URL: '${node.rds.uri}', DB_HOST: '${node.rds.host}', GREETING: 'hello' });

const app = (...nodes: TopologyNode[]): Topology => ({
  nodes,
  arrows: nodes.length > 1 ? [{ from: 'web', to: 'rds' }] : [],
  parameters: {},
  secrets: {},
});

const versions = {
  small: 'ver_01J00000000000000000000001',
  otherImage: 'ver_01J00000000000000000000002',
  large: 'ver_01J00000000000000000000003',
  without: 'ver_01J00000000000000000000004',
  fixed: 'ver_01J00000000000000000000005',
  unknown: 'ver_01J00000000000000000000006',
  wrongField: 'ver_01J00000000000000000000007',
  simulated: 'ver_01J00000000000000000000008',
  filledIn: 'ver_01J00000000000000000000009',
};

const settings = {
  allowedClusterAddresses: ['127.0.0.0/8'],
  cloudPollMs: { first: 5, longest: 50 },
  cloudCallTimeoutMs: 2_000,
  simulatedCloudMs: 20,
  trialCloudPlans: ['broker-postgresql/huge'],
};

describe('A cloud node', () => {
  let world: World;
  let broker: TestBroker;
  let brokerPath: string;
  beforeAll(async () => {
    broker = await TestBroker.start({ polls: 2 });
    world = await World.open({}, settings);
    const { add } = { add: world.neighbours.app.add.bind(world.neighbours.app) };
    add(versions.otherImage, '1.1.0', app(database('small'), { ...reading, image: 'registry.example/shop/tomcat:1.1.0' }));
    add(versions.large, '1.2.0', app(database('large'), reading));
    add(versions.without, '1.3.0', app(web({ GREETING: 'alone' })));
    add(versions.fixed, '1.4.0', app(database('fixed'), reading));
    add(versions.unknown, '1.5.0', app(database('huge'), reading));
    add(versions.wrongField, '1.6.0', app(database('small'), web({ DB_URL: '${node.rds.url}' })));
    add(versions.simulated, '1.7.0', app(database('small', 'simulated-postgresql'), reading));
    const cloud = {
      service: 'broker-postgresql',
      plan: 'small',
      parameters: { storageGB: '${param.size}', name: '${param.name}' },
    };
    const parameters = { size: { type: 'integer', default: '20' }, name: { type: 'string' } } as const;
    add(versions.filledIn, '1.8.0', { ...app({ ...database('small'), cloud }, reading), parameters });
    add(versions.small, '1.0.0', app(database('small'), reading));
  });
  afterAll(async () => {
    await world.close();
    await broker.stop();
  });

  const credentials = { kind: 'basic', username: 'souk', password: 'broker-password' };
  const register = (body: object) => world.request('operator', 'POST', '/v1/service-brokers', body);
  const purchase = (name: string, versionId = versions.small) => world.purchase(name, { versionId, parameters: {} });
  const upgrade = async (instanceId: string, versionId: string): Promise<string> => {
    // The record of an operation ends before its instance knows.
    await world.atRest(instanceId);
    const { body } = await world.request('buyer', 'POST', `/v1/instances/${instanceId}/upgrade`, { versionId });
    return body.operationId;
  };
  const remove = async (instanceId: string): Promise<Answer['body']> => {
    const { body } = await world.request('buyer', 'DELETE', `/v1/instances/${instanceId}`);
    await world.reaches(instanceId, 'deleted');
    return world.record(body.operationId, ({ status }) => status === 'succeeded');
  };
  const variables = async (instanceId: string): Promise<Record<string, string>> => {
    const secret = (await world.objects(instanceId, 'Secret')).get('Secret/souk-env-web');
    const data = (secret?.['data'] ?? {}) as Record<string, string>;
    return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));
  };
  const vaulted = (instanceId: string, attempt = 1) =>
    world.part(SecretVault).get(ids.buyer, `instance/${instanceId}/binding/rds/${attempt}`);

  describe('of a broker', () => {
    it('that an operator registers, which is asked at once', async () => {
      const created = await register({ name: 'databases', url: broker.url, credentials });
      expect(created).toMatchObject({ status: 201, body: { name: 'databases' } });
      brokerPath = created.headers['location']!;
      const { body } = await world.request('operator', 'GET', '/v1/service-brokers');
      expect(body.items).toMatchObject([{ name: 'databases', url: broker.url, authentication: 'basic' }]);
      expect(JSON.stringify(body)).not.toContain('broker-password');
      expect(await world.request('provider', 'GET', '/v1/service-brokers')).toMatchObject({ status: 403 });
    });

    it('but not one that offers what others do, or none at all', async () => {
      const twice = await register({ name: 'again', url: broker.url, credentials });
      expect(twice.body).toMatchObject({ status: 409, code: 'cloud-service-taken' });
      const wrong = await register({ name: 'wrong', url: broker.url, credentials: { ...credentials, password: 'x' } });
      expect(wrong.body).toMatchObject({ status: 422, code: 'service-broker-refused' });
      const half = await register({ name: 'half', url: broker.url, credentials: { kind: 'bearer' } });
      expect(half.body.problems).toMatchObject([{ code: 'wrong-credentials' }]);
      const link = await register({ name: 'link', url: 'https://169.254.169.254', credentials });
      expect(link.body).toMatchObject({ status: 422, code: 'service-broker-refused' });
      expect(link.body.detail).toContain('where no broker may be');
      const plain = await register({ name: 'plain', url: 'http://10.0.0.1', credentials });
      expect(plain.body.detail).toContain('https://');
      const elsewhere = await register({ name: 'elsewhere', url: `${broker.url}//10.0.0.1`, credentials });
      expect(elsewhere.body.detail).toContain('"//"');
    });

    it('has its services in the catalogue of all', async () => {
      const { body } = await world.request('provider', 'GET', '/v1/cloud-services');
      expect(body.items.map(({ service }: { service: string }) => service)).toEqual([
        'simulated-mysql',
        'simulated-postgresql',
        'simulated-redis',
        'broker-postgresql',
      ]);
      expect(body.items[3].plans[2]).toMatchObject({ plan: 'fixed', updatable: false, bindable: true });
    });
  });

  describe('in an instance', () => {
    let instanceId: string;

    it('is there before whoever depends on it is touched, and is no object on the cluster', async () => {
      instanceId = await purchase('shop');
      const instance = await world.reaches(instanceId, 'running');
      const record = await world.record(instance.operationId, ({ status }) => status === 'succeeded');
      expect(record.steps.map(({ type, node }: { type: string; node?: string }) => (node ? `${type} ${node}` : type))).toEqual([
        'OperationStarted',
        'CredentialBound',
        'ResourceRequested rds',
        // Whoever makes it does not wait for who waits for it.
        ...[expect.anything(), expect.anything(), expect.anything()],
        'ResourceProvisioned rds',
        'ResourceBound rds',
        'NodeBecameReady rds',
        'NodeApplied web',
        'NodeBecameReady web',
        'OperationSucceeded',
      ]);
      expect(instance.nodes[0]).toEqual({
        serviceName: 'rds',
        state: 'ready',
        cloud: { service: 'broker-postgresql', plan: 'small', state: 'bound' },
        addresses: [],
      });
      expect([...(await world.objects(instanceId, 'Deployment', 'Service', 'Secret')).keys()].join()).not.toContain('rds');
      expect(broker.instances.size).toBe(1);
    });

    it('gives its credentials to who refers to them, and to nobody else', async () => {
      const { DB_URL: uri = '', DB_HOST: host } = await variables(instanceId);
      expect([uri, host]).toEqual([
        expect.stringMatching(/^postgresql:\/\/app:password-\d+@db\.example:5432\/app$/),
        'db.example',
      ]);
      const password = /password-\d+/.exec(uri)![0];
      expect(await vaulted(instanceId)).toContain(password);
      const { operationId } = (await world.request('buyer', 'GET', `/v1/instances/${instanceId}`)).body;
      for (const path of ['', '/operations', '/as-of'])
        expect(JSON.stringify(await world.request('buyer', 'GET', `/v1/instances/${instanceId}${path}`))).not.toContain(password);
      expect(JSON.stringify(await world.request('buyer', 'GET', `/v1/operations/${operationId}`))).not.toContain(password);
      const [deployment] = (await world.objects(instanceId, 'Deployment')).values();
      expect(JSON.stringify(deployment)).not.toContain(password);
    });

    it('is left alone by an upgrade that does not change it', async () => {
      const calls = broker.calls.length;
      const operationId = await upgrade(instanceId, versions.otherImage);
      await world.record(operationId, ({ status }) => status === 'succeeded');
      expect(await world.steps(operationId)).toEqual([
        'OperationStarted',
        'CredentialBound',
        'NodeBecameReady rds',
        'NodeApplied web',
        'NodeBecameReady web',
        'OperationSucceeded',
      ]);
      expect(broker.calls.length).toBe(calls);
    });

    it('gets another plan where its provider allows it', async () => {
      const before = await variables(instanceId);
      const operationId = await upgrade(instanceId, versions.large);
      await world.record(operationId, ({ status }) => status === 'succeeded');
      expect([...broker.instances.values()].map(({ planId }) => planId)).toEqual(['plan-large']);
      expect(await variables(instanceId)).toEqual(before);
      const { nodes } = await world.atRest(instanceId);
      expect(nodes[0].cloud).toEqual({ service: 'broker-postgresql', plan: 'large', state: 'bound' });
    });

    it('stays as it was where a change can’t be done, and the upgrade goes back', async () => {
      broker.goesWrong({ method: 'PATCH', when: 'before', status: 422, body: '{"description":"no room for that"}' });
      const operationId = await upgrade(instanceId, versions.fixed);
      const record = await world.record(operationId, ({ status }) => status === 'rolled-back');
      expect(record).toMatchObject({ code: 'cloud-refused', failedNode: 'rds' });
      expect(record.failure).toContain('its provider refuses');
      expect(JSON.stringify(record)).not.toContain('no room for that');
      expect([...broker.instances.values()].map(({ planId }) => planId)).toEqual(['plan-large']);
    });

    it('goes when a version without it runs, and not before', async () => {
      const operationId = await upgrade(instanceId, versions.without);
      const record = await world.record(operationId, ({ steps }) =>
        steps.some(({ type }: { type: string }) => type === 'ResourceDeprovisioned'),
      );
      const types = record.steps.map(({ type }: { type: string }) => type);
      expect(types.slice(types.indexOf('OperationSucceeded'))).toEqual([
        'OperationSucceeded',
        'ResourceReleased',
        'ResourceUnbound',
        'ResourceDeprovisioned',
      ]);
      expect(broker.instances.size).toBe(0);
      expect(await vaulted(instanceId)).toBeUndefined();
      await remove(instanceId);
    });
  });

  it('goes with its instance: unbound, deprovisioned, looked after, forgotten', async () => {
    const instanceId = await purchase('short-lived');
    await world.reaches(instanceId, 'running');
    expect(await world.request('operator', 'DELETE', brokerPath)).toMatchObject({
      status: 409,
      body: { code: 'service-broker-in-use' },
    });
    await remove(instanceId);
    expect([broker.instances.size, broker.bindings]).toEqual([0, 0]);
    expect(broker.calls.at(-1)).toMatchObject({ method: 'GET' });
    expect(await vaulted(instanceId)).toBeUndefined();
  });

  it('is made with what the buyer has filled in, which stands in no history of it', async () => {
    const instanceId = await world.purchase('filled in', { versionId: versions.filledIn, parameters: { name: 'Anna' } });
    await world.reaches(instanceId, 'running');
    expect([...broker.instances.values()].map(({ parameters }) => parameters)).toEqual(['{"storageGB":20,"name":"Anna"}']);
    const [resource] = (await world.part(CloudResources).of(instanceId)).byNode.values();
    expect(resource!.spec.parameters).toEqual({ storageGB: '${param.size}', name: '${param.name}' });
    expect(JSON.stringify(resource)).not.toContain('Anna');
    await remove(instanceId);
  });

  it('is not made for an instance that is gone, whoever asks late', async () => {
    const instanceId = await purchase('frozen');
    const { operationId } = await world.reaches(instanceId, 'running');
    await remove(instanceId);
    const resources = world.part(CloudResources);
    const before = await resources.of(instanceId);
    const parties = { ownerTenant: ids.buyer, providerTenant: ids.provider };
    const spec = { service: 'broker-postgresql', plan: 'small', parameters: {}, specHash: 'h' };
    await resources.want({ instanceId, ...parties } as KnownInstance, operationId, 'rds', spec);
    expect(await resources.of(instanceId)).toEqual(before);
    expect(before.closed).toBe(true);
    const alone = await purchase('without any', versions.without);
    await world.reaches(alone, 'running');
    await remove(alone);
    expect((await resources.of(alone)).closed).toBeUndefined();
  });

  it('that is being made goes as well, when the instance is deleted meanwhile', async () => {
    broker.configure({ polls: 1_000_000 });
    const instanceId = await purchase('refunded');
    await world.until(instanceId, ({ nodes }) => nodes[0]?.cloud?.state === 'provisioning');
    await world.request('buyer', 'DELETE', `/v1/instances/${instanceId}`);
    await world.until(instanceId, ({ nodes }) => nodes[0].cloud.state === 'leaving');
    broker.configure({ polls: 1 });
    broker.hurry();
    await world.reaches(instanceId, 'deleted');
    expect(broker.instances.size).toBe(0);
  });

  it('is made once, though the answer got lost; what may have been made goes', async () => {
    broker.configure({ polls: 1 });
    broker.goesWrong({ method: 'PUT', path: 'service_instances', when: 'cut' });
    broker.goesWrong({ method: 'PUT', path: 'service_bindings', when: 'after', status: 500 });
    const instanceId = await purchase('unlucky');
    const instance = await world.reaches(instanceId, 'running');
    const steps = await world.steps(instance.operationId);
    expect(steps.filter((step) => step === 'ResourceRequested rds')).toHaveLength(3);
    expect([broker.instances.size, broker.bindings]).toEqual([1, 1]);
    await remove(instanceId);
    expect([broker.instances.size, broker.bindings]).toEqual([0, 0]);
  });

  it('is found again by the next process', async () => {
    broker.configure({ polls: 1_000_000 });
    const instanceId = await purchase('restarted');
    await world.until(instanceId, ({ nodes }) => nodes[0]?.cloud?.state === 'provisioning');
    await world.stop();
    broker.hurry();
    broker.configure({ polls: 1 });
    await world.start(settings);
    await world.reaches(instanceId, 'running');
    expect(broker.instances.size).toBe(1);
    await remove(instanceId);
  });

  it('goes although the cluster of its instance is gone', async () => {
    const instanceId = await purchase('stranded');
    await world.reaches(instanceId, 'running');
    await world.stopCluster();
    await world.request('buyer', 'DELETE', `/v1/instances/${instanceId}`);
    await world.until(instanceId, ({ nodes }) => nodes[0].cloud === undefined);
    expect([broker.instances.size, broker.bindings]).toEqual([0, 0]);
    expect((await world.until(instanceId, () => true)).status).toBe('deleting');
    await world.startCluster();
    await world.reaches(instanceId, 'deleted');
  });

  it('whose provider hangs holds up nobody else, on the same cluster or in another cloud', async () => {
    broker.goesWrong({ method: 'PUT', when: 'hang' });
    const hanging = await purchase('hanging');
    await world.until(hanging, ({ nodes }) => nodes[0]?.cloud !== undefined);
    const other = await purchase('meanwhile', versions.without);
    await world.reaches(other, 'running');
    const { steps } = (await world.request('buyer', 'GET', `/v1/instances/${hanging}/operations`)).body.items[0];
    expect(steps.map(({ type }: { type: string }) => type)).not.toContain('ResourceBound');
    await world.reaches(hanging, 'running');
    expect(broker.instances.size).toBe(1);
    await Promise.all([remove(hanging), remove(other)]);
    expect(broker.instances.size).toBe(0);
  });

  it('that its provider rejects ends the operation in our words, and leaves nothing', async () => {
    broker.goesWrong({ method: 'PUT', when: 'before', status: 400, body: '{"description":"no such region"}' });
    const instanceId = await purchase('rejected');
    const instance = await world.reaches(instanceId, 'degraded');
    expect(instance.lastFailure).toMatchObject({ code: 'cloud-refused', node: 'rds' });
    expect(instance.lastFailure.reason).toContain('its provider refuses');
    const record = await world.record(instance.operationId, () => true);
    expect(JSON.stringify([instance, record])).not.toContain('no such region');
    expect(broker.instances.size).toBe(0);
    await remove(instanceId);
  });

  it('that can’t be made is thrown away before that is said', async () => {
    broker.nextOperationsFail();
    const instanceId = await purchase('failing');
    await world.reaches(instanceId, 'degraded');
    expect(broker.instances.size).toBe(0);
    await remove(instanceId);
  });

  it('without a credential that somebody refers to ends the operation', async () => {
    const instanceId = await purchase('misspelt', versions.wrongField);
    const { lastFailure } = await world.reaches(instanceId, 'degraded');
    expect(lastFailure).toMatchObject({ code: 'credential-missing', node: 'web' });
    expect(lastFailure.reason).toContain('host, password, port, replicas, uri, username');
    await remove(instanceId);
  });

  it('that nobody offers is a problem before anything is asked for', async () => {
    await expect(purchase('impossible', versions.unknown)).rejects.toMatchObject({
      problems: [{ code: 'cloud-service-unavailable', message: expect.stringContaining('there are "small", "large", "fixed"') }],
    });
    const body = { versionId: versions.small, configuration: 'standard', clusterId: world.clusterId };
    const report = await world.request('buyer', 'POST', '/v1/resource-reports', body);
    expect(report.body).toMatchObject({
      nodes: [{ serviceName: 'web' }],
      cloudNodes: [{ serviceName: 'rds', service: 'broker-postgresql', plan: 'small' }],
      problems: [],
    });
    const impossible = { ...body, versionId: versions.unknown };
    for (const path of ['/v1/resource-reports', '/v1/plans'])
      expect((await world.request('buyer', 'POST', path, impossible)).body).toMatchObject({
        problems: [{ code: 'cloud-service-unavailable', pointer: '/nodes/0/cloud' }],
      });
  });

  it('that can’t become another one is a problem before anything is asked for', async () => {
    const problems = async (before: TopologyNode, after: TopologyNode) =>
      (await world.part(CloudProviders).problems(app(after), app(before))).map(({ code }) => code);
    expect(await problems(database('fixed'), database('large'))).toEqual(['cloud-plan-fixed']);
    expect(await problems(database('large'), database('fixed'))).toEqual([]);
    expect(await problems(database('small'), database('small', 'simulated-postgresql'))).toEqual(['cloud-service-changed']);
    // Nobody is asked about what stays as it is.
    expect(await problems(database('gone', 'withdrawn'), database('gone', 'withdrawn'))).toEqual([]);
  });

  it('that costs something is in no trial unless an operator allows it', async () => {
    const trial = (versionId: string) =>
      world.request('provider', 'POST', '/v1/instances', {
        ...{ name: `trial of ${versionId}`, versionId, configuration: 'standard', clusterId: world.clusterId },
      });
    expect((await trial(versions.small)).body).toMatchObject({
      ...{ status: 422, code: 'plan-not-for-trials' },
      problems: [{ code: 'plan-not-for-trials', pointer: '/nodes/0/cloud/plan' }],
    });
    // Allowed by the settings; its provider does not have it, which is another matter.
    expect((await trial(versions.unknown)).body.problems).toMatchObject([{ code: 'cloud-service-unavailable' }]);
    const { status, body } = await trial(versions.simulated);
    expect(status).toBe(202);
    await world.request('provider', 'DELETE', `/v1/instances/${body.instanceId}`);
    await world.until(body.instanceId, (instance) => instance.status === 'deleted', 'provider');
  });

  it('of the simulated cloud needs no broker', async () => {
    const instanceId = await purchase('made up', versions.simulated);
    await world.reaches(instanceId, 'running');
    expect((await variables(instanceId))['DB_URL']).toMatch(
      /^postgresql:\/\/u\w+:[\w-]+@postgresql-\w{8}\.simulated-cloud\.invalid:5432\/app$/,
    );
    await world.atRest(instanceId);
    const plan = async (versionId: string) => (await world.request('buyer', 'POST', '/v1/plans', { versionId, instanceId })).body;
    const rds = { kind: 'CloudNode', name: 'rds' };
    const { difference, problems } = await plan(versions.small);
    expect(problems).toMatchObject([{ code: 'cloud-service-changed' }]);
    expect(difference).toContainEqual({
      ...{ ...rds, node: 'rds', change: 'changed' },
      fields: [{ pointer: '/service', before: 'simulated-postgresql', after: 'broker-postgresql' }],
    });
    expect(await plan(versions.without)).toMatchObject({
      warnings: expect.arrayContaining([expect.objectContaining({ code: 'resource-deleted' })]),
      difference: expect.arrayContaining([expect.objectContaining({ ...rds, change: 'deleted' })]),
    });
    const refused = await world.request('buyer', 'POST', `/v1/instances/${instanceId}/upgrade`, { versionId: versions.unknown });
    expect(refused).toMatchObject({ status: 422, body: { code: 'parameters-invalid' } });
    await remove(instanceId);
  });

  it('has no broker any more once that is removed', async () => {
    // With clients of its own, as another replica has.
    const replica = Object.create(ServiceBrokers.prototype) as ServiceBrokers;
    Object.assign(replica, world.part(ServiceBrokers), { clients: new Map() });
    const brokerId = brokerPath.split('/').at(-1)!;
    expect(await replica.client(brokerId)).toBeDefined();
    expect((await world.request('operator', 'DELETE', brokerPath)).status).toBe(204);
    expect((await world.request('operator', 'DELETE', brokerPath)).status).toBe(204);
    expect(await world.part(SecretVault).get(platformTenant, `service-broker/${brokerId}`)).toBeUndefined();
    expect((await world.request('operator', 'GET', '/v1/service-brokers')).body).toEqual({ items: [] });
    expect(await replica.client(brokerId)).toBeUndefined();
  });
});
