import { createPublicKey, verify } from 'node:crypto';
import { newId, platformTenant } from '@souk/contracts';
import { Unauthenticated } from '@souk/platform';
import { FIRST_OPERATOR } from '../src/application/bootstrap';
import { userAggregate } from '../src/domain/user.decide';
import { callOf, World } from './world';

/** What it is refused with in the end. */
async function refused(use: () => Promise<unknown>): Promise<unknown> {
  for (;;) {
    const error = await use().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error) return error;
    await new Promise(setImmediate);
  }
}

describe('An access token', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open();
  });
  afterAll(() => world.close());

  const tenantId = newId('tenant');
  const registered = async () => {
    const userId = newId('user');
    await world.users.registerTenant(tenantId, 'Bazaar', callOf());
    await world.users.registerUser({ userId, tenantId, role: 'buyer', displayName: 'Ada' }, callOf());
    return userId;
  };

  it('says who its holder is', async () => {
    const userId = await registered();
    const { accessToken, expiresIn, tokenId } = await world.users.issueToken(userId, 3600, callOf());
    expect(expiresIn).toBe(3600);
    expect(await world.tokens.verify(accessToken)).toEqual({ tenant: tenantId, user: userId, role: 'buyer', tokenId });
  });

  it('is an ordinary JWT that others can check by the published key', async () => {
    const { accessToken, tokenId } = await world.users.issueToken(await registered(), 60, callOf());
    const [head, payload, signature] = accessToken.split('.') as [string, string, string];
    const [jwk] = (await world.codec.publicKeys()).keys as [Record<string, string>];
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    expect(verify(null, Buffer.from(`${head}.${payload}`), key, Buffer.from(signature, 'base64url'))).toBe(true);
    expect(JSON.parse(Buffer.from(head, 'base64url').toString())).toEqual({ alg: 'EdDSA', typ: 'JWT', kid: jwk['kid'] });
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({ iss: 'souk', aud: 'souk', jti: tokenId });
    expect(Object.keys(jwk).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x']);
  });

  it('is the same for a repeated command, also later', async () => {
    const userId = await registered();
    const first = await world.users.issueToken(userId, 3600, callOf('again'));
    world.clock.time += 5000;
    expect((await world.users.issueToken(userId, 3600, callOf('again'))).accessToken).toBe(first.accessToken);
    expect((await world.users.issueToken(userId, 3600, callOf())).accessToken).not.toBe(first.accessToken);
  });

  it('is refused from the moment it expires, also when it was seen before', async () => {
    const { accessToken } = await world.users.issueToken(await registered(), 60, callOf());
    const issued = Math.floor(world.clock.time / 1000) * 1000;
    world.clock.time = issued + 59_999;
    await expect(world.tokens.verify(accessToken)).resolves.toBeDefined();
    world.clock.time = issued + 60_000;
    await expect(world.tokens.verify(accessToken)).rejects.toThrow(Unauthenticated);
  });

  it('is refused as soon as its user is disabled', async () => {
    const userId = await registered();
    const tokens = [await world.users.issueToken(userId, 60, callOf()), await world.users.issueToken(userId, 60, callOf())];
    await world.tokens.verify(tokens[0]!.accessToken);
    await world.users.disable(userId, callOf());
    for (const { accessToken } of tokens) await expect(world.tokens.verify(accessToken)).rejects.toThrow(Unauthenticated);
  });

  it('is refused as soon as it is revoked, and no other one', async () => {
    const userId = await registered();
    const revoked = await world.users.issueToken(userId, 60, callOf());
    const kept = await world.users.issueToken(userId, 60, callOf());
    await world.tokens.verify(revoked.accessToken);
    await world.users.revokeToken(userId, revoked.tokenId, callOf());
    await expect(world.tokens.verify(revoked.accessToken)).rejects.toThrow(Unauthenticated);
    await expect(world.tokens.verify(kept.accessToken)).resolves.toBeDefined();
  });

  it('is answered from the events for those who keep the answer, and they are told when it holds no longer', async () => {
    const userId = await registered();
    const { accessToken, tokenId } = await world.users.issueToken(userId, 60, callOf());
    const told: string[] = [];
    const stop = world.tokens.watchUsers((userIds) => told.push(...userIds));
    expect(world.tokens.isTelling).toBe(true);
    await world.tokens.verify(accessToken);
    const expiresAt = Math.floor(world.clock.time / 1000) * 1000 + 60_000;
    const principal = { tenant: tenantId, user: userId, role: 'buyer', tokenId };
    expect(await world.tokens.verifyAnew(accessToken)).toEqual({ principal, expiresAt });
    await world.users.revokeToken(userId, tokenId, callOf());
    expect(told).toContain(userId);
    await expect(world.tokens.verifyAnew(accessToken)).rejects.toThrow(Unauthenticated);
    stop();
    told.length = 0;
    await world.users.disable(userId, callOf());
    expect(told).toEqual([]);
  });

  it('is refused when it was revoked by another process, though nobody folds the read models', async () => {
    const userId = await registered();
    const { accessToken, tokenId } = await world.users.issueToken(userId, 60, callOf());
    await world.tokens.verify(accessToken);
    await world.runner.stop();
    const command = { type: 'revoke-access-token', userId, tokenId } as const;
    await world.commands.handle(userAggregate, userId, command, callOf());
    await expect(refused(() => world.tokens.verify(accessToken))).resolves.toBeInstanceOf(Unauthenticated);
    await world.runner.start();
  });

  it('is kept by nobody while what happens to its user is not told', async () => {
    const userId = await registered();
    const { accessToken, tokenId } = await world.users.issueToken(userId, 60, callOf());
    await world.tokens.verify(accessToken);
    await world.watch.onModuleDestroy();
    expect(world.tokens.isTelling).toBe(false);
    await world.tokens.verify(accessToken);
    await world.commands.handle(userAggregate, userId, { type: 'revoke-access-token', userId, tokenId }, callOf());
    await expect(world.tokens.verify(accessToken)).rejects.toThrow(Unauthenticated);
    await world.restart();
  });

  it('is refused when any character of it is another', async () => {
    const { accessToken } = await world.users.issueToken(await registered(), 60, callOf());
    await world.tokens.verify(accessToken);
    // The last character of the signature has bits that no decoder looks at: RFC 4648, 3.5.
    for (let i = 0; i < accessToken.length - 1; i++) {
      const changed = accessToken.slice(0, i) + (accessToken[i] === 'A' ? 'B' : 'A') + accessToken.slice(i + 1);
      await expect(world.tokens.verify(changed)).rejects.toThrow(Unauthenticated);
    }
  });

  it.each(['', 'x', 'a.b.c', `${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`])('is not %j', async (text) => {
    await expect(world.tokens.verify(text)).rejects.toThrow(Unauthenticated);
  });

  it('of a claim that was made up by somebody with the key, but never issued, is refused', async () => {
    const issuedAt = Math.floor(world.clock.time / 1000);
    const claims = {
      tokenId: 'never',
      user: await registered(),
      tenant: tenantId,
      role: 'operator',
      issuedAt,
      expiresAt: issuedAt + 60,
    } as const;
    await expect(world.tokens.verify(await world.codec.encode(claims))).rejects.toThrow(Unauthenticated);
  });

  it('holds over a restart, and stands in no event', async () => {
    const { accessToken } = await world.users.issueToken(await registered(), 60, callOf());
    await world.restart();
    await expect(world.tokens.verify(accessToken)).resolves.toMatchObject({ role: 'buyer' });
    const signature = accessToken.split('.')[2]!;
    for await (const event of world.store.readAll()) expect(JSON.stringify(event)).not.toContain(signature);
  });

  it('shows the name of its user nowhere in the store', async () => {
    await registered();
    for await (const event of world.store.readAll()) expect(JSON.stringify(event)).not.toContain('"Ada"');
  });
});

describe('The first operator', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
  });
  afterEach(() => world.close());

  it('is made once, with a token that is told once', async () => {
    const first = await world.bootstrap.ensureOperator();
    expect(await world.tokens.verify(first!.token)).toMatchObject({
      tenant: platformTenant,
      user: FIRST_OPERATOR,
      role: 'operator',
    });
    expect(await world.bootstrap.ensureOperator()).toBeUndefined();
    await world.restart();
    expect(await world.bootstrap.ensureOperator()).toBeUndefined();
    await expect(world.tokens.verify(first!.token)).resolves.toBeDefined();
  });

  it('is made by one of several processes that start at once, and by one alone', async () => {
    const made = await Promise.all([1, 2, 3].map(() => world.bootstrap.ensureOperator()));
    const [only, ...more] = made.filter((one) => one !== undefined);
    await expect(world.tokens.verify(only!.token)).resolves.toMatchObject({ role: 'operator' });
    expect(more).toEqual([]);
  });

  it('gets another token when the first one was lost', async () => {
    const { token } = await world.bootstrap.issueNewOperatorToken();
    await expect(world.tokens.verify(token)).resolves.toMatchObject({ role: 'operator' });
  });
});
