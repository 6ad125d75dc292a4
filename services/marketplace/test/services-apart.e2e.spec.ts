import { randomUUID } from 'node:crypto';
import { DeploymentCommands, type InstanceRequest, newId } from '@souk/contracts';
import { DomainError } from '@souk/event-sourcing';
import { temporaryFolder } from '@souk/event-sourcing/testing';
import { Bootstrap } from '../../authorization/src/application/bootstrap';
import { type Apart, ServicesApart } from '../testing/services-apart';
import { TestUser } from '../testing';

describe('Services that are processes of their own', () => {
  const folder = temporaryFolder();
  let services: ServicesApart;
  let operator: TestUser;
  let provider: { readonly userId: string; readonly at: (service: Apart) => TestUser };

  const signedIn = (token: string, tenant: string) => (service: Apart) =>
    new TestUser(services.urls.get(service)!, token, tenant);

  async function newProvider() {
    const { tenantId } = (await operator.post('/v1/tenants', { name: 'Harbour' })).body;
    const user = { displayName: 'Ada', role: 'provider' };
    const { userId } = (await operator.post(`/v1/tenants/${tenantId}/users`, user)).body;
    const { accessToken } = (await operator.post(`/v1/users/${userId}/tokens`)).body;
    return { userId: userId as string, at: signedIn(accessToken, tenantId) };
  }

  async function newApp(name: string): Promise<string> {
    const app = { name, distributionType: 'instance', hostingMode: 'edge', platforms: ['linux/amd64'], summary: 'A shop' };
    const created = await provider.at('app-catalog').post('/v1/apps', app);
    expect(created.status).toBe(201);
    return created.body.appId as string;
  }

  const initialise = (appId: string) =>
    provider.at('release').post(`/v1/apps/${appId}/initialise`, { versionDescription: 'First' });

  beforeAll(async () => {
    services = await ServicesApart.start(folder.path);
    const first = await services.apps.get('authorization')!.get(Bootstrap).ensureOperator();
    operator = signedIn(first!.token, 'platform')('authorization');
    provider = await newProvider();
  });
  afterAll(async () => {
    await services.stopAll();
    folder.remove();
  });

  it('ask each other on the way to a release, and a released snapshot is known to all', async () => {
    const appId = await newApp('Shop');
    const { versionId } = (await initialise(appId)).body;
    const path = `/v1/versions/${versionId}/configurations`;
    const configuration = await provider.at('orchestration').post(path, { name: 'Edge', hosting: 'edge' });
    expect(configuration.status).toBe(201);
    const topology = {
      nodes: [{ serviceName: 'größe', category: 'custom', image: 'registry.example.com/shop/web:1.0.0' }],
      arrows: [],
      parameters: {},
      secrets: {},
    };
    const draw = (document: object, etag: string) =>
      provider.at('orchestration').put(`${configuration.headers.get('location')}/topology`, document, { 'if-match': etag });
    const refused = await draw(topology, '"0"');
    expect(refused.body).toMatchObject({ status: 422, code: 'topology-invalid' });
    const web = { ...topology, nodes: [{ ...topology.nodes[0], serviceName: 'web' }] };
    expect((await draw(web, '"0"')).status).toBe(200);
    const declared = { apis: ['instance.read'], dataModels: [] };
    expect((await provider.at('authorization').put(`/v1/versions/${versionId}/permissions`, declared)).status).toBe(200);

    const release = provider.at('release');
    const review = await release.get(`/v1/versions/${versionId}/review`);
    expect(review.body).toMatchObject({ problems: [] });
    const released = await release.post(`/v1/versions/${versionId}/release`, { reviewed: review.body.revisions });
    expect(released.status).toBe(200);
    const snapshot = await release.get(`/v1/versions/${versionId}/snapshot`);
    expect(snapshot.body.snapshot).toMatchObject({
      permissions: declared,
      configurations: [{ name: 'Edge', topology: { nodes: [{ serviceName: 'web' }] } }],
    });
  });

  it('answer a refusal of another one like their own', async () => {
    const missing = 'app_00000000000000000000000000';
    expect((await initialise(missing)).body).toMatchObject({ status: 404, code: 'not-found' });
    const appId = await newApp('Empty');
    const { versionId } = (await initialise(appId)).body;
    const release = provider.at('release');
    const { revisions } = (await release.get(`/v1/versions/${versionId}/review`)).body;
    const refused = await release.post(`/v1/versions/${versionId}/release`, { reviewed: revisions });
    expect(refused.body).toMatchObject({ status: 422, code: 'version-invalid' });
  });

  it('throw what a command was refused with, over two hops', async () => {
    const commands = services.apps.get('app-catalog')!.get(DeploymentCommands);
    const request: InstanceRequest = {
      ...{ instanceId: newId('instance'), name: 'shop', ownerTenant: newId('tenant'), versionId: newId('version') },
      ...{ configuration: 'Edge', clusterId: newId('cluster'), parameters: {}, secrets: {}, purchaseId: newId('purchase') },
    };
    const call = {
      commandId: randomUUID(),
      correlationId: 'c',
      causationId: 'c',
      actor: { kind: 'system', id: 'test' },
    } as const;
    const error: unknown = await commands.requestInstance(request, call).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DomainError);
    expect(error).toMatchObject({ code: 'version-not-found', message: expect.stringContaining(request.versionId) });
  });

  it('refuse a user everywhere who was disabled', async () => {
    const { userId, at } = await newProvider();
    const paths: readonly (readonly [Apart, string])[] = [
      ['app-catalog', '/v1/apps'],
      ['orchestration', '/v1/node-presets'],
      ['release', '/v1/apps/none/versions'],
    ];
    const statuses = async () => Promise.all(paths.map(async ([service, path]) => (await at(service).get(path)).status));
    expect(await statuses()).toEqual([200, 200, 404]);
    expect((await operator.post(`/v1/users/${userId}/disable`)).status).toBe(200);
    while ((await statuses()).some((status) => status !== 401)) await new Promise((resolve) => setImmediate(resolve));
  });

  it('say that another one is away, and go on when it is back', async () => {
    const appId = await newApp('Patient');
    const { versionId } = (await initialise(appId)).body;
    await services.stop('orchestration');
    const away = await provider.at('release').get(`/v1/versions/${versionId}/review`);
    expect(away.body).toMatchObject({ status: 503, code: 'neighbour-away' });
    expect(away.body.detail).toContain('"orchestration"');
    expect(away.headers.get('retry-after')).toBe('1');
    await services.start('orchestration');
    expect((await provider.at('release').get(`/v1/versions/${versionId}/review`)).status).toBe(200);
  });

  it('measure their calls', async () => {
    await newApp('Measured').then(initialise);
    const metrics = async (service: Apart) => (await provider.at(service).get('/metrics')).body as string;
    expect(await metrics('release')).toContain('souk_rpc_client_seconds_count{service="app-catalog",method="app",code="OK"}');
    expect(await metrics('app-catalog')).toContain(
      'souk_rpc_server_seconds_count{service="AppCatalogQueries",method="app",code="OK"}',
    );
  });
});
