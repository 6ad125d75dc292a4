import { Controller, Global, Module } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { EventStore, type Position } from '@souk/event-sourcing';
import { temporaryFolder } from '@souk/event-sourcing/testing';
import { EventBus, type GroupStats, parkedMessageIdOf, type PublicEvent } from '@souk/messaging';
import { happen, thingPublication } from '@souk/messaging/testing';
import { type Principal, TokenVerifier } from '../auth/principal';
import { createHttpApplication, listen } from '../http-application';
import { Unauthenticated } from '../http/errors';
import { busDetails } from '../observability/bus-health';
import { PlatformModule } from '../platform.module';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- bodies are what a test asserts on, not what it is typed by
type Body = any;

const broken = new Set<string>();
const handled: string[] = [];

@Controller()
class ThingsConsumer {
  @EventPattern('things.happened.v1', { group: 'shop' })
  happened(@Payload() { subject, soukrevision }: PublicEvent): void {
    const message = `${subject}@${soukrevision}`;
    if (broken.has(message)) throw Object.assign(new Error(`no: password=hunter22 of ${message}`), { code: 'broken' });
    handled.push(message);
  }
}

/** The token is the role. */
class Tokens extends TokenVerifier {
  override async verify(token: string): Promise<Principal> {
    if (token !== 'operator' && token !== 'buyer' && token !== 'auditor') throw new Unauthenticated();
    return { tenant: 'ten_1', user: `usr_${token}`, role: token, tokenId: 't' };
  }
}

@Global()
@Module({ providers: [{ provide: TokenVerifier, useClass: Tokens }], exports: [TokenVerifier], controllers: [ThingsConsumer] })
class ThingsModule {}

describe('Parked messages over the API', () => {
  const folder = temporaryFolder();
  let app: NestFastifyApplication;
  let url: string;
  let position: string | undefined;

  const ask = async (method: string, path: string, body?: object, headers: Record<string, string> = {}, token = 'operator') => {
    const at =
      method === 'GET' && position && path.startsWith('/v1') ? `${path.includes('?') ? '&' : '?'}atLeast=${position}` : '';
    const response = await fetch(`${url}${path}${at}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }), ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });
    position = response.headers.get('x-event-position') ?? position;
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text.startsWith('{') ? JSON.parse(text) : text };
  };
  const get = (path: string) => ask('GET', path);
  const post = (path: string, body: object = {}, headers: Record<string, string> = {}) => ask('POST', path, body, headers);
  const until = async (path: string, holds: (body: Body) => boolean): Promise<Body> => {
    for (;;) {
      const { status, body } = await get(path);
      if (status === 200 && holds(body)) return body;
      await new Promise(setImmediate);
    }
  };
  const idOf = (subject: string): string => parkedMessageIdOf('shop', subject);
  const pathOf = (subject: string): string => `/v1/parked-messages/${idOf(subject)}`;
  const isParked = ({ status }: { status: string }): boolean => status === 'parked';
  const isReleased = ({ status }: { status: string }): boolean => status === 'released';
  const events = (...streams: string[]): Promise<Position> => happen(app.get(EventStore), streams);

  beforeAll(async () => {
    const services = [{ service: 'things', aggregates: [], projections: [], publication: thingPublication }];
    const platform = PlatformModule.embedded({
      dataDir: folder.path,
      logLevel: 'silent',
      services,
      bus: { retry: { firstMs: 1, maxMs: 2 } },
    });
    @Module({ imports: [platform, ThingsModule] })
    class AppModule {}
    app = await createHttpApplication(AppModule, '0.0.0-test');
    url = `http://127.0.0.1:${await listen(app, 0, '127.0.0.1')}`;
    for (let i = 0; i < 3; i++) broken.add(`thing-${i}@0`);
    await events('thing-0', 'thing-1', 'thing-2', 'thing-0', 'thing-0', 'thing-9');
    for (let i = 0; i < 3; i++) await until(pathOf(`thing-${i}`), isParked);
  });
  afterAll(async () => {
    await app.close();
    folder.remove();
  });

  it('are for operators only', async () => {
    for (const token of ['buyer', 'auditor']) {
      expect((await ask('GET', '/v1/parked-messages', undefined, {}, token)).body).toMatchObject({ code: 'forbidden' });
      expect((await ask('POST', `${pathOf('thing-0')}/discard`, { reason: 'x' }, {}, token)).status).toBe(403);
    }
    expect((await ask('GET', '/v1/parked-messages', undefined, {}, 'nobody')).status).toBe(401);
  });

  it('are listed, page by page, the oldest first', async () => {
    const first = await get('/v1/parked-messages?limit=2');
    expect(first.body.items).toHaveLength(2);
    const second = await get(`/v1/parked-messages?limit=2&cursor=${encodeURIComponent(first.body.next)}`);
    const subjects = [...first.body.items, ...second.body.items].map(({ subject }: { subject: string }) => subject);
    expect(subjects.toSorted()).toEqual(['thing-0', 'thing-1', 'thing-2']);
    expect(second.body.next).toBeUndefined();
  });

  it.each([
    ['group=shop', 3],
    ['group=other', 0],
    ['subject=thing-1', 1],
    ['subject=thing-1&group=other', 0],
    ['type=things.happened.v1', 3],
    ['type=things.praised.v1&group=shop', 0],
    ['status=released', 0],
  ])('are found by %s', async (query, count) => {
    expect((await get(`/v1/parked-messages?${query}`)).body.items).toHaveLength(count);
  });

  it('refuse an unknown status or parameter', async () => {
    expect((await get('/v1/parked-messages?status=lost')).status).toBe(422);
    expect((await get('/v1/parked-messages?tenant=x')).status).toBe(422);
  });

  it('tell why, how often, and how many wait behind; no data, no secret, no stack', async () => {
    const { body, headers } = await get(pathOf('thing-0'));
    expect(body).toEqual({
      parkedMessageId: idOf('thing-0'),
      group: 'shop',
      subject: 'thing-0',
      status: 'parked',
      message: {
        id: expect.any(String),
        type: 'things.happened.v1',
        revision: 0,
        position: expect.any(String),
        time: expect.any(String),
      },
      reason: { name: 'Error', code: 'broken', message: 'no: password=(redacted) of thing-0@0' },
      attempts: 5,
      totalAttempts: 5,
      firstFailedAt: expect.any(String),
      lastFailedAt: expect.any(String),
      parkedAt: expect.any(String),
      waiting: { messages: 2, more: false },
    });
    expect(headers.get('etag')).toBe('"0"');
  });

  it('answer 404 where there is none', async () => {
    const path = '/v1/parked-messages/00ff';
    const headers = { 'if-match': '"0"' };
    expect((await get(path)).body).toMatchObject({ status: 404, code: 'not-found' });
    expect((await post(`${path}/replay`)).body).toMatchObject({ status: 404, code: 'not-found' });
    expect((await post(`${path}/discard`, { reason: 'x' }, headers)).body).toMatchObject({ status: 404, code: 'not-found' });
  });

  it('show in metrics and health, which stays up', async () => {
    const metrics = (await get('/metrics')).body as string;
    expect(metrics).toContain('souk_bus_parked_messages{group="shop"} 3');
    expect(metrics).toContain('souk_bus_deliveries_total{group="shop",outcome="parked"} 3');
    expect(metrics).toContain('souk_bus_deliveries_total{group="shop",outcome="handled"} 1');
    expect(metrics).toMatch(/souk_bus_lag_events\{group="shop"\} \d+/);
    expect(metrics).toContain('souk_bus_held_subjects{group="shop"} 0');
    const { status, body } = await get('/health/ready');
    expect([status, body.details.bus]).toEqual([200, { status: 'up', parked: { shop: 3 } }]);
  });

  describe('to be discarded', () => {
    it('need a reason, and the revision that was looked at', async () => {
      const path = `${pathOf('thing-0')}/discard`;
      expect((await post(path, {}, { 'if-match': '"0"' })).body).toMatchObject({ status: 422, code: 'invalid-input' });
      expect((await post(path, { reason: ' ' }, { 'if-match': '"0"' })).status).toBe(422);
      expect((await post(path, { reason: 'x' })).body).toMatchObject({ status: 428, code: 'precondition-required' });
      expect((await post(path, { reason: 'x' }, { 'if-match': '"7"' })).body).toMatchObject({ status: 412 });
    });

    it('are skipped alone, on the record; the same request again changes nothing, another one is refused', async () => {
      const path = `${pathOf('thing-0')}/discard`;
      const headers = { 'if-match': '"0"', 'idempotency-key': 'discard-1' };
      const first = await post(path, { reason: 'made by a test' }, headers);
      expect([first.status, first.body]).toEqual([202, { parkedMessageId: idOf('thing-0'), status: 'releasing' }]);
      const again = await post(path, { reason: 'made by a test' }, headers);
      expect([again.status, again.body]).toEqual([202, first.body]);
      const after = await until(pathOf('thing-0'), isReleased);
      expect(after).toMatchObject({
        decision: { decision: 'discard', by: { kind: 'user', id: 'usr_operator' }, reason: 'made by a test' },
        waiting: { messages: 0 },
      });
      expect(handled.filter((message) => message.startsWith('thing-0'))).toEqual(['thing-0@1', 'thing-0@2']);
      const { headers: seen } = await get(pathOf('thing-0'));
      expect((await post(path, { reason: 'once more' }, { 'if-match': seen.get('etag')! })).body).toMatchObject({
        status: 409,
        code: 'message-not-parked',
      });
    });
  });

  describe('to be replayed', () => {
    it('are parked again where they fail again', async () => {
      expect((await post(`${pathOf('thing-1')}/replay`, { reason: 'try' })).status).toBe(202);
      const { totalAttempts, attempts } = await until(pathOf('thing-1'), (body) => body.totalAttempts > 5);
      expect([attempts, totalAttempts]).toEqual([5, 10]);
    });

    it('are handled, all of a group, when what was wrong is mended', async () => {
      broken.clear();
      const { status, body } = await post('/v1/parked-messages/replay', { group: 'shop', type: 'things.happened.v1' });
      expect([status, body]).toEqual([202, { requested: 2, more: false, parkedBefore: expect.any(String) }]);
      for (const subject of ['thing-1', 'thing-2']) await until(pathOf(subject), isReleased);
      expect(handled).toEqual(expect.arrayContaining(['thing-1@0', 'thing-2@0']));
      expect((await get('/v1/parked-messages')).body.items).toEqual([]);
      expect((await post('/v1/parked-messages/replay', { group: 'shop' })).body).toMatchObject({ requested: 0, more: false });
    });
  });

  it('do not make the bus unready, which a subscription does that stands still, unless it waits for a broker', async () => {
    const [group] = (await app.get(EventBus).stats()) as [GroupStats];
    const standing = [{ ...group, condition: 'broken' }] as const;
    expect(busDetails([{ ...group, parkedSubjects: 2 }], false)).toEqual({ isUp: true, details: { parked: { shop: 2 } } });
    expect(busDetails(standing, false)).toEqual({ isUp: false, details: { standing: { shop: 'broken' } } });
    expect(busDetails(standing, true)).toEqual({ isUp: true, details: { standing: { shop: 'broken' } } });
  });
});
