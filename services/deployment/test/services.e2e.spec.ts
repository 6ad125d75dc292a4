import type { DeclaredPermissions } from '@souk/contracts';
import type { Topology } from '@souk/topology';
import { namespaceOf } from '../src/domain/cluster-object';
import { ids, shop, tomcat } from './sample';
import { World } from './world';

const provides = 'ver_01J00000000000000000000002';
const needs = 'ver_01J00000000000000000000003';
const more = 'ver_01J00000000000000000000004';

const one = (env: Record<string, string> = {}): Topology => ({
  ...shop,
  nodes: [{ ...tomcat, replicas: 1, serviceType: 'ClusterIP', env }],
  arrows: [],
});
const nothing: DeclaredPermissions = { apis: [], dataModels: [] };
const needing = (...models: string[]): DeclaredPermissions => ({
  ...nothing,
  dependencies: models.map((model) => ({ model, apis: ['orders.read'] })),
});
const url = { ORDERS_URL: 'http://${service.work-orders.host}:${service.work-orders.port}/' };

describe('A service that one instance provides and another one needs', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open();
    const { app } = world.neighbours;
    app.add(provides, '1.0.0', one(), {
      ...{ apis: ['/open/v1/sso'], dataModels: [], sso: { path: '/login', node: 'tomcat', port: 80 } },
      provisions: [{ model: 'work-orders', node: 'tomcat', port: 80 }],
    });
    app.add(needs, '1.1.0', one(url), needing('work-orders'));
    app.add(more, '1.2.0', one(url), needing('face-search', 'work-orders'));
  });
  afterAll(() => world.close());

  const environment = async (instanceId: string) => {
    const { spec } = (await world.objects(instanceId, 'Deployment')).get('Deployment/tomcat') as unknown as {
      spec: { template: { spec: { containers: { env: { name: string; value?: string }[] }[] } } };
    };
    return Object.fromEntries(spec.template.spec.containers[0]!.env.map(({ name, value }) => [name, value]));
  };
  const addressOf = (instanceId: string) => `tomcat.${namespaceOf(instanceId)}.svc`;
  const purchase = async (name: string, versionId: string, ownerTenant: string = ids.buyer) => {
    const instanceId = await world.purchase(name, { versionId, ownerTenant });
    if (ownerTenant === ids.buyer) await world.reaches(instanceId, 'running');
    return instanceId;
  };
  const planned = (body: object) => world.request('buyer', 'POST', '/v1/plans', body);
  const servicesOf = async (instanceId: string) =>
    (await world.request('buyer', 'GET', `/v1/instances/${instanceId}/services`)).body;

  let provider: string;
  let dependant: string;

  it('is missed before anything is made, also by the plan', async () => {
    await expect(world.purchase('early', { versionId: needs })).rejects.toMatchObject({ code: 'service-not-provided' });
    const wish = { versionId: needs, configuration: 'standard', clusterId: world.clusterId };
    expect((await planned(wish)).body).toMatchObject({
      ...{ problems: [{ code: 'service-not-provided' }], services: [] },
      permissions: { added: ['uses work-orders orders.read'] },
    });
  });

  it('is bound, and its address reaches the one that needs it', async () => {
    provider = await purchase('provider', provides);
    await purchase('provider, younger', provides);
    dependant = await purchase('dependant', needs);
    expect(await environment(dependant)).toMatchObject({
      SOUK_SERVICE_WORK_ORDERS_HOST: addressOf(provider),
      SOUK_SERVICE_WORK_ORDERS_PORT: '80',
      ORDERS_URL: `http://${addressOf(provider)}:80/`,
    });
    expect(await servicesOf(dependant)).toEqual({
      uses: [{ model: 'work-orders', provider, host: addressOf(provider), port: 80, gone: false }],
      provides: [],
    });
    expect((await servicesOf(provider)).provides).toMatchObject([{ model: 'work-orders', node: 'tomcat', port: 80 }]);
  });

  it('lets in whom it is bound to, and nobody else', async () => {
    const policy = (await world.objects(provider, 'NetworkPolicy')).get('NetworkPolicy/tomcat-serves-work-orders');
    const label = { 'services.souk.dev/work-orders': namespaceOf(provider) };
    expect(policy?.['spec']).toMatchObject({
      ingress: [{ from: [{ namespaceSelector: { matchLabels: label } }], ports: [{ port: 8080, protocol: 'TCP' }] }],
    });
    const namespaces = (await world.cluster.list('Namespace')).items;
    const admitted = namespaces.filter(({ metadata }) => metadata.labels?.['services.souk.dev/work-orders'] !== undefined);
    expect(admitted.map(({ metadata }) => [metadata.name, metadata.labels])).toEqual([
      [namespaceOf(dependant), expect.objectContaining(label)],
    ]);
  });

  it('says where its users are signed in, to itself', async () => {
    const { appKey } = world.neighbours.credentials.views.get(provider)!;
    expect((await world.send('GET', '/open/v1/sso', undefined, { 'x-ca-key': appKey })).body).toMatchObject({
      path: '/login',
      addresses: [{ host: 'tomcat', port: 80 }],
    });
  });

  it('is opened by an edge console where its version says how, and its owner is told why it is not', async () => {
    const opened = async (instanceId: string) => (await world.request('buyer', 'GET', `/v1/instances/${instanceId}/sso`)).body;
    const declared = { path: '/login', node: 'tomcat', port: 80 };
    expect(await opened(provider)).toEqual({
      ...declared,
      opens: false,
      detail: 'node "tomcat" is not reached at port 80 from outside of the cluster now',
      addresses: [expect.objectContaining({ host: 'tomcat', port: 80 })],
      urls: [],
    });
    expect(await opened(dependant)).toMatchObject({
      opens: false,
      detail: 'version 1.1.0 declares no path for signing in',
    });
    expect((await world.request('provider', 'GET', `/v1/instances/${provider}/sso`)).status).toBe(404);
  });

  it('is not for another account', async () => {
    await expect(purchase('foreign', needs, ids.provider)).rejects.toMatchObject({ code: 'service-not-provided' });
    expect((await world.request('provider', 'GET', `/v1/instances/${dependant}/services`)).status).toBe(404);
  });

  it('stays bound, whatever else is needed and not there', async () => {
    const { body } = await planned({ versionId: more, instanceId: dependant });
    expect(body.problems).toMatchObject([{ code: 'service-not-provided', message: expect.stringContaining('face-search') }]);
    expect(body.services).toEqual([{ model: 'work-orders', provider, host: addressOf(provider), port: 80 }]);
    const upgrade = (acceptPermissions: boolean) =>
      world.request('buyer', 'POST', `/v1/instances/${dependant}/upgrade`, { versionId: more, acceptPermissions });
    expect(await upgrade(false)).toMatchObject({ status: 409, body: { code: 'consent-required' } });
    expect(await upgrade(true)).toMatchObject({ status: 409, body: { code: 'service-not-provided' } });
    expect((await servicesOf(dependant)).uses).toMatchObject([{ model: 'work-orders', provider }]);
  });

  it('is not deleted unless its owner insists; who used it goes on, and is told', async () => {
    const refused = await world.request('buyer', 'DELETE', `/v1/instances/${provider}`);
    expect(refused).toMatchObject({ status: 409, body: { code: 'service-in-use' } });
    const { status } = await world.request('buyer', 'DELETE', `/v1/instances/${provider}?force=true`);
    expect(status).toBe(202);
    await world.reaches(provider, 'deleted');
    expect((await world.reaches(dependant, 'running')).status).toBe('running');
    expect((await servicesOf(dependant)).uses).toMatchObject([{ model: 'work-orders', provider, gone: true }]);
    expect((await environment(dependant))['SOUK_SERVICE_WORK_ORDERS_HOST']).toBe(addressOf(provider));
  });

  it('is found anew by a restart', async () => {
    const { body } = await world.request('buyer', 'POST', `/v1/instances/${dependant}/restart`, {});
    await world.ends(body as { instanceId: string; operationId: string });
    const { uses } = await servicesOf(dependant);
    expect(uses).toMatchObject([{ model: 'work-orders', gone: false }]);
    expect(uses[0].provider).not.toBe(provider);
    expect((await environment(dependant))['ORDERS_URL']).toBe(`http://${addressOf(uses[0].provider as string)}:80/`);
  });
});
