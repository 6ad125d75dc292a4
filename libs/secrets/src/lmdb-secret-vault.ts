import { failpoint } from '@souk/failpoints';
import { type LmdbEnvironment, type LmdbTable, openEnvironment } from '@souk/lmdb';
import { KeyRing, KeyRingUnusable, newKey, type WrappedKey } from './key-ring';
import { makeKeyRing, readKeyRing } from './key-ring-file';
import { OpenedTexts } from './opened-texts';
import { SecretVault, TenantKeyDestroyed } from './secret-vault.port';
import {
  assertSecretName,
  assertTenant,
  closeText,
  closeValue,
  deriveFrom,
  type Destroyed,
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

export interface LmdbSecretVaultOptions {
  /** Made where there is none; for this process alone. */
  readonly directory: string;
  /**
   * Master keys of 32 bytes, the newest first; see {@link parseMasterKeys}. Without, the vault makes one at its first start and keeps
   * it beside the data, in `keyring.json` (0600). Keys in that file go on unwrapping in any case.
   */
  readonly masterKeys?: readonly Buffer[];
  /** For who only looks: keys stay wrapped under the key that they are wrapped under, also where another one is the newest. */
  readonly keepWrapping?: boolean;
}

const CACHED_TENANTS = 10_000;
const ROOT = 'root';

/**
 * The vault in an LMDB environment of its own. Under the key ring lie one data key for each tenant and one for the installation;
 * everything else is encrypted under these or derived from them, so that a new master key rewraps keys only, at the next start.
 *
 * LMDB frees pages without overwriting them: after `destroyTenantKey`, the wrapped key may remain in an unused part of the file until the
 * room is needed. It opens with the key ring only; who must be sure puts a new master key in front and takes the old one away.
 */
export class LmdbSecretVault extends SecretVault {
  /** Least recently used first. */
  private readonly cache = new Map<string, TenantKeys>();
  private readonly opened = new OpenedTexts();

  private constructor(
    private readonly environment: LmdbEnvironment,
    private readonly tables: Tables,
    private readonly ring: KeyRing,
  ) {
    super();
  }

  /**
   * @throws KeyRingUnusable where a key is missing that something is wrapped under, or the file is not safe; StoreLocked while another
   * process has the directory open
   */
  static async open({ directory, masterKeys = [], keepWrapping = false }: LmdbSecretVaultOptions): Promise<LmdbSecretVault> {
    const environment = await openEnvironment(directory);
    try {
      const tables = openTables(environment);
      const ring = new KeyRing([...masterKeys, ...fileKeys(directory, masterKeys.length > 0, isEmpty(tables))]);
      if (!keepWrapping) await rewrap(environment, tables, ring);
      return new LmdbSecretVault(environment, tables, ring);
    } catch (error) {
      await environment.close();
      throw error;
    }
  }

  override async put(tenant: string, name: string, value: string): Promise<void> {
    const key = valueKey(tenant, name);
    const box = closeValue(await this.keysOf(tenant), tenant, name, value);
    await this.write(() => {
      if (isDestroyed(this.tables.tenants.get(tenant))) throw new TenantKeyDestroyed(tenant);
      this.tables.values.put(key, box);
    });
  }

  override async get(tenant: string, name: string): Promise<string | undefined> {
    const box = this.tables.values.get(valueKey(tenant, name));
    const keys = this.knownKeysOf(tenant);
    if (box === undefined || keys === 'destroyed') return undefined;
    return openValue(keys, tenant, name, box);
  }

  override async delete(tenant: string, name: string): Promise<void> {
    await this.write(() => this.tables.values.remove(valueKey(tenant, name)));
  }

  override async derive(tenant: string, purpose: string, id: string, version: number, bytes: number): Promise<Buffer> {
    const info = secretInfo(purpose, id, version);
    return deriveFrom(await this.keysOf(tenant), info, bytes);
  }

  override async seal(tenant: string, plaintext: string, context: string): Promise<string> {
    return closeText(await this.keysOf(tenant), tenant, plaintext, context);
  }

  override async unseal(tenant: string, sealed: string, context: string): Promise<string | undefined> {
    const keys = this.knownKeysOf(tenant);
    return keys === 'destroyed' ? undefined : this.opened.open(keys, tenant, sealed, context);
  }

  override async installationKey(purpose: string, bytes: number): Promise<Buffer> {
    const wrapped = this.tables.installation.get(ROOT) ?? (await this.makeKey(this.tables.installation, ROOT, installationData));
    return expand(this.ring.unwrap(wrapped, installationData), purpose, bytes);
  }

  override async destroyTenantKey(tenant: string): Promise<void> {
    assertTenant(tenant);
    await this.write(() => {
      const { tenants, values } = this.tables;
      tenants.put(tenant, { destroyed: true });
      const names: (readonly [string, string])[] = [];
      for (const key of values.keys({ gte: [tenant, ''] })) {
        if (key[0] !== tenant) break;
        names.push(key);
      }
      for (const key of names) values.remove(key);
    });
    this.cache.delete(tenant);
  }

  /** Everything of one table, keys wrapped under the first one of the ring: to be moved. */
  *records(table: VaultRecord['table']): Generator<VaultRecord> {
    if (table === 'values') {
      for (const { key, value } of this.tables.values.entries()) yield { table, tenant: key[0], name: key[1], box: value };
      return;
    }
    for (const { key: id, value } of this.tables[table].entries()) {
      const associated = table === 'tenants' ? tenantData(id) : installationData;
      const key = isDestroyed(value) ? value : this.ring.wrap(this.ring.unwrap(value, associated), associated);
      yield { table, id, key };
    }
  }

  /** Whether a write would find no room on the disk. */
  isFull(): boolean {
    return this.environment.isFull();
  }

  /** Waits for the writes under way; nothing can be asked afterwards. */
  async close(): Promise<void> {
    this.cache.clear();
    await this.environment.close();
  }

  /** Makes them where there are none. @throws TenantKeyDestroyed */
  private async keysOf(tenant: string): Promise<TenantKeys> {
    assertTenant(tenant);
    const known = this.knownKeysOf(tenant);
    if (known && known !== 'destroyed') return known;
    if (!known) await this.makeKey(this.tables.tenants, tenant, tenantData(tenant));
    const made = this.knownKeysOf(tenant);
    if (!made || made === 'destroyed') throw new TenantKeyDestroyed(tenant);
    return made;
  }

  private knownKeysOf(tenant: string): TenantKeys | 'destroyed' | undefined {
    const cached = this.cache.get(tenant);
    if (cached) {
      this.cache.delete(tenant);
      this.cache.set(tenant, cached);
      return cached;
    }
    const record = this.tables.tenants.get(tenant);
    if (!record) return undefined;
    if (isDestroyed(record)) return 'destroyed';
    const keys = tenantKeys(this.ring.unwrap(record, tenantData(tenant)));
    this.cache.set(tenant, keys);
    for (const [oldest] of this.cache) {
      if (this.cache.size <= CACHED_TENANTS) break;
      this.cache.delete(oldest);
    }
    return keys;
  }

  /** Of all who make the same key at the same time, one does. */
  private makeKey<V>(table: LmdbTable<string, V | WrappedKey>, name: string, associated: string): Promise<V | WrappedKey> {
    const fresh = this.ring.wrap(newKey(), associated);
    return this.write(() => {
      const there = table.get(name);
      if (there !== undefined) return there;
      table.put(name, fresh);
      return fresh;
    });
  }

  private async write<T>(change: () => T): Promise<T> {
    failpoint('vault.before-write');
    const answer = await this.environment.write(change);
    failpoint('vault.after-write');
    return answer;
  }
}

interface Tables {
  readonly tenants: LmdbTable<string, WrappedKey | Destroyed>;
  readonly installation: LmdbTable<string, WrappedKey>;
  /** By tenant and name; base64 of the encrypted value. */
  readonly values: LmdbTable<readonly [string, string], string>;
}

function openTables(environment: LmdbEnvironment): Tables {
  return {
    tenants: environment.openTable('tenants', { encoding: 'json' }),
    installation: environment.openTable('installation', { encoding: 'json' }),
    values: environment.openTable('values', { encoding: 'text' }),
  };
}

function isEmpty({ tenants, installation }: Tables): boolean {
  return tenants.count({ limit: 1 }) + installation.count({ limit: 1 }) === 0;
}

function fileKeys(directory: string, hasOthers: boolean, empty: boolean): Buffer[] {
  const found = readKeyRing(directory);
  if (found || hasOthers) return found ?? [];
  // A new ring would open nothing of what is there: better to say so before anything new is wrapped under it.
  if (!empty)
    throw new KeyRingUnusable(
      `there are keys in ${directory}, but neither a master key nor the file that they were wrapped with`,
    );
  return makeKeyRing(directory);
}

/** Wraps under the first key of the ring whatever another one has wrapped; fails where the ring lacks a key. */
async function rewrap(environment: LmdbEnvironment, { tenants, installation }: Tables, ring: KeyRing): Promise<void> {
  const again = (wrapped: WrappedKey, associated: string): WrappedKey => ring.wrap(ring.unwrap(wrapped, associated), associated);
  const stale = <V>(table: LmdbTable<string, V>): { readonly key: string; readonly value: V & WrappedKey }[] =>
    [...table.entries()].filter((entry): entry is { key: string; value: V & WrappedKey } => {
      const value = entry.value as WrappedKey | Destroyed;
      return !isDestroyed(value) && !ring.isCurrent(value);
    });
  const staleTenants = stale(tenants);
  const staleRoots = stale(installation);
  if (staleTenants.length + staleRoots.length === 0) return;
  await environment.write(() => {
    for (const { key, value } of staleTenants) tenants.put(key, again(value, tenantData(key)));
    for (const { key, value } of staleRoots) installation.put(key, again(value, installationData));
  });
}

function valueKey(tenant: string, name: string): readonly [string, string] {
  assertTenant(tenant);
  assertSecretName(name);
  return [tenant, name];
}
