import { createHash, createHmac, randomUUID } from 'node:crypto';
import { Global, Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  AuthorizationCommands,
  newId,
  platformApis,
  ReleaseQueries,
  type Role,
  type Snapshot,
  type VersionView,
} from '@souk/contracts';
import { temporaryFolder } from '@souk/event-sourcing/testing';
import { DeadlineRunner } from '@souk/coordination';
import { Clock, createHttpApplication, listen, PlatformModule } from '@souk/platform';
import { authorization, AuthorizationModule, Bootstrap } from '../src/authorization.module';
import { ReleaseConsumer } from '../src/edges/release.consumer';
import { callOf } from './world';

/** What this service asks release for, of versions that the specs make up. */
class KnownVersions extends ReleaseQueries {
  readonly versions = new Map<string, VersionView>();
  readonly snapshots = new Map<string, Snapshot>();
  override version(versionId: string) {
    return Promise.resolve(this.versions.get(versionId));
  }
  override newestReleased() {
    return Promise.resolve(undefined);
  }
  override snapshot(digest: string) {
    return Promise.resolve(this.snapshots.get(digest));
  }
}
const releases = new KnownVersions();

@Global()
@Module({ providers: [{ provide: ReleaseQueries, useValue: releases }], exports: [ReleaseQueries] })
class KnownVersionsModule {}

/** The system's clock, set ahead or back by so much. */
class MovedClock extends Clock {
  byMs = 0;
  override now(): Date {
    return new Date(Date.now() + this.byMs);
  }
}
const clock = new MovedClock();

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers: Headers;
}

describe('Authorization over HTTP', () => {
  const folder = temporaryFolder();
  let app: NestFastifyApplication;
  let url: string;
  let operator: string;

  beforeAll(async () => {
    @Module({
      imports: [
        PlatformModule.embedded({ dataDir: folder.path, logLevel: 'silent', services: [authorization], clock }),
        KnownVersionsModule,
        AuthorizationModule,
      ],
    })
    class TestModule {}
    app = await createHttpApplication(TestModule, '0.0.0');
    url = `http://127.0.0.1:${await listen(app, 0, '127.0.0.1')}`;
    operator = (await app.get(Bootstrap).ensureOperator())!.token;
  });
  afterAll(async () => {
    await app.close();
    folder.remove();
  });

  async function call(
    token: string | undefined,
    method: string,
    path: string,
    body?: object,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(token && { authorization: `Bearer ${token}` }),
        ...(body && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: (text ? JSON.parse(text) : {}) as Record<string, unknown>,
    };
  }

  async function tenant(): Promise<string> {
    return (await call(operator, 'POST', '/v1/tenants', { name: 'Bazaar' })).body['tenantId'] as string;
  }

  async function signedIn(tenantId: string, role: Role): Promise<string> {
    const user = await call(operator, 'POST', `/v1/tenants/${tenantId}/users`, { displayName: 'Ada', role });
    const token = await call(operator, 'POST', `/v1/users/${String(user.body['userId'])}/tokens`, {});
    return token.body['accessToken'] as string;
  }

  function version(providerTenant: string, more: Partial<VersionView> = {}): string {
    const versionId = newId('version');
    releases.versions.set(versionId, { versionId, appId: 'app', providerTenant, number: '1.0.0', status: 'draft', ...more });
    return versionId;
  }

  async function instance(ownerTenant: string, providerTenant: string, apis: readonly string[]) {
    const instanceId = newId('instance');
    const commands = app.get(AuthorizationCommands);
    const { appKey } = await commands.createCredential(
      { instanceId, appId: 'app', ownerTenant, providerTenant, grants: { apis, dataModels: [] } },
      callOf(),
    );
    return { instanceId, appKey, appSecret: await commands.appSecret(instanceId, 1) };
  }

  describe('tenants and users', () => {
    it('are registered by an operator, listed, and sign in', async () => {
      const created = await call(operator, 'POST', '/v1/tenants', { name: 'Souk Ltd' }, { 'idempotency-key': 'one' });
      expect(created.status).toBe(201);
      const again = await call(operator, 'POST', '/v1/tenants', { name: 'Souk Ltd' }, { 'idempotency-key': 'one' });
      expect(again.body).toEqual(created.body);
      const path = created.headers.get('location')!;
      const user = await call(operator, 'POST', `${path}/users`, { displayName: 'Ada', role: 'provider' });
      expect(user).toMatchObject({ status: 201, body: { displayName: 'Ada', role: 'provider', status: 'active' } });
      const atLeast = `atLeast=${user.headers.get('x-event-position')!}`;
      const listed = await call(operator, 'GET', `/v1/tenants?${atLeast}`);
      expect(listed.body['items']).toContainEqual(expect.objectContaining(created.body));
      const users = await call(operator, 'GET', `${path}/users?${atLeast}`);
      expect(users.body['items']).toEqual([expect.objectContaining({ displayName: 'Ada', tokens: [] })]);

      const token = await call(operator, 'POST', `${user.headers.get('location')!}/tokens`, { expiresInSeconds: 60 });
      expect(token).toMatchObject({ status: 201, body: { tokenType: 'Bearer', expiresIn: 60 } });
      expect(token.headers.get('cache-control')).toBe('no-store');
      const accessToken = token.body['accessToken'] as string;
      expect((await call(accessToken, 'GET', '/v1/platform-apis')).body['items']).toEqual(platformApis);
      expect((await call(accessToken, 'GET', '/v1/tenants')).status).toBe(403);

      const disabled = await call(operator, 'POST', `${user.headers.get('location')!}/disable`, { reason: 'left' });
      expect(disabled.status).toBe(200);
      expect((await call(accessToken, 'GET', '/v1/platform-apis')).status).toBe(401);
      expect((await call(operator, 'POST', `${user.headers.get('location')!}/tokens`, {})).body).toMatchObject({
        code: 'user-disabled',
      });
    });

    it('lose a token that is revoked', async () => {
      const tenantId = await tenant();
      const user = await call(operator, 'POST', `/v1/tenants/${tenantId}/users`, { displayName: 'Ada', role: 'buyer' });
      const path = `/v1/users/${String(user.body['userId'])}`;
      const { body } = await call(operator, 'POST', `${path}/tokens`, {});
      expect((await call(operator, 'DELETE', `${path}/tokens/${String(body['tokenId'])}`)).status).toBe(204);
      expect((await call(body['accessToken'] as string, 'GET', '/v1/platform-apis')).status).toBe(401);
      expect((await call(operator, 'DELETE', `${path}/tokens/none`)).status).toBe(404);
    });

    it('answer every problem of the input at once', async () => {
      const answer = await call(operator, 'POST', `/v1/tenants/${await tenant()}/users`, { role: 'king', more: 1 });
      expect(answer).toMatchObject({ status: 422, body: { code: 'invalid-input' } });
      const pointers = (answer.body['problems'] as { pointer: string }[]).map(({ pointer }) => pointer);
      expect(pointers.sort()).toEqual(['/displayName', '/more', '/role']);
    });

    it('of a tenant or user that is not there are 404', async () => {
      expect(
        (await call(operator, 'POST', `/v1/tenants/${newId('tenant')}/users`, { displayName: 'A', role: 'buyer' })).status,
      ).toBe(404);
      expect((await call(operator, 'GET', `/v1/tenants/${newId('tenant')}/users`)).status).toBe(404);
      expect((await call(operator, 'POST', `/v1/users/${newId('user')}/tokens`, {})).status).toBe(404);
    });

    it('publish the key that tokens are signed with', async () => {
      const { body } = await call(undefined, 'GET', '/.well-known/jwks.json');
      expect(body['keys']).toEqual([expect.objectContaining({ kty: 'OKP', crv: 'Ed25519', use: 'sig' })]);
    });

    it.each([undefined, 'x', 'a.b.c'])('refuse the token %s', async (token) => {
      expect(await call(token, 'GET', '/v1/platform-apis')).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    });
  });

  describe('permissions', () => {
    it('of a draft are declared and seen by its provider alone', async () => {
      const [mine, other] = [await tenant(), await tenant()];
      const [provider, stranger, buyer] = [
        await signedIn(mine, 'provider'),
        await signedIn(other, 'provider'),
        await signedIn(other, 'buyer'),
      ];
      const path = `/v1/versions/${version(mine)}/permissions`;
      const empty = await call(provider, 'GET', path);
      expect(empty).toMatchObject({
        status: 200,
        body: { revision: -1, permissions: { apis: [], dataModels: [] }, problems: [] },
      });

      const dataModels = [{ model: 'orders', version: '1', access: 'read' }];
      const put = await call(provider, 'PUT', path, { apis: ['instance.read'], dataModels });
      expect(put).toMatchObject({ status: 200, body: { problems: [{ code: 'missing-permission', pointer: '/dataModels/0' }] } });
      const got = await call(provider, 'GET', path);
      expect(got.body).toEqual(put.body);
      expect(got.headers.get('etag')).toBe(put.headers.get('etag'));

      for (const foreign of [stranger, buyer]) expect((await call(foreign, 'GET', path)).status).toBe(404);
      expect((await call(stranger, 'PUT', path, { apis: [] })).status).toBe(404);
      expect((await call(stranger, 'PUT', `/v1/versions/${newId('version')}/permissions`, { apis: [] })).status).toBe(404);
      expect((await call(buyer, 'PUT', path, { apis: [] })).status).toBe(403);
      expect((await call(provider, 'PUT', path, { apis: [] }, { 'if-match': '"0"' })).status).toBe(412);
    });

    it('say where the app is opened, which services it needs and which it provides', async () => {
      const mine = await tenant();
      const provider = await signedIn(mine, 'provider');
      const path = `/v1/versions/${version(mine)}/permissions`;
      const services = {
        sso: { path: '/login?from=console', node: 'web', port: 443 },
        dependencies: [{ model: 'work-orders', apis: ['orders.close', 'orders.read'] }],
        provisions: [{ model: 'face-search', node: 'api', port: 8080 }],
      };
      const put = await call(provider, 'PUT', path, { apis: [], ...services });
      expect(put).toMatchObject({
        status: 200,
        body: {
          permissions: { apis: [], dataModels: [], ...services },
          problems: [{ code: 'missing-permission', pointer: '/sso' }],
        },
      });
      expect((await call(provider, 'PUT', path, { apis: ['oauth.use'], ...services })).body['problems']).toEqual([]);
      for (const sso of [
        { ...services.sso, path: '//evil.example' },
        { ...services.sso, path: 'login' },
        { ...services.sso, port: 0 },
      ])
        expect((await call(provider, 'PUT', path, { apis: [], sso })).status).toBe(422);
    });

    it('name every unknown API with its place', async () => {
      const mine = await tenant();
      const path = `/v1/versions/${version(mine)}/permissions`;
      const answer = await call(await signedIn(mine, 'provider'), 'PUT', path, { apis: ['a', 'instance.read', 'b'] });
      expect(answer).toMatchObject({
        status: 422,
        body: { code: 'permissions-invalid', problems: [{ code: 'unknown-api', pointer: '/apis/0' }, { pointer: '/apis/2' }] },
      });
    });

    it('of a released version are frozen, and seen by everybody', async () => {
      const mine = await tenant();
      const provider = await signedIn(mine, 'provider');
      const versionId = version(mine);
      const path = `/v1/versions/${versionId}/permissions`;
      await call(provider, 'PUT', path, { apis: ['instance.read'] });
      const permissions = { apis: ['instance.read'], dataModels: [] };
      releases.snapshots.set('digest', {
        apiVersion: 'souk/v1',
        kind: 'Snapshot',
        appId: 'app',
        versionNumber: '1.0.0',
        configurations: [],
        permissions,
      });
      releases.versions.set(versionId, { ...releases.versions.get(versionId)!, status: 'released', snapshot: 'digest' });
      expect(await call(provider, 'PUT', path, { apis: [] })).toMatchObject({
        status: 409,
        body: { code: 'permissions-frozen' },
      });
      const buyer = await signedIn(await tenant(), 'buyer');
      expect((await call(buyer, 'GET', path)).body).toMatchObject({ permissions });

      const data = { versionId, appId: 'app', providerTenant: mine, number: '1.0.0', snapshot: 'digest' };
      const released = {
        id: randomUUID(),
        type: 'release.version-released.v1',
        data,
        soukmetadata: { correlationId: 'c' },
      } as never;
      await app.get(ReleaseConsumer).versionReleased(released);
      await app.get(ReleaseConsumer).versionReleased(released);
      releases.versions.set(versionId, { ...releases.versions.get(versionId)!, status: 'draft' });
      expect(await call(provider, 'PUT', path, { apis: [] })).toMatchObject({
        status: 409,
        body: { code: 'permissions-frozen' },
      });
    });

    it('are copied into another version', async () => {
      const mine = await tenant();
      const provider = await signedIn(mine, 'provider');
      const [from, to] = [version(mine), version(mine)];
      await call(provider, 'PUT', `/v1/versions/${from}/permissions`, { apis: ['instance.read', 'instance-nodes.read'] });
      for (let i = 0; i < 2; i++) await app.get(AuthorizationCommands).clonePermissions(from, to, callOf('clone'));
      const copy = await call(provider, 'GET', `/v1/versions/${to}/permissions`);
      expect(copy.body['permissions']).toEqual({ apis: ['instance-nodes.read', 'instance.read'], dataModels: [] });
    });
  });

  describe('credentials', () => {
    it('are seen and suspended by owner, provider and operator, and by nobody else', async () => {
      const [owner, provider, stranger] = [await tenant(), await tenant(), await tenant()];
      const { instanceId, appKey, appSecret } = await instance(owner, provider, ['instance.read']);
      const path = `/v1/instances/${instanceId}/credential`;
      for (const token of [await signedIn(owner, 'buyer'), await signedIn(provider, 'provider'), operator]) {
        const seen = await call(token, 'GET', path);
        expect(seen).toMatchObject({ status: 200, body: { appKey, status: 'active', grants: { apis: ['instance.read'] } } });
        expect(JSON.stringify(seen.body)).not.toContain(appSecret);
        expect((await call(token, 'POST', `${path}/suspend`, { reason: 'late' })).body).toMatchObject({ status: 'suspended' });
        expect((await call(token, 'POST', `${path}/resume`, {})).body).toMatchObject({ status: 'active' });
      }
      const foreign = await signedIn(stranger, 'buyer');
      for (const [method, at] of [
        ['GET', path],
        ['POST', `${path}/suspend`],
        ['POST', `${path}/resume`],
      ] as const)
        expect((await call(foreign, method, at, method === 'POST' ? {} : undefined)).status).toBe(404);
      await app.get(AuthorizationCommands).revokeCredential(instanceId, callOf());
      expect(await call(operator, 'POST', `${path}/suspend`, {})).toMatchObject({
        status: 409,
        body: { code: 'credential-revoked' },
      });
    });
  });

  describe('decisions', () => {
    // Written from the README alone: a stranger's implementation.
    function sign({ appKey, appSecret }: { appKey: string; appSecret: string }, method: string, path: string, body?: string) {
      const headers: Record<string, string> = {
        Accept: 'application/json',
        'X-Ca-Key': appKey,
        'X-Ca-Timestamp': String(clock.now().getTime()),
        'X-Ca-Nonce': randomUUID(),
        'X-Ca-Signature-Headers': 'X-Ca-Key,X-Ca-Nonce,X-Ca-Timestamp',
      };
      const bodySha256 = body && createHash('sha256').update(body).digest('base64');
      if (bodySha256) headers['Content-Digest'] = `sha-256=:${bodySha256}:`;
      const text =
        `${method}\napplication/json\n${headers['Content-Digest'] ?? ''}\n\n\n` +
        `x-ca-key:${appKey}\nx-ca-nonce:${headers['X-Ca-Nonce']!}\nx-ca-timestamp:${headers['X-Ca-Timestamp']!}\n${path}`;
      headers['X-Ca-Signature'] = createHmac('sha256', appSecret).update(text).digest('base64');
      return { method, path, headers, ...(bodySha256 && { bodySha256 }) };
    }

    it('are made for a gateway: allowed, not granted, replayed, revoked', async () => {
      const owner = await tenant();
      const known = await instance(owner, await tenant(), ['instance.read']);
      const request = sign(known, 'GET', '/open/v1/instance');
      const { appKey, instanceId } = known;
      const allowed = { allowed: true, api: 'instance.read', appKey, instanceId, ownerTenant: owner };
      expect(await call(operator, 'POST', '/v1/decisions', request)).toMatchObject({ status: 200, body: allowed });
      expect((await call(operator, 'POST', '/v1/decisions', request)).body).toMatchObject({
        allowed: false,
        code: 'unauthenticated',
      });
      expect((await call(operator, 'POST', '/v1/decisions', sign(known, 'GET', '/open/v1/instance', '{}'))).body).toEqual(
        allowed,
      );
      const notGranted = sign(known, 'GET', '/open/v1/instance/nodes');
      expect((await call(operator, 'POST', '/v1/decisions', notGranted)).body).toMatchObject({
        allowed: false,
        code: 'not-granted',
      });
      await app.get(AuthorizationCommands).revokeCredential(instanceId, callOf());
      const late = await call(operator, 'POST', '/v1/decisions', sign(known, 'GET', '/open/v1/instance'));
      expect(late.body).toMatchObject({ allowed: false, code: 'unauthenticated' });
    });

    it('take old and new secret for as long as its owner said', async () => {
      const [owner, provider] = [await tenant(), await tenant()];
      const old = await instance(owner, provider, ['instance.read']);
      const buyer = await signedIn(owner, 'buyer');
      const path = `/v1/instances/${old.instanceId}/credential`;
      for (const token of [await signedIn(provider, 'provider'), operator])
        expect((await call(token, 'POST', `${path}/rotate`, {})).status).toBe(403);
      expect((await call(await signedIn(provider, 'buyer'), 'POST', `${path}/rotate`, {})).status).toBe(404);
      expect((await call(buyer, 'POST', `${path}/rotate`, { graceSeconds: 604_801 })).status).toBe(422);

      const wish = { graceSeconds: 300, reason: 'a laptop was stolen' };
      const rotated = await call(buyer, 'POST', `${path}/rotate`, wish, { 'idempotency-key': 'once' });
      expect(rotated).toMatchObject({ status: 200, body: { secretVersion: 2, appKey: old.appKey } });
      const again = await call(buyer, 'POST', `${path}/rotate`, wish, { 'idempotency-key': 'once' });
      expect(again.body).toEqual(rotated.body);
      const renewed = { ...old, appSecret: await app.get(AuthorizationCommands).appSecret(old.instanceId, 2) };
      expect(JSON.stringify(rotated.body)).not.toContain(renewed.appSecret);

      const taken = async () => {
        const answers = [old, renewed].map((key) =>
          call(operator, 'POST', '/v1/decisions', sign(key, 'GET', '/open/v1/instance')),
        );
        return (await Promise.all(answers)).map(({ body }) => body['allowed']);
      };
      expect(await taken()).toEqual([true, true]);
      // What was rotated is told of, and the deadline set; nothing happens before its time.
      const open = async (count: number) => {
        const line = `souk_deadlines_open{service="authorization"} ${count}`;
        while (!(await (await fetch(`${url}/metrics`)).text()).includes(line)) await new Promise(setImmediate);
      };
      await open(1);
      app.get(DeadlineRunner).look();
      expect((await call(buyer, 'GET', path)).body).toHaveProperty('previousSecretValidUntil');

      clock.byMs = 300_000;
      expect(await taken()).toEqual([false, true]);
      app.get(DeadlineRunner).look();
      await open(0);
      expect((await call(buyer, 'GET', path)).body).not.toHaveProperty('previousSecretValidUntil');
      clock.byMs = 0;
      expect(await taken()).toEqual([false, true]);
    });

    it('are for operators, and ask for texts', async () => {
      const buyer = await signedIn(await tenant(), 'buyer');
      const request = { method: 'GET', path: '/', headers: { a: 1 }, query: { b: [2], c: 'x', d: ['y', 'z'] } };
      expect((await call(buyer, 'POST', '/v1/decisions', request)).status).toBe(403);
      const answer = await call(operator, 'POST', '/v1/decisions', request);
      expect(answer).toMatchObject({ status: 422, body: { problems: [{ pointer: '/headers/a' }, { pointer: '/query/b' }] } });
    });
  });
});
