import { Global, Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { newId, platformTenant, type Role } from '@souk/contracts';
import { type Aggregate, CommandHandler, type DomainEvent, EventStore } from '@souk/event-sourcing';
import { temporaryFolder } from '@souk/event-sourcing/testing';
import {
  createHttpApplication,
  listen,
  PlatformModule,
  type Principal,
  type ServiceDefinition,
  TokenVerifier,
  Unauthenticated,
} from '@souk/platform';
import request from 'supertest';
import { audit, AuditModule } from '../src/audit.module';

const buyerTenant = newId('tenant');
const providerTenant = newId('tenant');
const instanceId = newId('instance');

type Ordered = DomainEvent<'ThingOrdered', { instanceId: string; buyerTenant: string; email: string; parameters: object }>;
type Delivered = DomainEvent<'ThingDelivered', { instanceId: string }>;

/** Something that happens in another service, with a personal field. */
const thing: Aggregate<null, Ordered | Delivered, Ordered | Delivered> = {
  category: 'instance',
  initial: null,
  decide: (event) => [event],
  evolve: () => null,
  tenants: () => [buyerTenant, providerTenant],
  eventTypes: { ThingOrdered: { personal: { fields: ['email'], tenant: (data) => data.buyerTenant } }, ThingDelivered: {} },
};
const things: ServiceDefinition = { service: 'things', aggregates: [thing], projections: [] };

/** `role.tenant` */
class PlainTokens extends TokenVerifier {
  override async verify(token: string): Promise<Principal> {
    const [role, tenant] = token.split('.');
    if (!role || !tenant) throw new Unauthenticated();
    return { role: role as Role, tenant, user: 'usr_1', tokenId: token };
  }
}

@Global()
@Module({ providers: [{ provide: TokenVerifier, useClass: PlainTokens }], exports: [TokenVerifier] })
class Tokens {}

const folder = temporaryFolder();

@Module({
  imports: [
    PlatformModule.embedded({ dataDir: folder.path, logLevel: 'silent', services: [things, audit] }),
    Tokens,
    AuditModule,
  ],
})
class Marketplace {}

interface Item {
  readonly id: string;
  readonly type: string;
  readonly summary: string;
  readonly data?: Record<string, unknown>;
}

describe('History over HTTP', () => {
  let app: NestFastifyApplication;
  let url: string;
  let ordered: string;
  let delivered: string;

  beforeAll(async () => {
    app = await createHttpApplication(Marketplace, '0.0.0');
    url = `http://127.0.0.1:${await listen(app, 0, '127.0.0.1')}`;
    const commands = app.get(CommandHandler);
    const context = {
      commandId: 'c1',
      correlationId: 'cor-1',
      causationId: 'req-1',
      actor: { kind: 'user', id: newId('user') },
    } as const;
    const order: Ordered = {
      type: 'ThingOrdered',
      data: { instanceId, buyerTenant, email: 'someone@buyer.example', parameters: { size: 'canary-size' } },
    };
    ordered = (await commands.handle(thing, instanceId, order, context)).events[0]!.id;
    const next = { ...context, commandId: 'c2', causationId: ordered };
    delivered = (await commands.handle(thing, instanceId, { type: 'ThingDelivered', data: { instanceId } }, next)).events[0]!.id;
  });
  afterAll(async () => {
    await app.close();
    folder.remove();
  });

  const get = (path: string, role: Role, tenant: string) =>
    request(url).get(`/v1/history${path}`).auth(`${role}.${tenant}`, { type: 'bearer' });
  const items = ({ body }: { body: unknown }) => (body as { items: Item[] }).items;

  it('tells a party everything, but for what is sealed', async () => {
    const answer = await get(`?about=${instanceId}`, 'buyer', buyerTenant);
    expect(answer.status).toBe(200);
    expect(items(answer)).toMatchObject([
      {
        id: ordered,
        type: 'ThingOrdered',
        summary: `Thing ordered, instance ${instanceId}`,
        data: { email: '(sealed)', parameters: { size: 'canary-size' } },
        causationId: 'req-1',
        revision: 0,
      },
      { id: delivered, type: 'ThingDelivered', causationId: ordered },
    ]);
    expect(answer.text).not.toContain('someone@');
  });

  it('tells the provider nothing that the buyer has filled in', async () => {
    const answer = await get(`?about=${instanceId}`, 'provider', providerTenant);
    expect(items(answer)).toHaveLength(2);
    expect(answer.text).not.toContain('canary-size');
  });

  it('tells an operator who, when and what, without data', async () => {
    const answer = await get(`?about=${instanceId}`, 'operator', platformTenant);
    expect(items(answer).map(({ data }) => data)).toEqual([undefined, undefined]);
    expect(answer.text).not.toContain('canary-size');
  });

  it('tells the auditor of the platform everything, of another account its own', async () => {
    expect(items(await get('', 'auditor', platformTenant))).toHaveLength(2);
    expect(items(await get('', 'auditor', buyerTenant))).toHaveLength(2);
    expect(items(await get('', 'auditor', newId('tenant')))).toEqual([]);
  });

  it.each(['provider', 'buyer', 'billing', 'auditor'] as const)('knows nothing for a stranger who is a %s', async (role) => {
    const stranger = newId('tenant');
    expect(items(await get(`?about=${instanceId}`, role, stranger))).toEqual([]);
    const plain = ({ body }: { body: object }) => ({ ...body, detail: '', instance: '' });
    for (const path of ['causes', 'effects']) {
      const foreign = await get(`/${ordered}/${path}`, role, stranger);
      expect(foreign.status).toBe(404);
      expect(plain(foreign)).toEqual(plain(await get(`/${newId('operation')}/${path}`, role, stranger)));
    }
    expect((await get(`/export?about=${instanceId}`, role, stranger)).text).toBe('');
  });

  it('leads from an event to what caused it, and on to what followed', async () => {
    const causes = await get(`/${delivered}/causes`, 'buyer', buyerTenant);
    expect(causes.body).toMatchObject({
      event: { id: delivered },
      items: [{ id: ordered }],
      root: { requestId: 'req-1', correlationId: 'cor-1' },
    });
    expect(items(await get(`/${ordered}/effects`, 'buyer', buyerTenant)).map(({ id }) => id)).toEqual([delivered]);
  });

  it('is exported as NDJSON', async () => {
    const answer = await get(`/export?about=${instanceId}`, 'auditor', platformTenant)
      .buffer(true)
      .parse((response, done) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => done(null, text));
      });
    expect(answer.headers['content-type']).toContain('application/x-ndjson');
    const lines = (answer.body as unknown as string).trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as Item).type)).toEqual(['ThingOrdered', 'ThingDelivered']);
  });

  it('says how far behind it is', async () => {
    const head = await app.get(EventStore).head();
    await get('', 'operator', platformTenant);
    expect((await get('/status', 'operator', platformTenant)).body).toEqual({
      indexed: head,
      head,
      behind: 0,
      status: 'running',
    });
  });

  it('names all that is wrong with a question', async () => {
    const answer = await get('?from=yesterday&type=no%20type&limit=0&colour=red', 'auditor', platformTenant);
    expect(answer.status).toBe(422);
    const { problems } = answer.body as { problems: { pointer: string }[] };
    expect(new Set(problems.map(({ pointer }) => pointer))).toEqual(new Set(['/from', '/type', '/limit', '/colour']));
  });
});
