import { failpoint } from '@souk/failpoints';
import { isDuplicateKey, type MongoCollection, type MongoConnection } from '@souk/mongo';
import { KeyRing, newKey, type WrappedKey } from './key-ring';
import { OpenedTexts } from './opened-texts';
import { SecretVault, TenantKeyDestroyed } from './secret-vault.port';
import {
  assertSecretName,
  assertTenant,
  closeText,
  closeValue,
  deriveFrom,
  expand,
  installationData,
  isDestroyed,
  openValue,
  secretInfo,
  tenantData,
  type TenantKeys,
  tenantKeys,
} from './vault-crypto';
import type { VaultRecord } from './vault-record';

export interface MongoSecretVaultOptions {
  /** To a database for the vault alone; the vault closes it. */
  readonly connection: MongoConnection;
  /** 32 bytes each, the newest first; see {@link parseMasterKeys}. They lie in no database: without them nothing opens. */
  readonly masterKeys: readonly Buffer[];
}

interface StoredKey extends Partial<WrappedKey> {
  /** The tenant; `root` for that of the installation. */
  readonly _id: string;
  readonly destroyed?: true;
}

interface StoredValue {
  readonly _id: string;
  readonly tenant: string;
  readonly box: string;
}

interface Cached {
  readonly keys: TenantKeys;
  /** By this process's monotonic clock. */
  readonly readAt: number;
}

/** How long a process goes on with the key of a tenant before it looks whether that was destroyed by another one. */
export const KEY_KNOWN_MS = 3000;
const CACHED_TENANTS = 10_000;
const ROOT = 'root';
/** Keys that are wrapped anew with one read. */
const REWRAPPED_AT_ONCE = 200;

/**
 * Wraps under the first master key whatever another one has wrapped, as any number of processes may do at the same time.
 * @throws KeyRingUnusable where a master key is missing that something is wrapped under; MongoUnavailable
 */
export async function openMongoSecretVault({ connection, masterKeys }: MongoSecretVaultOptions): Promise<MongoSecretVault> {
  const ring = new KeyRing(masterKeys);
  await connection.run(async (db) => {
    await db.collection<StoredValue>('values').createIndex({ tenant: 1 });
    await db.collection<StoredKey>('tenants').createIndex({ ring: 1 });
  });
  await rewrap(connection, 'tenants', ring, tenantData);
  await rewrap(connection, 'installation', ring, () => installationData);
  return new MongoSecretVault(connection, ring);
}

/**
 * The vault in a MongoDB database, for all processes of an installation: one data key for each tenant and one for the installation, under the
 * master keys; everything else is encrypted under these or derived from them.
 *
 * Processes know keys by heart for {@link KEY_KNOWN_MS}. So long after `destroyTenantKey` was fulfilled, another process may still open, seal and
 * derive; the one that destroyed it does not. `put` asks each time: nothing is kept for a tenant whose key is destroyed.
 */
export class MongoSecretVault extends SecretVault {
  /** Least recently read first. */
  private readonly cache = new Map<string, Cached>();
  private readonly opened = new OpenedTexts();
  /** By this process: what it had asked for before may still be on its way. */
  private readonly destroyed = new Set<string>();
  private root: Buffer | undefined;

  /** Use {@link openMongoSecretVault}. */
  constructor(
    private readonly connection: MongoConnection,
    private readonly ring: KeyRing,
  ) {
    super();
  }

  override async put(tenant: string, name: string, value: string): Promise<void> {
    const _id = valueId(tenant, name);
    const box = closeValue(await this.keysOf(tenant), tenant, name, value);
    failpoint('vault.before-write');
    await this.values((values) => values.replaceOne({ _id }, { tenant, box }, { upsert: true }));
    failpoint('vault.after-write');
    // The key may have been destroyed in between, and the values of that time removed before this one came.
    if (isDestroyed(await this.read('tenants', tenant))) {
      await this.values((values) => values.deleteOne({ _id }));
      this.cache.delete(tenant);
      throw new TenantKeyDestroyed(tenant);
    }
  }

  override async get(tenant: string, name: string): Promise<string | undefined> {
    const _id = valueId(tenant, name);
    const stored = await this.values((values) => values.findOne({ _id }));
    const keys = await this.knownKeysOf(tenant);
    return !stored || keys === 'destroyed' ? undefined : openValue(keys, tenant, name, stored.box);
  }

  override async delete(tenant: string, name: string): Promise<void> {
    const _id = valueId(tenant, name);
    await this.values((values) => values.deleteOne({ _id }));
  }

  override async derive(tenant: string, purpose: string, id: string, version: number, bytes: number): Promise<Buffer> {
    const info = secretInfo(purpose, id, version);
    return deriveFrom(await this.keysOf(tenant), info, bytes);
  }

  override async seal(tenant: string, plaintext: string, context: string): Promise<string> {
    return closeText(await this.keysOf(tenant), tenant, plaintext, context);
  }

  override async unseal(tenant: string, sealed: string, context: string): Promise<string | undefined> {
    const keys = await this.knownKeysOf(tenant);
    return keys === 'destroyed' ? undefined : this.opened.open(keys, tenant, sealed, context);
  }

  /** It never changes, so it is asked for once. */
  override async installationKey(purpose: string, bytes: number): Promise<Buffer> {
    this.root ??= this.ring.unwrap(wrapped(await this.keyMade('installation', ROOT, installationData)), installationData);
    return expand(this.root, purpose, bytes);
  }

  override async destroyTenantKey(tenant: string): Promise<void> {
    assertTenant(tenant);
    failpoint('vault.before-write');
    await this.keys('tenants', (keys) => keys.replaceOne({ _id: tenant }, { destroyed: true }, { upsert: true }));
    this.destroyed.add(tenant);
    this.cache.delete(tenant);
    // They open with nothing by now.
    await this.values((values) => values.deleteMany({ tenant }));
    failpoint('vault.after-write');
  }

  /** Keeps what has moved from another vault, where there is nothing under that name yet; a key that was destroyed is so here, too. */
  async takeOver(record: VaultRecord): Promise<void> {
    try {
      if (record.table === 'values') {
        const { tenant, name, box } = record;
        await this.values((values) => values.insertOne({ _id: valueId(tenant, name), tenant, box }));
      } else if ('destroyed' in record.key) await this.destroyTenantKey(record.id);
      else {
        const { id, key, table } = record;
        await this.keys(table, (keys) => keys.insertOne({ _id: id, ...key }));
      }
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
    }
  }

  /** Nothing can be asked afterwards. */
  async close(): Promise<void> {
    this.cache.clear();
    await this.connection.close();
  }

  /** Makes them where there are none. @throws TenantKeyDestroyed */
  private async keysOf(tenant: string): Promise<TenantKeys> {
    assertTenant(tenant);
    const known =
      (await this.knownKeysOf(tenant)) ?? this.remember(tenant, await this.keyMade('tenants', tenant, tenantData(tenant)));
    if (known === 'destroyed') throw new TenantKeyDestroyed(tenant);
    return known;
  }

  private async knownKeysOf(tenant: string): Promise<TenantKeys | 'destroyed' | undefined> {
    const cached = this.cache.get(tenant);
    if (cached && performance.now() - cached.readAt < KEY_KNOWN_MS) return cached.keys;
    const stored = await this.read('tenants', tenant);
    return stored ? this.remember(tenant, stored) : undefined;
  }

  private remember(tenant: string, stored: StoredKey): TenantKeys | 'destroyed' {
    const before = this.cache.get(tenant);
    this.cache.delete(tenant);
    if (isDestroyed(stored) || this.destroyed.has(tenant)) return 'destroyed';
    const data = this.ring.unwrap(wrapped(stored), tenantData(tenant));
    const keys = before?.keys.data.equals(data) ? before.keys : tenantKeys(data);
    this.cache.set(tenant, { keys, readAt: performance.now() });
    for (const [oldest] of this.cache) {
      if (this.cache.size <= CACHED_TENANTS) break;
      this.cache.delete(oldest);
    }
    return keys;
  }

  /** Of all who make the same key at the same time, in whatever process, one does; the others get that one. */
  private async keyMade(name: KeyTable, _id: string, associated: string): Promise<StoredKey> {
    const found = await this.read(name, _id);
    if (found) return found;
    const fresh = { _id, ...this.ring.wrap(newKey(), associated) };
    failpoint('vault.before-write');
    try {
      await this.keys(name, (keys) => keys.insertOne(fresh));
      return fresh;
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      return (await this.read(name, _id))!;
    }
  }

  private async read(name: KeyTable, _id: string): Promise<StoredKey | undefined> {
    return (await this.keys(name, (keys) => keys.findOne({ _id }))) ?? undefined;
  }

  private keys<T>(name: KeyTable, work: (keys: MongoCollection<StoredKey>) => Promise<T>): Promise<T> {
    return this.connection.run((db) => work(db.collection<StoredKey>(name)));
  }

  private values<T>(work: (values: MongoCollection<StoredValue>) => Promise<T>): Promise<T> {
    return this.connection.run((db) => work(db.collection<StoredValue>('values')));
  }
}

type KeyTable = 'tenants' | 'installation';

async function rewrap(
  connection: MongoConnection,
  name: KeyTable,
  ring: KeyRing,
  associated: (id: string) => string,
): Promise<void> {
  for (let last = ''; ;) {
    const stale = { _id: { $gt: last }, ring: { $exists: true, $ne: ring.first } };
    const found = await connection.run((db) =>
      db.collection<StoredKey>(name).find(stale).sort({ _id: 1 }).limit(REWRAPPED_AT_ONCE).toArray(),
    );
    for (const stored of found) {
      const { _id } = stored;
      const before = wrapped(stored);
      const after = ring.wrap(ring.unwrap(before, associated(_id)), associated(_id));
      // Not where it was destroyed meanwhile, or wrapped by another process.
      await connection.run((db) => db.collection<StoredKey>(name).updateOne({ _id, box: before.box }, { $set: after }));
    }
    if (found.length < REWRAPPED_AT_ONCE) return;
    last = found.at(-1)!._id;
  }
}

function wrapped({ ring, box }: StoredKey): WrappedKey {
  if (ring === undefined || box === undefined) throw new TypeError('what should be a wrapped key is none');
  return { ring, box };
}

/** No two tenants and names read alike. */
function valueId(tenant: string, name: string): string {
  assertTenant(tenant);
  assertSecretName(name);
  return JSON.stringify([tenant, name]);
}
