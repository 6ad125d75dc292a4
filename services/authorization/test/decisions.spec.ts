import { randomBytes, randomUUID } from 'node:crypto';
import { type Decision, newId } from '@souk/contracts';
import { appKeyOf } from '../src/application/app-secret';
import { SIGNATURE_WINDOW } from '../src/domain/signature';
import { credentialAggregate } from '../src/domain/credential.decide';
import { callOf, World } from './world';

const MINUTE = 60_000;

/** Without what differs between any two requests. */
const withoutText = (decision: Decision) => ({ ...decision, stringToSign: undefined });

describe('A decision', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open();
  });
  afterAll(() => world.close());

  it('allows what was granted, from the very moment of creation', async () => {
    const instance = await world.instance(['instance.read']);
    const { appKey, instanceId } = instance;
    const decision = await world.verifier.decide(world.sign(instance));
    expect(decision).toEqual({ allowed: true, api: 'instance.read', appKey, instanceId, ownerTenant: 'ten_b' });
    expect(await world.verifier.decide(world.sign(instance, { body: '{"a":1}', query: { a: 'ü &=' } }))).toMatchObject({
      allowed: true,
    });
  });

  it('refuses a key that another process has revoked or suspended, though nobody folds the read models', async () => {
    const [revoked, suspended] = [await world.instance(['instance.read']), await world.instance(['instance.read'])];
    for (const one of [revoked, suspended]) expect((await world.verifier.decide(world.sign(one))).allowed).toBe(true);
    await world.runner.stop();
    const { instanceId } = suspended;
    await world.commands.handle(
      credentialAggregate,
      revoked.instanceId,
      { type: 'revoke-credential', instanceId: revoked.instanceId },
      callOf(),
    );
    await world.commands.handle(
      credentialAggregate,
      instanceId,
      { type: 'suspend-credential', instanceId, party: 'operator' },
      callOf(),
    );
    for (const one of [revoked, suspended])
      while ((await world.verifier.decide(world.sign(one))).allowed) await new Promise(setImmediate);
    await world.runner.start();
  });

  it.each([
    ['an API that was not granted', 'GET', '/open/v1/instance/nodes'],
    ['another method', 'DELETE', '/open/v1/instance'],
    ['an operation that is no API', 'GET', '/v1/apps'],
  ])('refuses %s to an honest caller', async (_, method, path) => {
    const instance = await world.instance(['instance.read']);
    const decision = await world.verifier.decide(world.sign(instance, { method, path }));
    expect(decision).toMatchObject({ allowed: false, code: 'not-granted' });
  });

  it('says what should have been signed', async () => {
    const instance = await world.instance([]);
    const decision = await world.verifier.decide(world.sign(instance, { headers: { 'x-ca-signature': 'wrong' } }));
    expect(decision).toMatchObject({ allowed: false, code: 'unauthenticated' });
    expect((decision as { stringToSign?: string }).stringToSign).toContain(`x-ca-key:${instance.appKey}\n`);
    expect(JSON.stringify(decision)).not.toContain(instance.appSecret);
  });

  it('does not tell an unknown key from a wrong signature, a suspended or a revoked key', async () => {
    const wrong = await world.instance(['instance.read']);
    const suspended = await world.instance(['instance.read']);
    const revoked = await world.instance(['instance.read']);
    const operator = { tenant: 'ten_o', user: 'usr', role: 'operator', tokenId: '' } as const;
    await world.credentials.suspend(suspended.instanceId, operator, callOf());
    await world.credentials.revoke(revoked.instanceId, callOf());
    const unknown = { appKey: randomBytes(16).toString('hex'), appSecret: 'x' };
    const decisions = [];
    for (const [instance, headers] of [
      [unknown, {}],
      [unknown, { 'x-ca-signature': 'a' }],
      [wrong, { 'x-ca-signature': 'a' }],
      [{ ...wrong, appSecret: `${wrong.appSecret}x` }, {}],
      [suspended, {}],
      [revoked, {}],
    ] as const) {
      // Twice: what is in memory answers as what is not.
      decisions.push(await world.verifier.decide(world.sign(instance, { headers })));
      decisions.push(await world.verifier.decide(world.sign(instance, { headers })));
    }
    const first = withoutText(decisions[0]!);
    expect(first).toMatchObject({ allowed: false, code: 'unauthenticated' });
    for (const decision of decisions) expect(withoutText(decision)).toEqual(first);
  });

  it('does not tell the key of an owner who was erased from an unknown one', async () => {
    const instance = await world.instance(['instance.read'], 'ten_erased');
    await world.vault.destroyTenantKey('ten_erased');
    const unknown = { appKey: randomBytes(16).toString('hex'), appSecret: 'x' };
    const decision = await world.verifier.decide(world.sign(instance));
    expect(withoutText(decision)).toEqual(withoutText(await world.verifier.decide(world.sign(unknown))));
  });

  it('changes with the credential at once, however often the key was seen before', async () => {
    const instance = await world.instance(['instance.read']);
    const allowed = async () => (await world.verifier.decide(world.sign(instance))).allowed;
    const owner = { tenant: 'ten_b', user: 'usr', role: 'buyer', tokenId: '' } as const;
    const { instanceId } = instance;
    for (let i = 0; i < 5; i++) {
      expect(await allowed()).toBe(true);
      await world.credentials.alignGrants(instanceId, { apis: ['instance-nodes.read'], dataModels: [] }, callOf());
      expect(await allowed()).toBe(false);
      await world.credentials.alignGrants(instanceId, { apis: ['instance.read'], dataModels: [] }, callOf());
      expect(await allowed()).toBe(true);
      await world.credentials.suspend(instanceId, owner, callOf());
      expect(await allowed()).toBe(false);
      await world.credentials.resume(instanceId, owner, callOf());
    }
    expect(await allowed()).toBe(true);
    await world.credentials.revoke(instanceId, callOf());
    expect(await allowed()).toBe(false);
  });

  it('knows a key that was asked for before it came into being', async () => {
    const instanceId = newId('instance');
    const early = { appKey: await appKeyOf(world.vault, 'ten_b', instanceId), appSecret: 'unknown yet' };
    expect(await world.verifier.decide(world.sign(early))).toMatchObject({ allowed: false });
    const grants = { apis: ['instance.read'], dataModels: [] };
    const input = { instanceId, appId: 'app', ownerTenant: 'ten_b', providerTenant: 'ten_p', grants };
    expect(await world.credentials.create(input, callOf())).toMatchObject({ appKey: early.appKey });
    const instance = { ...early, appSecret: await world.credentials.appSecret(instanceId) };
    expect(await world.verifier.decide(world.sign(instance))).toMatchObject({ allowed: true });
  });

  describe('about a timestamp', () => {
    it.each([
      [-SIGNATURE_WINDOW, true],
      [SIGNATURE_WINDOW, true],
      [-SIGNATURE_WINDOW - 1, false],
      [SIGNATURE_WINDOW + 1, false],
    ])('%d ms away is exact', async (distance, allowed) => {
      const instance = await world.instance(['instance.read']);
      const request = world.sign(instance, { headers: { 'x-ca-timestamp': String(world.clock.time + distance) } });
      expect((await world.verifier.decide(request)).allowed).toBe(allowed);
    });
  });

  describe('about a nonce', () => {
    it('that was used refuses, also in another request, and as long as the request is valid', async () => {
      const instance = await world.instance(['instance.read']);
      const request = world.sign(instance, { headers: { 'x-ca-timestamp': String(world.clock.time + SIGNATURE_WINDOW) } });
      expect(await world.verifier.decide(request)).toMatchObject({ allowed: true });
      const nonce = request.headers['x-ca-nonce']!;
      expect(await world.verifier.decide(world.sign(instance, { headers: { 'x-ca-nonce': nonce } }))).toMatchObject({
        allowed: false,
      });
      for (let minute = 0; minute <= 30; minute++) {
        expect(await world.verifier.decide(request)).toMatchObject({ allowed: false, code: 'unauthenticated' });
        world.clock.time += MINUTE;
      }
    });

    it('of another key does not matter', async () => {
      const headers = { 'x-ca-nonce': randomUUID() };
      for (const instance of [await world.instance(['instance.read']), await world.instance(['instance.read'])])
        expect(await world.verifier.decide(world.sign(instance, { headers }))).toMatchObject({ allowed: true });
    });

    it('is used up by a request that was not granted: the grant that comes later does not make it good', async () => {
      const instance = await world.instance([]);
      const request = world.sign(instance);
      expect(await world.verifier.decide(request)).toMatchObject({ code: 'not-granted' });
      await world.credentials.alignGrants(instance.instanceId, { apis: ['instance.read'], dataModels: [] }, callOf());
      expect(await world.verifier.decide(request)).toMatchObject({ allowed: false, code: 'unauthenticated' });
    });

    it('is not used up by a forgery', async () => {
      const instance = await world.instance(['instance.read']);
      const request = world.sign(instance);
      const forged = { ...request, headers: { ...request.headers, 'x-ca-signature': 'forged' } };
      expect(await world.verifier.decide(forged)).toMatchObject({ allowed: false });
      expect(await world.verifier.decide(request)).toMatchObject({ allowed: true });
    });

    it('stays used over a restart, of a thousand at the same time and each', async () => {
      const instance = await world.instance(['instance.read']);
      const requests = Array.from({ length: 1000 }, () => world.sign(instance));
      const decisions = await Promise.all(requests.map((request) => world.verifier.decide(request)));
      expect(decisions.filter(({ allowed }) => allowed)).toHaveLength(1000);
      await world.restart();
      const replayed = await Promise.all(requests.map((request) => world.verifier.decide(request)));
      expect(replayed.filter(({ allowed }) => allowed)).toHaveLength(0);
      expect(await world.verifier.decide(world.sign(instance))).toMatchObject({ allowed: true });
    });
  });

  it('accepts none of many forgeries', async () => {
    const instance = await world.instance(['instance.read']);
    const forged = Array.from({ length: 2000 }, () =>
      world.sign({ ...instance, appSecret: randomBytes(32).toString('base64url') }),
    );
    const decisions = await Promise.all(forged.map((request) => world.verifier.decide(request)));
    expect(decisions.filter(({ allowed }) => allowed)).toHaveLength(0);
  });
});

describe('A decision about a rotated secret', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
  });
  afterEach(() => world.close());

  const GRACE = 300;
  const owner = { tenant: 'ten_b', user: 'usr', role: 'buyer', tokenId: '' } as const;
  const rotate = async ({ instanceId, ...rest }: Awaited<ReturnType<World['instance']>>, graceSeconds: number) => {
    await world.credentials.rotate(instanceId, graceSeconds, owner, callOf());
    return { ...rest, instanceId, appSecret: await world.credentials.appSecret(instanceId) };
  };
  const decide = async (...keys: readonly { appKey: string; appSecret: string }[]) => {
    const decisions: Decision[] = [];
    for (const key of keys) decisions.push(await world.verifier.decide(world.sign(key)));
    return decisions.map(({ allowed }) => allowed);
  };

  it('takes the new one and the one before, to the millisecond', async () => {
    const one = await world.instance(['instance.read']);
    expect(await decide(one)).toEqual([true]);
    const two = await rotate(one, GRACE);
    expect(two.appSecret).not.toBe(one.appSecret);
    expect(await decide(one, two)).toEqual([true, true]);
    world.clock.time += GRACE * 1000 - 1;
    expect(await decide(one, two)).toEqual([true, true]);
    world.clock.time += 1;
    expect(await decide(one, two)).toEqual([false, true]);
  });

  it('takes the one before no more, once that has expired, also when the clock goes back', async () => {
    const one = await world.instance(['instance.read']);
    const two = await rotate(one, GRACE);
    world.clock.time += GRACE * 1000;
    await world.credentials.expirePreviousSecret(one.instanceId, 1, callOf());
    world.clock.time -= GRACE * 1000;
    expect(await decide(one, two)).toEqual([false, true]);
  });

  it('takes none but the new one where there is no grace', async () => {
    const one = await world.instance(['instance.read']);
    expect(await decide(one, await rotate(one, 0))).toEqual([false, true]);
  });

  it('takes the last two, when it is rotated again within the grace', async () => {
    const one = await world.instance(['instance.read']);
    const two = await rotate(one, GRACE);
    const three = await rotate(two, GRACE);
    expect(await decide(one, two, three)).toEqual([false, true, true]);
  });

  it('does not tell an expired secret from a wrong one', async () => {
    const one = await world.instance(['instance.read']);
    await rotate(one, 0);
    const expired = await world.verifier.decide(world.sign(one));
    const wrong = await world.verifier.decide(world.sign({ ...one, appSecret: 'wrong' }));
    expect(withoutText(expired)).toEqual(withoutText(wrong));
  });

  it('is nothing for a suspended key', async () => {
    const one = await world.instance(['instance.read']);
    const two = await rotate(one, GRACE);
    await world.credentials.suspend(one.instanceId, owner, callOf());
    expect(await decide(one, two)).toEqual([false, false]);
    await world.credentials.resume(one.instanceId, owner, callOf());
    expect(await decide(one, two)).toEqual([true, true]);
  });

  it('is nobody’s but its owner’s to rotate', async () => {
    const { instanceId } = await world.instance([]);
    const other = { ...owner, tenant: 'ten_x' };
    await expect(world.credentials.rotate(instanceId, 0, other, callOf())).rejects.toMatchObject({ code: 'not-found' });
    const provider = { ...owner, tenant: 'ten_p' };
    await expect(world.credentials.rotate(instanceId, 0, provider, callOf())).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('A credential', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open();
  });
  afterAll(() => world.close());

  const input = {
    instanceId: 'inst_01J0000000000000000000000N',
    appId: 'app_1',
    ownerTenant: 'ten_b',
    providerTenant: 'ten_p',
    grants: { apis: ['instance.read'], dataModels: [] },
  };

  it('is created once, and is the same after a restart', async () => {
    const first = await world.credentials.create(input, callOf('first'));
    const secret = await world.credentials.appSecret(input.instanceId);
    expect(first).toMatchObject({ status: 'active', grants: input.grants, secretVersion: 1 });
    expect(first.appKey).toMatch(/^[0-9a-f]{32}$/);
    expect(secret).toMatch(/^[\w-]{43}$/);
    expect(await world.credentials.create(input, callOf('first'))).toEqual(first);
    expect(await world.credentials.create({ ...input, grants: { apis: [], dataModels: [] } }, callOf())).toEqual(first);
    await world.restart();
    expect(await world.credentials.create(input, callOf())).toEqual(first);
    expect(await world.credentials.appSecret(input.instanceId)).toBe(secret);
  });

  it('leaves its secret in no event', async () => {
    const secret = await world.credentials.appSecret(input.instanceId);
    for await (const event of world.store.readAll()) expect(JSON.stringify(event)).not.toContain(secret);
  });

  it('is nobody else’s business', async () => {
    const principal = (tenant: string, role: 'buyer' | 'provider' | 'operator') => ({ tenant, user: 'u', role, tokenId: '' });
    for (const known of [principal('ten_b', 'buyer'), principal('ten_p', 'provider'), principal('ten_o', 'operator')])
      expect(await world.credentials.viewFor(input.instanceId, known)).not.toHaveProperty('appSecret');
    const missing = await world.credentials.viewFor('inst_0', principal('ten_x', 'buyer')).catch((error: unknown) => error);
    const foreign = await world.credentials
      .viewFor(input.instanceId, principal('ten_x', 'buyer'))
      .catch((error: unknown) => error);
    expect((foreign as Error).message.replace(input.instanceId, '')).toBe((missing as Error).message.replace('inst_0', ''));
  });

  it('that never was is revoked without error', async () => {
    await world.credentials.revoke('inst_01J0000000000000000000000Z', callOf());
    expect(await world.credentials.credentialOf('inst_01J0000000000000000000000Z')).toBeUndefined();
  });
});
