import { createHmac, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { InProcessBackend, type RunningGrpcGateway, serveGrpc } from '@souk/grpc-gateway';
import { Webhook } from 'standardwebhooks';
import { AuthorizationCommands } from '@souk/contracts';
import { InvalidConfig } from '@souk/platform';
import { type GrpcConfig, marketplaceConfig } from '../src/config';
import { examplesFolder, TestMarketplace } from '../testing';
import { GrpcUser } from '../testing/grpc.user';

const example = (file: string): object =>
  JSON.parse(readFileSync(join(examplesFolder, 'tomcat-mysql', `${file}.json`), 'utf8')) as object;

const app = {
  name: 'Guest Book',
  distributionType: 'instance',
  hostingMode: 'edge',
  platforms: ['linux/amd64'],
  summary: 'Visitors leave a line',
};

describe('The API over gRPC', () => {
  let marketplace: TestMarketplace;
  let backend: InProcessBackend;
  let gateway: RunningGrpcGateway;
  let operator: GrpcUser;
  let provider: GrpcUser;
  let buyer: GrpcUser;
  const users: GrpcUser[] = [];
  const troubles: unknown[] = [];
  const unnamed = new Set<string>();

  beforeAll(async () => {
    marketplace = await TestMarketplace.start();
    backend = new InProcessBackend(marketplace.running.app.getHttpServer());
    gateway = await serveGrpc({
      backend,
      host: '127.0.0.1',
      port: 0,
      onTrouble: (trouble) => troubles.push(trouble),
      onUnnamed: (field) => unnamed.add(field),
    });
    operator = userOf(marketplace.operator.token);
    provider = await newTenant('Harbour', 'provider');
    buyer = await newTenant('Dairy', 'buyer');
  });
  afterAll(async () => {
    for (const user of users) user.close();
    await gateway.close();
    backend.close();
    await marketplace.stop();
  });
  afterEach(() => {
    expect({ troubles, unnamed: [...unnamed] }).toEqual({ troubles: [], unnamed: [] });
  });

  function userOf(token?: string, tenant = ''): GrpcUser {
    const user = new GrpcUser(gateway.address, token, tenant);
    users.push(user);
    return user;
  }

  async function newTenant(name: string, role: string): Promise<GrpcUser> {
    const { tenantId } = (await operator.call('authorization.AuthorizationService/RegisterTenant', { name })).message;
    const registered = await operator.call('authorization.AuthorizationService/RegisterUser', {
      tenantId,
      displayName: name,
      role,
    });
    const { userId } = registered.message;
    const { accessToken } = (await operator.call('authorization.AuthorizationService/IssueToken', { userId })).message;
    return userOf(accessToken, tenantId);
  }

  describe('in the story of an app', () => {
    const ids: Record<string, string> = {};
    let billing: { billingSourceId: string; secret: string };

    const bill = async (type: 'paid' | 'refunded', sequence: number, data: object) => {
      const event = { specversion: '1.0', id: `order-1-${sequence}`, source: 'https://billing.example.com', subject: 'order-1' };
      const body = JSON.stringify({ ...event, type: `souk.order.${type}.v1`, sequence: String(sequence), data });
      const id = `msg_${randomUUID()}`;
      const now = new Date();
      const metadata = {
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
        'webhook-signature': new Webhook(billing.secret).sign(id, now, body),
      };
      const { billingSourceId } = billing;
      const request = { billingSourceId, event: { contentType: 'application/cloudevents+json', data: Buffer.from(body) } };
      return userOf().call('commerce.CommerceService/ReceiveOrderEvent', request, { metadata });
    };

    it('is published: created, drawn, reviewed, released, listed', async () => {
      const created = await provider.call('appcatalog.AppCatalogService/CreateApp', example('app'));
      ids['app'] = created.message.appId;
      expect(created.headers).toMatchObject({ etag: '"0"', location: `/v1/apps/${created.message.appId}` });
      const { versionId } = (
        await provider.call('release.ReleaseService/InitialiseApp', { appId: ids['app'], versionDescription: 'First' })
      ).message;
      ids['version'] = versionId;
      const configuration = { versionId, name: 'standard', hosting: 'edge' };
      const { configurationId } = (await provider.call('orchestration.OrchestrationService/CreateConfiguration', configuration))
        .message;
      ids['configuration'] = configurationId;
      const drawn = await provider.call(
        'orchestration.OrchestrationService/ReplaceTopology',
        { configurationId, topology: example('topology') },
        { metadata: { 'if-match': '"0"' } },
      );
      expect(drawn.message.topology.nodes.map((node: { serviceName: string }) => node.serviceName)).toContain('tomcat');
      const permissions = example('permissions');
      await provider.call('authorization.AuthorizationService/DeclarePermissions', { versionId, permissions });
      const review = (await provider.call('release.ReleaseService/ReviewVersion', { versionId })).message;
      expect(review.problems ?? []).toEqual([]);
      const released = await provider.call('release.ReleaseService/ReleaseVersion', { versionId, reviewed: review.revisions });
      expect(released.message).toMatchObject({ status: 'released', number: '1.0.0' });
      await provider.until('appcatalog.AppCatalogService/GetApp', { appId: ids['app'] }, (it) => it.status === 'initialised');
      await provider.call('appcatalog.AppCatalogService/PutAppOnMarketplace', { appId: ids['app'] });
      const { items } = await userOf().until(
        'appcatalog.AppCatalogService/SearchListings',
        {},
        ({ items }) => items?.length === 1,
      );
      expect(items).toMatchObject([{ appId: ids['app'], status: 'listed' }]);
    });

    it('is edited part by part in another draft', async () => {
      const { versionId } = (
        await provider.call('release.ReleaseService/DraftVersion', { appId: ids['app'], number: '9.0.0', description: 'Nine' })
      ).message;
      const draft = { versionId, name: 'parts', hosting: 'edge' };
      const created = await provider.call('orchestration.OrchestrationService/CreateConfiguration', draft);
      const { configurationId } = created.message;
      const edit = async (rpc: string, revision: number, part: object) =>
        (
          await provider.call(
            `orchestration.OrchestrationService/${rpc}`,
            { configurationId, ...part },
            { metadata: { 'if-match': `"${revision}"` } },
          )
        ).message;
      const node = (serviceName: string) => ({ serviceName, category: 'custom', image: 'a:1', hostNetwork: false });
      expect(await edit('PutNode', 0, { serviceName: 'web', node: node('web') })).toMatchObject({
        revision: 1,
        node: node('web'),
      });
      await edit('PutNode', 1, { serviceName: 'db', node: node('db') });
      expect(await edit('DrawArrow', 2, { from: 'web', to: 'db' })).toMatchObject({
        revision: 3,
        arrow: { from: 'web', to: 'db' },
      });
      await edit('MoveNode', 3, { serviceName: 'db', position: { x: 1, y: 2 } });
      const parameter = { type: 'integer', minimum: 0, secret: true };
      expect(await edit('DeclareParameter', 4, { name: 'p', parameter })).toMatchObject({ revision: 5, parameter });
      expect(await edit('RemoveNode', 5, { serviceName: 'db' })).toMatchObject({
        revision: 7,
        arrows: [{ from: 'web', to: 'db' }],
      });
    });

    it('can be looked at before it is bought', async () => {
      const { versionId } = (
        await buyer.until('release.ReleaseService/ListVersions', { appId: ids['app'] }, ({ items }) => items?.length)
      ).items[0];
      expect(versionId).toBe(ids['version']);
      const version = (await buyer.call('release.ReleaseService/GetVersion', { versionId })).message;
      expect(version.configurations).toMatchObject([{ name: 'standard', parameters: { title: { type: 'string' } } }]);
      const [cluster] = (await buyer.call('deployment.DeploymentService/ListClusters')).message.items;
      ids['cluster'] = cluster.clusterId;
      expect(
        (await buyer.call('deployment.DeploymentService/GetCluster', { clusterId: cluster.clusterId })).message,
      ).toMatchObject({ reachable: true, region: 'local' });
      const request = { versionId, configuration: 'standard', clusterId: cluster.clusterId, parameters: { title: 'Dairy' } };
      const report = (await buyer.call('deployment.DeploymentService/ReportResources', request)).message;
      expect(report).toMatchObject({ fits: true });
      // What a list of lists is in proto: https://protobuf.dev/reference/protobuf/google.protobuf/#list-value
      expect(report.waves[0].values[0].stringValue).toBe('mysql');
    });

    it('is bought by a signed event, byte by byte, and comes up while its progress is watched', async () => {
      billing = (
        await operator.call('commerce.CommerceService/RegisterBillingSource', {
          name: 'Billing',
          source: 'https://billing.example.com',
        })
      ).message;
      const order = {
        buyerTenant: buyer.tenant,
        appId: ids['app'],
        versionId: ids['version'],
        plan: 'yearly',
        clusterId: ids['cluster'],
      };
      const filledIn = { configuration: 'standard', instanceName: 'guest-book', parameters: { title: 'Dairy' } };
      const { purchaseId } = (await bill('paid', 1, { ...order, ...filledIn })).message;
      const purchase = await buyer.until(
        'commerce.CommerceService/GetPurchase',
        { purchaseId },
        (it) => it.instanceId !== undefined,
      );
      expect(purchase).toMatchObject({ status: 'paid', parameters: { title: 'Dairy' }, fulfilment: { status: 'started' } });
      const { instanceId } = purchase as { instanceId: string };
      ids['instance'] = instanceId;
      const [operation] = (
        await buyer.until('deployment.DeploymentService/ListOperations', { instanceId }, ({ items }) => items?.length === 1)
      ).items;
      ids['operation'] = operation.operationId;
      const told = [];
      for await (const event of buyer.stream('deployment.DeploymentService/WatchOperation', { operationId: ids['operation'] }))
        told.push(event);
      expect(told[0]).toMatchObject({ type: 'OperationStarted', kind: 'deploy', position: expect.any(String) });
      expect(told.at(-1)).toMatchObject({ type: 'OperationSucceeded' });
      const rest = [];
      const after = { operationId: ids['operation'], after: told.at(-2).position };
      for await (const event of buyer.stream('deployment.DeploymentService/WatchOperation', after)) rest.push(event);
      expect(rest).toEqual(told.slice(-1));
      await buyer.until('deployment.DeploymentService/GetInstance', { instanceId }, (it) => it.status === 'running');
    });

    it('is seen by its provider without what is the buyer’s', async () => {
      const instance = (await provider.call('deployment.DeploymentService/GetInstance', { instanceId: ids['instance'] })).message;
      expect(instance).toMatchObject({ status: 'running', ownerTenant: buyer.tenant });
      expect(instance).not.toHaveProperty('origin');
      expect(
        (await provider.call('deployment.DeploymentService/GetOperation', { operationId: ids['operation'] })).message,
      ).not.toHaveProperty('requestedBy');
    });

    it('has a history, with causes, as of any point, and as one stream', async () => {
      const about = ids['instance'];
      await buyer.until('audit.AuditService/GetHistoryStatus', {}, ({ behind }) => !behind);
      const { items } = (await buyer.call('audit.AuditService/ListHistory', { about, limit: 200 })).message;
      const bound = items.find(({ type }: { type: string }) => type === 'CredentialBound');
      expect(bound.data.fields.appKey.stringValue).toEqual(expect.any(String));
      const causes = (await buyer.call('audit.AuditService/ListCauses', { eventId: bound.id })).message;
      expect(causes.root.requestId).toEqual(expect.any(String));
      const effects = await buyer.call('audit.AuditService/ListEffects', { eventId: causes.items[0].id });
      expect(effects.message.items.map(({ id }: { id: string }) => id)).toContain(bound.id);
      const exported = [];
      for await (const event of buyer.stream('audit.AuditService/ExportHistory', { about })) exported.push(event.id);
      expect(exported).toEqual(items.map(({ id }: { id: string }) => id));
      const asOf = (await buyer.call('deployment.DeploymentService/GetInstanceAsOf', { instanceId: about, revision: 0 })).message;
      expect(asOf.state.fields.parameters.structValue.fields.title.stringValue).toBe('Dairy');
      const difference = { configurationId: ids['configuration'], from: '0' };
      const { changes } = (await provider.call('orchestration.OrchestrationService/CompareConfiguration', difference)).message;
      expect(changes).toContainEqual({
        op: 'changed',
        pointer: '/status',
        before: { stringValue: 'draft' },
        after: { stringValue: 'frozen' },
      });
    });

    it('asks for itself, by signing the request that its call stands for', async () => {
      const instanceId = ids['instance']!;
      const { appKey, secretVersion } = (await buyer.call('authorization.AuthorizationService/GetCredential', { instanceId }))
        .message;
      const secret = await marketplace.running.app.get(AuthorizationCommands).appSecret(instanceId, secretVersion);
      const signed = (path: string) => {
        const headers = { 'x-ca-key': String(appKey), 'x-ca-nonce': randomUUID(), 'x-ca-timestamp': String(Date.now()) };
        const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}`);
        const signature = createHmac('sha256', secret)
          .update(['GET', '', '', '', '', ...lines, path].join('\n'))
          .digest('base64');
        return {
          metadata: { ...headers, 'x-ca-signature-headers': Object.keys(headers).join(','), 'x-ca-signature': signature },
        };
      };
      const own = await userOf().call('deployment.OpenService/GetOwnInstance', {}, signed('/open/v1/instance'));
      expect(own.message).toMatchObject({ instanceId, status: 'running' });
      expect(await userOf().refusal('deployment.OpenService/ListOwnNodes', {}, signed('/open/v1/instance'))).toMatchObject({
        grpc: status.UNAUTHENTICATED,
      });
      expect(
        await userOf().refusal('deployment.OpenService/ListOwnDataModels', {}, signed('/open/v1/data-models')),
      ).toMatchObject({
        grpc: status.PERMISSION_DENIED,
        code: 'not-granted',
      });
    });

    it('tells of its credential, its snapshot, and what editors need', async () => {
      const credential = (await buyer.call('authorization.AuthorizationService/GetCredential', { instanceId: ids['instance'] }))
        .message;
      expect(credential).toMatchObject({ status: 'active', appKey: expect.any(String) });
      const rotated = { instanceId: ids['instance'], graceSeconds: 0 };
      expect((await buyer.call('authorization.AuthorizationService/RotateSecret', rotated)).message.secretVersion).toBe(
        Number(credential.secretVersion) + 1,
      );
      const { snapshot } = (await provider.call('release.ReleaseService/GetSnapshot', { versionId: ids['version'] })).message;
      expect(snapshot.configurations[0].topology.nodes.length).toBeGreaterThan(1);
      const palette = (await provider.call('orchestration.OrchestrationService/ListNodePresets')).message;
      expect(palette.categories[0].schema.fields.properties.structValue.fields).toHaveProperty('image');
    });

    it('is refunded, and leaves', async () => {
      await buyer.until(
        'deployment.DeploymentService/GetInstance',
        { instanceId: ids['instance'] },
        (it) => it.status === 'running',
      );
      expect((await bill('refunded', 2, { reason: 'tried enough' })).message).toMatchObject({ status: 'refunded' });
      await buyer.until(
        'deployment.DeploymentService/GetInstance',
        { instanceId: ids['instance'] },
        (it) => it.status === 'deleted',
      );
    });
  });

  describe('on a call that is refused', () => {
    it('tells every problem at once, in the details of the status', async () => {
      const refusal = await provider.refusal('appcatalog.AppCatalogService/CreateApp', {
        distributionType: 'rental',
        summary: 'x',
      });
      expect(refusal).toMatchObject({ grpc: status.INVALID_ARGUMENT, status: 422, code: 'invalid-input' });
      expect(refusal?.problems?.map(({ code, pointer }) => `${code} ${pointer}`).sort()).toEqual([
        'not-one-of /distributionType',
        'not-one-of /hostingMode',
        'too-few /platforms',
        'wrong-format /name',
      ]);
    });

    it.each(['', '.', '..'])('takes "%s" for no id', async (appId) => {
      expect(await provider.refusal('appcatalog.AppCatalogService/GetApp', { appId })).toMatchObject({
        grpc: status.INVALID_ARGUMENT,
        code: 'invalid-input',
        problems: [{ pointer: '/appId' }],
      });
    });

    it.each(['a/b', '../tenants', 'a?limit=1', 'a%2Fb', 'ä'])('looks for no other route under the id "%s"', async (appId) => {
      expect(await provider.refusal('appcatalog.AppCatalogService/GetApp', { appId })).toMatchObject({
        grpc: status.NOT_FOUND,
        code: 'not-found',
        detail: `there is no app "${appId}"`,
      });
    });

    it('tells who may not, and who is nobody', async () => {
      expect(await buyer.refusal('appcatalog.AppCatalogService/CreateApp', app)).toMatchObject({
        grpc: status.PERMISSION_DENIED,
        code: 'forbidden',
      });
      expect(await userOf().refusal('appcatalog.AppCatalogService/CreateApp', app)).toMatchObject({
        grpc: status.UNAUTHENTICATED,
        code: 'unauthenticated',
      });
      expect(await userOf().refusal('deployment.OpenService/GetOwnInstance')).toMatchObject({ grpc: status.UNAUTHENTICATED });
    });

    it('answers for a foreign resource as for a missing one', async () => {
      const stranger = await newTenant('Other', 'provider');
      const { appId } = (await provider.call('appcatalog.AppCatalogService/CreateApp', { ...app, name: 'Mine' })).message;
      await provider.call('appcatalog.AppCatalogService/GetApp', { appId });
      const foreign = await stranger.refusal('appcatalog.AppCatalogService/GetApp', { appId });
      const missing = await stranger.refusal('appcatalog.AppCatalogService/GetApp', { appId: 'app_00000000000000000000000000' });
      expect(foreign).toMatchObject({ grpc: status.NOT_FOUND, code: 'not-found' });
      expect({ ...foreign, instance: '', detail: '' }).toEqual({ ...missing, instance: '', detail: '' });
    });

    it('refuses a stream as it refuses a call', async () => {
      const watched = buyer.stream('deployment.DeploymentService/WatchOperation', {
        operationId: 'op_0000000000000000000000000A',
      });
      await expect(watched.next()).rejects.toMatchObject({ code: status.NOT_FOUND });
    });

    it('takes no more than a megabyte', async () => {
      const refusal = await provider.refusal('appcatalog.AppCatalogService/CreateApp', {
        ...app,
        description: 'x'.repeat(1_100_000),
      });
      expect(refusal).toMatchObject({ grpc: status.RESOURCE_EXHAUSTED, status: 413 });
    });
  });

  describe('on repeated and conflicting writes', () => {
    it('answers a repeated call with what the first one created', async () => {
      const settings = { metadata: { 'idempotency-key': 'retry-1' } };
      const first = await provider.call('appcatalog.AppCatalogService/CreateApp', { ...app, name: 'Retried' }, settings);
      const second = await provider.call('appcatalog.AppCatalogService/CreateApp', { ...app, name: 'Retried' }, settings);
      expect(second.message).toEqual(first.message);
    });

    it('wants to know which revision a change is based on', async () => {
      const created = await provider.call('appcatalog.AppCatalogService/CreateApp', { ...app, name: 'Edited' });
      const change = { appId: created.message.appId, summary: 'Two' };
      expect(await provider.refusal('appcatalog.AppCatalogService/DescribeApp', change)).toMatchObject({
        grpc: status.FAILED_PRECONDITION,
        code: 'precondition-required',
      });
      const seen = { metadata: { 'if-match': String(created.headers['etag']) } };
      expect((await provider.call('appcatalog.AppCatalogService/DescribeApp', change, seen)).headers['etag']).toBe('"1"');
      expect(await provider.refusal('appcatalog.AppCatalogService/DescribeApp', change, seen)).toMatchObject({
        grpc: status.FAILED_PRECONDITION,
        code: 'revision-mismatch',
      });
    });
  });

  describe('for operators', () => {
    it('tells of read models and of messages that are parked', async () => {
      const { items } = (await operator.call('platform.PlatformService/ListReadModels')).message;
      expect(items.map(({ name }: { name: string }) => name)).toContain('apps');
      expect((await operator.call('platform.PlatformService/ListParkedMessages')).message).toEqual({});
    });

    it('tells the progress of a rebuild to its end', async () => {
      await operator.call('platform.PlatformService/RebuildReadModel', { name: 'apps' });
      const told = [];
      for await (const event of operator.stream('platform.PlatformService/WatchRebuild', { name: 'apps' })) told.push(event.type);
      expect(told.at(-1)).toBe('RebuildSwitched');
    });
  });
});

describe('A marketplace with gRPC', () => {
  const started: TestMarketplace[] = [];
  const start = async (grpc: GrpcConfig): Promise<TestMarketplace> => {
    const marketplace = await TestMarketplace.start({ grpc });
    started.push(marketplace);
    return marketplace;
  };
  afterAll(() => Promise.all(started.map((marketplace) => marketplace.stop())));

  it('serves it beside HTTP, and runs without it where the port is taken, unless it was asked for that one', async () => {
    const { running } = await start({ port: 0, required: true });
    const nobody = new GrpcUser(running.grpc!.address!);
    expect((await nobody.call('appcatalog.AppCatalogService/SearchListings')).message).toEqual({});
    nobody.close();
    const port = Number(running.grpc!.address!.split(':')[1]);
    expect((await start({ port, required: false })).running.grpc).toMatchObject({ problem: `port ${port} is taken` });
    await expect(start({ port, required: true })).rejects.toMatchObject({ code: 'grpc-port-taken' });
  });
});

describe('The configuration of gRPC', () => {
  it.each([
    [{}, { port: 50_051, required: false }],
    [{ SOUK_GRPC_PORT: '0' }, { port: 0, required: true }],
    [{ SOUK_GRPC_PORT: '65535' }, { port: 65_535, required: true }],
    [{ SOUK_GRPC_PORT: 'off' }, undefined],
    [
      { SOUK_GRPC_TLS_CERT: '/a.pem', SOUK_GRPC_TLS_KEY: '/b.pem' },
      { port: 50_051, required: false, tls: { cert: '/a.pem', key: '/b.pem' } },
    ],
  ])('%j is understood', (environment, grpc) => {
    expect(marketplaceConfig(environment).grpc).toEqual(grpc);
  });

  it.each([
    [{ SOUK_GRPC_PORT: '65536' }],
    [{ SOUK_GRPC_PORT: 'on' }],
    [{ SOUK_GRPC_TLS_CERT: '/a.pem' }],
    [{ SOUK_GRPC_TLS_KEY: '/b.pem' }],
  ])('%j is refused', (environment) => {
    expect(() => marketplaceConfig(environment)).toThrow(InvalidConfig);
  });
});
