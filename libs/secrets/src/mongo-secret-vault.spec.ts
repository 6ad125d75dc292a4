import { randomBytes } from 'node:crypto';
import { setTimeout as after } from 'node:timers/promises';
import { connectMongo, type MongoConnection } from '@souk/mongo';
import { type MongoStandIn, startMongoStandIn } from '@souk/mongo/testing';
import { KeyRingUnusable, type MongoSecretVault, openMongoSecretVault, SealBroken, TenantKeyDestroyed } from '.';

interface Stored {
  readonly _id: string;
}

describe('MongoSecretVault', () => {
  const [oldKey, newKey, otherKey] = [randomBytes(32), randomBytes(32), randomBytes(32)] as const;
  let server: MongoStandIn;
  let connection: MongoConnection;
  let open: MongoSecretVault[];

  beforeEach(async () => {
    server = await startMongoStandIn();
    connection = await connect();
    open = [];
  });
  afterEach(async () => {
    await Promise.all(open.map((vault) => vault.close()));
    await connection.close();
    await server.close();
  });

  const connect = () => connectMongo({ url: server.url, database: 'vault' });
  /** A vault as one more process has it. */
  const vaultWith = async (...masterKeys: readonly Buffer[]): Promise<MongoSecretVault> => {
    const own = await connect();
    try {
      const vault = await openMongoSecretVault({ connection: own, masterKeys });
      open.push(vault);
      return vault;
    } catch (error) {
      await own.close();
      throw error;
    }
  };
  const all = (name: string) => connection.run((db) => db.collection<Stored>(name).find().toArray());

  it('makes one key for a tenant, and one for the installation, though several processes ask at the same time', async () => {
    const vaults = await Promise.all(Array.from({ length: 4 }, () => vaultWith(oldKey)));
    for (let n = 0; n < 10; n++) {
      const derived = await Promise.all(vaults.map((vault) => vault.derive(`t${n}`, 'p', 'id', 1, 16)));
      expect(new Set(derived.map(String)).size).toBe(1);
    }
    const keys = await Promise.all(vaults.map((vault) => vault.installationKey('p', 16)));
    expect(new Set(keys.map(String)).size).toBe(1);
    expect([(await all('tenants')).length, (await all('installation')).length]).toEqual([10, 1]);
  });

  it('shows nothing in the database', async () => {
    const vault = await vaultWith(oldKey);
    await vault.put('t1', 'kubeconfig', 'canary-value');
    await vault.seal('t1', 'canary-text', 'context');
    const lying = JSON.stringify([await all('tenants'), await all('installation'), await all('values')]);
    expect(lying).not.toContain('canary');
    expect(lying).not.toContain(oldKey.toString('base64'));
  });

  describe('with other master keys', () => {
    it('does not open', async () => {
      await (await vaultWith(oldKey)).put('t1', 'name', 'value');
      await expect(vaultWith(otherKey)).rejects.toBeInstanceOf(KeyRingUnusable);
      await expect(vaultWith(randomBytes(31))).rejects.toBeInstanceOf(KeyRingUnusable);
      await expect(vaultWith()).rejects.toBeInstanceOf(KeyRingUnusable);
    });

    it('goes over to a new one in front, by several processes at the same time, after which the old one can go', async () => {
      const before = await vaultWith(oldKey);
      await before.destroyTenantKey('gone');
      const tenants = Array.from({ length: 450 }, (_, n) => `t${n}`);
      const derive = (vault: MongoSecretVault) => Promise.all(tenants.map((tenant) => vault.derive(tenant, 'p', 'id', 1, 16)));
      const derived = await derive(before);
      const root = await before.installationKey('p', 16);
      await Promise.all([vaultWith(newKey, oldKey), vaultWith(newKey, oldKey), vaultWith(newKey, oldKey)]);
      const later = await vaultWith(newKey);
      expect(await derive(later)).toEqual(derived);
      expect(await later.installationKey('p', 16)).toEqual(root);
      await expect(later.seal('gone', 'text', 'c')).rejects.toBeInstanceOf(TenantKeyDestroyed);
      await expect(vaultWith(oldKey)).rejects.toBeInstanceOf(KeyRingUnusable);
    });
  });

  describe('when another process has destroyed the key of a tenant', () => {
    it('takes no value for it, though it knows the key', async () => {
      const [one, other] = [await vaultWith(oldKey), await vaultWith(oldKey)];
      await one.put('t1', 'name', 'value');
      await other.destroyTenantKey('t1');
      await expect(one.put('t1', 'name', 'again')).rejects.toBeInstanceOf(TenantKeyDestroyed);
      expect(await all('values')).toEqual([]);
      expect(await one.get('t1', 'name')).toBeUndefined();
    });

    it('opens and derives nothing any more, some seconds later at most', async () => {
      const [one, other] = [await vaultWith(oldKey), await vaultWith(oldKey)];
      const sealed = await one.seal('t1', 'Ada', 'c');
      await other.destroyTenantKey('t1');
      expect(await other.unseal('t1', sealed, 'c')).toBeUndefined();
      while ((await one.unseal('t1', sealed, 'c')) !== undefined) await after(50);
      await expect(one.derive('t1', 'p', 'id', 1, 16)).rejects.toBeInstanceOf(TenantKeyDestroyed);
    });
  });

  it('refuses a value that was moved to another name, and a key that was moved to another tenant', async () => {
    const vault = await vaultWith(oldKey);
    await vault.put('t1', 'a', 'of a');
    await vault.put('t1', 'b', 'of b');
    await vault.put('t2', 'a', 'of t2');
    await connection.run(async (db) => {
      const values = db.collection<Stored & { box: string }>('values');
      const { box } = (await values.findOne({ _id: '["t1","a"]' }))!;
      await values.updateOne({ _id: '["t1","b"]' }, { $set: { box } });
      const tenants = db.collection<Stored & { box: string; ring: string }>('tenants');
      const { _id, ...key } = (await tenants.findOne({ _id: 't1' }))!;
      await tenants.replaceOne({ _id: 't2' }, key);
    });
    const again = await vaultWith(oldKey);
    await expect(again.get('t1', 'b')).rejects.toBeInstanceOf(SealBroken);
    await expect(again.get('t2', 'a')).rejects.toBeInstanceOf(SealBroken);
    expect(await again.get('t1', 'a')).toBe('of a');
  });

  it('says that it is worth trying again where the database is away', async () => {
    const vault = await vaultWith(oldKey);
    await server.stop();
    await expect(vault.put('t1', 'name', 'value')).rejects.toMatchObject({ code: 'mongo-unavailable', retryable: true });
    await server.start();
    await vault.put('t1', 'name', 'value');
    expect(await vault.get('t1', 'name')).toBe('value');
  });
});
