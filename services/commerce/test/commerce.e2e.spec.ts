import { Global, Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  AppCatalogQueries,
  DeploymentCommands,
  idPattern,
  newId,
  ReleaseQueries,
  type Role,
  TenantDirectory,
} from '@souk/contracts';
import { EventStore } from '@souk/event-sourcing';
import { temporaryFolder } from '@souk/event-sourcing/testing';
import { EventBus } from '@souk/messaging';
import { createHttpApplication, listen, PlatformModule, type Principal, TokenVerifier, Unauthenticated } from '@souk/platform';
import { Webhook } from 'standardwebhooks';
import request from 'supertest';
import { commerce, CommerceModule } from '../src/commerce.module';
import { app as sold, EveryTenant, InMemoryDeployment, OneApp, OneVersion } from './other-services';

/** `role.tenant` */
class PlainTokens extends TokenVerifier {
  override async verify(token: string): Promise<Principal> {
    const [role, tenant] = token.split('.');
    if (!role || !tenant) throw new Unauthenticated();
    return { role: role as Role, tenant, user: 'usr_1', tokenId: token };
  }
}

const deployment = new InMemoryDeployment();

@Global()
@Module({
  providers: [
    { provide: AppCatalogQueries, useClass: OneApp },
    { provide: TenantDirectory, useClass: EveryTenant },
    { provide: ReleaseQueries, useClass: OneVersion },
    { provide: DeploymentCommands, useValue: deployment },
    { provide: TokenVerifier, useClass: PlainTokens },
  ],
  exports: [AppCatalogQueries, ReleaseQueries, DeploymentCommands, TenantDirectory, TokenVerifier],
})
class OtherServices {}

const folder = temporaryFolder();

@Module({
  imports: [
    PlatformModule.embedded({ dataDir: folder.path, logLevel: 'silent', services: [commerce] }),
    OtherServices,
    CommerceModule,
  ],
})
class Marketplace {}

const operator = `operator.${newId('tenant')}`;
const billingTenant = newId('tenant');
const buyerTenant = newId('tenant');
const source = 'https://billing.example/shop';

interface Registered {
  readonly billingSourceId: string;
  readonly secret: string;
  readonly events: string;
}

describe('Commerce over HTTP', () => {
  let app: NestFastifyApplication;
  let url: string;
  let billing: Registered;

  beforeAll(async () => {
    app = await createHttpApplication(Marketplace, '0.0.0');
    url = `http://127.0.0.1:${await listen(app, 0, '127.0.0.1')}`;
    const answer = await request(url)
      .post('/v1/billing-sources')
      .auth(operator, { type: 'bearer' })
      .send({ name: 'Shop', source, tenant: billingTenant });
    expect(answer.status).toBe(201);
    billing = answer.body as Registered;
  });
  afterAll(async () => {
    await app.close();
    folder.remove();
  });

  const get = (path: string, role: Role, tenant: string) => request(url).get(path).auth(`${role}.${tenant}`, { type: 'bearer' });

  const order = (orderId: string, changes: object = {}) => ({
    specversion: '1.0',
    id: `${orderId}-1`,
    source,
    type: 'souk.order.paid.v1',
    subject: orderId,
    sequence: '1',
    data: {
      buyerTenant,
      appId: sold.appId,
      plan: 'basic',
      configuration: 'edge',
      clusterId: newId('cluster'),
      instanceName: `hall ${orderId}`,
      parameters: { adminEmail: 'a@b.example' },
    },
    ...changes,
  });
  const refund = (orderId: string, sequence = '2') => ({
    ...order(orderId, { type: 'souk.order.refunded.v1', sequence }),
    data: { reason: 'changed their mind' },
  });

  interface Delivery {
    readonly secret?: string;
    readonly at?: Date;
    readonly contentType?: string;
    readonly tamper?: (body: string) => string;
    readonly path?: string;
  }

  const deliver = (event: object, delivery: Delivery = {}) => {
    const {
      secret = billing.secret,
      at = new Date(),
      contentType = 'application/cloudevents+json',
      tamper,
      path = billing.events,
    } = delivery;
    const body = JSON.stringify(event);
    const id = `msg_${Math.random().toString(36).slice(2)}`;
    return request(url)
      .post(path)
      .set('content-type', contentType)
      .set('webhook-id', id)
      .set('webhook-timestamp', String(Math.floor(at.getTime() / 1000)))
      .set('webhook-signature', new Webhook(secret).sign(id, at, body))
      .serialize((text: unknown) => text as string)
      .send((tamper ? tamper(body) : body) as unknown as object);
  };

  /** Until the process has done everything that follows. */
  const settled = async () => app.get(EventBus).settled(await app.get(EventStore).head());
  const purchase = async (purchaseId: string, role: Role, tenant: string) =>
    get(`/v1/purchases/${purchaseId}?atLeast=${await app.get(EventStore).head()}`, role, tenant);

  describe('a billing source', () => {
    it('has a secret that is shown once', async () => {
      expect(billing.billingSourceId).toMatch(new RegExp(idPattern('billingSource')));
      expect(billing.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
      const listed = await get(`/v1/billing-sources?atLeast=${await app.get(EventStore).head()}`, 'operator', 'ten_x');
      expect(listed.body).toMatchObject({ items: [{ billingSourceId: billing.billingSourceId, source, tenant: billingTenant }] });
      expect(JSON.stringify(listed.body)).not.toContain('whsec');
      const again = await request(url)
        .post('/v1/billing-sources')
        .auth(operator, { type: 'bearer' })
        .send({ name: 'Other', source });
      expect(again.body).toMatchObject({ status: 409, code: 'billing-source-taken' });
    });

    it('is registered by operators only', async () => {
      const answer = await request(url)
        .post('/v1/billing-sources')
        .auth(`buyer.${buyerTenant}`, { type: 'bearer' })
        .send({ name: 'x', source: 'urn:x' });
      expect(answer.body).toMatchObject({ status: 403, code: 'forbidden' });
    });
  });

  describe('a webhook', () => {
    const unsigned = { status: 401, code: 'webhook-not-authentic' };

    it.each<[string, Delivery]>([
      ['signed with another secret', { secret: `whsec_${Buffer.alloc(32).toString('base64')}` }],
      ['changed on its way', { tamper: (body) => body.replace('basic', 'grand') }],
      ['ten minutes old', { at: new Date(Date.now() - 600_000) }],
      ['ten minutes early', { at: new Date(Date.now() + 600_000) }],
      ['of an unknown source', { path: `/v1/billing-sources/${newId('billingSource')}/events` }],
    ])('that is %s is refused', async (_, delivery) => {
      expect((await deliver(order('forged'), delivery)).body).toMatchObject(unsigned);
    });

    it('without a signature is refused', async () => {
      expect((await request(url).post(billing.events).send(order('forged'))).body).toMatchObject(unsigned);
      expect(deployment.created).toBe(0);
    });

    it('is told all that is wrong with it', async () => {
      const { data, ...rest } = order('wrong');
      const answer = await deliver({ ...rest, sequence: 'one', data: { ...data, appId: 'x', colour: 'red' } });
      expect(answer.body).toMatchObject({ status: 422, code: 'invalid-input' });
      const problems = (answer.body as { problems: { pointer: string }[] }).problems;
      expect(problems.map(({ pointer }) => pointer).sort()).toEqual(['/data/appId', '/data/colour', '/sequence']);
    });

    it('of an unknown type is told the known ones', async () => {
      const answer = await deliver(order('wrong', { type: 'souk.order.renewed.v1' }));
      expect(answer.body).toMatchObject({ status: 422, problems: [{ pointer: '/type', code: 'not-one-of' }] });
    });

    it('is described, by type, in the OpenAPI document', async () => {
      const { body } = await request(url).get('/openapi.json');
      const operation = (body as { paths: Record<string, { post: { requestBody: unknown } }> }).paths[
        '/v1/billing-sources/{billingSourceId}/events'
      ];
      const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
      expect(operation?.post.requestBody).toMatchObject({
        content: { 'application/cloudevents+json': { schema: { oneOf: [ref('OrderPaidEvent'), ref('OrderClosedEvent')] } } },
      });
    });

    it('of another source than it is registered for is refused', async () => {
      const answer = await deliver(order('wrong', { source: 'https://other.example' }));
      expect(answer.body).toMatchObject({ status: 422, problems: [{ pointer: '/source' }] });
    });
  });

  describe('an order', () => {
    it('that is paid, twice, gets one instance; refunded, none', async () => {
      const event = order('one');
      const first = await deliver(event);
      expect(first.status).toBe(202);
      expect(first.body).toMatchObject({ status: 'paid', gaps: [], instanceId: expect.stringMatching(idPattern('instance')) });
      const { purchaseId, instanceId } = first.body as { purchaseId: string; instanceId: string };
      expect((await deliver(event, { contentType: 'application/json' })).body).toMatchObject({ purchaseId, instanceId });
      await settled();
      expect([...deployment.live.keys()]).toEqual([instanceId]);
      expect(deployment.live.get(instanceId)).toMatchObject({
        name: 'hall one',
        ownerTenant: buyerTenant,
        parameters: { adminEmail: 'a@b.example' },
      });

      expect((await purchase(purchaseId, 'buyer', buyerTenant)).body).toMatchObject({
        purchaseId,
        status: 'paid',
        instanceId,
        plan: 'basic',
        fulfilment: { status: 'started' },
        parameters: { adminEmail: 'a@b.example' },
      });

      expect((await deliver(refund('one'))).body).toMatchObject({ status: 'refunded', purchaseId });
      await settled();
      expect(deployment.live.size).toBe(0);
      expect((await purchase(purchaseId, 'billing', billingTenant)).body).toMatchObject({
        status: 'refunded',
        fulfilment: { status: 'withdrawn', instanceId },
        received: [
          { sequence: 1, type: 'paid' },
          { sequence: 2, type: 'refunded' },
        ],
      });
    });

    it('of what is hosted in the cloud names a region, and no cluster', async () => {
      const { clusterId: _, ...data } = order('cloud').data;
      const answer = await deliver({ ...order('cloud'), data: { ...data, configuration: 'cloud', region: 'eu-central' } });
      expect(answer.status).toBe(202);
      const { purchaseId, instanceId } = answer.body as { purchaseId: string; instanceId: string };
      await settled();
      expect(deployment.live.get(instanceId)).toMatchObject({ configuration: 'cloud', region: 'eu-central' });
      expect(deployment.live.get(instanceId)).not.toHaveProperty('clusterId');
      expect((await purchase(purchaseId, 'buyer', buyerTenant)).body).toMatchObject({ region: 'eu-central' });
      await deliver(refund('cloud'));
      await settled();
    });

    it('that is refunded before it is paid never gets one, and shows the gap', async () => {
      const before = deployment.created;
      const answer = await deliver(refund('two', '3'));
      expect(answer.body).toMatchObject({ status: 'refunded', gaps: [1, 2] });
      expect(answer.body).not.toHaveProperty('instanceId');
      expect((await deliver(order('two'))).body).toMatchObject({ status: 'refunded', gaps: [2] });
      await settled();
      expect(deployment.created).toBe(before);
    });

    it('cannot say two things under one number', async () => {
      await deliver(order('three'));
      const answer = await deliver({ ...order('three'), data: { ...order('three').data, plan: 'grand' } });
      expect(answer.body).toMatchObject({ status: 409, code: 'sequence-conflict' });
    });

    it('shows why it cannot be fulfilled', async () => {
      const data = { ...order('four').data, appId: newId('app') };
      const { purchaseId } = (await deliver({ ...order('four'), data })).body as { purchaseId: string };
      await settled();
      expect((await purchase(purchaseId, 'buyer', buyerTenant)).body).toMatchObject({
        fulfilment: { status: 'refused', code: 'app-not-found' },
      });
    });

    it('is seen by its parties, by each as far as it is theirs', async () => {
      const { purchaseId } = (await deliver(order('five'))).body as { purchaseId: string };
      await settled();
      for (const [role, tenant] of [
        ['provider', sold.providerTenant],
        ['billing', billingTenant],
        ['operator', newId('tenant')],
      ] as const) {
        const answer = await purchase(purchaseId, role, tenant);
        expect(answer.status).toBe(200);
        expect(JSON.stringify(answer.body)).not.toContain('a@b.example');
        const list = await get('/v1/purchases', role, tenant);
        expect((list.body as { items: { purchaseId: string }[] }).items.map((item) => item.purchaseId)).toContain(purchaseId);
        const { status } = (await purchase(purchaseId, role, tenant)).body as { status: string };
        const alike = (await get(`/v1/purchases?status=${status}`, role, tenant)).body as {
          items: { status: string; purchaseId: string }[];
        };
        expect(alike.items.map((item) => item.purchaseId)).toContain(purchaseId);
        expect(new Set(alike.items.map((item) => item.status))).toEqual(new Set([status]));
      }
      for (const role of ['provider', 'buyer', 'billing'] as const) {
        const stranger = newId('tenant');
        const foreign = await purchase(purchaseId, role, stranger);
        const missingId = newId('purchase');
        const missing = await purchase(missingId, role, stranger);
        expect(foreign.status).toBe(404);
        expect({ ...foreign.body, detail: '', instance: '' }).toEqual({ ...missing.body, detail: '', instance: '' });
        expect((await get('/v1/purchases', role, stranger)).body).toEqual({ items: [] });
      }
    });
  });
});
