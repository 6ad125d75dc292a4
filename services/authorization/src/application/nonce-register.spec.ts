import { randomUUID } from 'node:crypto';
import { temporaryFolder } from '@souk/event-sourcing/testing';
import { connectMongo } from '@souk/mongo';
import { startMongoStandIn } from '@souk/mongo/testing';
import { LmdbReadStore, openMongoReadStore, type ReadStore } from '@souk/read-store';
import { bucketOf } from '../domain/nonce-window';
import { NonceRegister } from './nonce-register';

const KEY = '0123456789abcdef0123456789abcdef';
const MINUTE = 60_000;
const T0 = 1_700_000_000_000;

describe('NonceRegister', () => {
  const folder = temporaryFolder();
  let store: ReadStore & LmdbReadStore;
  const open = async () => (store = await LmdbReadStore.open({ directory: folder.path, signingKey: Buffer.alloc(32, 1) }));
  beforeAll(open);
  afterAll(async () => {
    await store.close();
    folder.remove();
  });
  const restart = async () => {
    await store.close();
    await open();
    return new NonceRegister(store);
  };

  it('takes a nonce once, of many at the same time exactly one', async () => {
    const register = new NonceRegister(store);
    const nonce = randomUUID();
    const taken = await Promise.all(Array.from({ length: 20 }, () => register.take(KEY, nonce, T0, T0)));
    expect(taken.filter((one) => one === 'fresh')).toHaveLength(1);
    expect(await register.take(KEY, nonce, T0, T0)).toBe('used');
    expect(await register.take('f'.repeat(32), nonce, T0, T0)).toBe('fresh');
  });

  it('knows after a restart what it took before, at every age within the window', async () => {
    const register = new NonceRegister(store);
    // More than fit into one stored value, over more minutes than there are places for.
    const requests = Array.from({ length: 1500 }, (_, i) => ({
      nonce: randomUUID(),
      timestamp: T0 + Math.floor(i / 150) * 10 * MINUTE,
    }));
    for (let i = 0; i < requests.length; i += 50) {
      const batch = requests.slice(i, i + 50);
      const taken = await Promise.all(batch.map(({ nonce, timestamp }) => register.take(KEY, nonce, timestamp, timestamp)));
      expect(new Set(taken)).toEqual(new Set(['fresh']));
    }
    const again = await restart();
    const now = T0 + 95 * MINUTE;
    const replayed = await Promise.all(requests.map(({ nonce, timestamp }) => again.take(KEY, nonce, timestamp, now)));
    expect(replayed).not.toContain('fresh');
    expect(replayed.slice(-150)).toEqual(Array.from({ length: 150 }, () => 'used'));
    expect(await again.take(KEY, randomUUID(), now, now)).toBe('fresh');
  });

  it('goes on filling what it had begun before the restart', async () => {
    const nonces = Array.from({ length: 5 }, () => randomUUID());
    const later = T0 + 200 * MINUTE;
    for (const nonce of nonces) expect(await (await restart()).take(KEY, nonce, later, later)).toBe('fresh');
    const register = await restart();
    for (const nonce of nonces) expect(await register.take(KEY, nonce, later, later)).toBe('used');
  });

  it('takes nothing of a minute whose place in the store was used again, though the clock went back over a restart', async () => {
    const before = T0 + 1000 * MINUTE;
    const nonce = randomUUID();
    const register = await restart();
    expect(await register.take(KEY, nonce, before, before)).toBe('fresh');
    const after = before + 64 * MINUTE;
    expect(bucketOf(after) % 64).toBe(bucketOf(before) % 64);
    expect(await register.take(KEY, randomUUID(), after, after)).toBe('fresh');
    expect(await (await restart()).take(KEY, nonce, before, before)).toBe('forgotten');
  });

  it('refuses when it is full', async () => {
    const register = new NonceRegister(store, 5000);
    const now = T0 + 2000 * MINUTE;
    const taken = [];
    for (let i = 0; i < 50; i++)
      taken.push(...(await Promise.all(Array.from({ length: 110 }, () => register.take(KEY, randomUUID(), now, now)))));
    expect(taken.slice(-500)).toEqual(Array.from({ length: 500 }, () => 'full'));
  });

  it('answers nothing good when the disk took nothing, and does not take the nonce again', async () => {
    const broken = { getValue: (key: string) => store.getValue(key), putValues: () => Promise.reject(new Error('no space')) };
    const register = new NonceRegister(broken as unknown as ReadStore);
    const nonce = randomUUID();
    const now = T0 + 3000 * MINUTE;
    await expect(register.take(KEY, nonce, now, now)).rejects.toThrow('no space');
    expect(await register.take(KEY, nonce, now, now)).toBe('used');
  });
});

describe('NonceRegister of several replicas', () => {
  it('takes a nonce once among all of them, also when it comes to another one after a restart', async () => {
    const server = await startMongoStandIn();
    const replica = async () => {
      const connection = await connectMongo({ url: server.url, database: 'authorization' });
      return openMongoReadStore({ connection, signingKey: Buffer.alloc(32, 1) });
    };
    const stores = await Promise.all([replica(), replica(), replica()]);
    const registers = stores.map((store) => new NonceRegister(store));
    const nonces = Array.from({ length: 30 }, () => randomUUID());
    const now = Date.now();
    const taken = await Promise.all(
      nonces.flatMap((nonce) => [...registers, ...registers].map((register) => register.take(KEY, nonce, now, now))),
    );
    expect(taken.filter((one) => one === 'fresh')).toHaveLength(nonces.length);
    const again = new NonceRegister(stores[0]);
    for (const nonce of nonces) expect(await again.take(KEY, nonce, now, now)).toBe('used');
    await server.stop();
    await expect(again.take(KEY, randomUUID(), now, now)).rejects.toMatchObject({ retryable: true });
    await Promise.all(stores.map((store) => store.close()));
    await server.close();
  });
});
