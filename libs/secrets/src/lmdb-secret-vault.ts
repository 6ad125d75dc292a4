import { hkdfSync, randomBytes } from 'node:crypto';
import { type LmdbEnvironment, type LmdbTable, openEnvironment } from '@souk/lmdb';
import { LRUCache } from 'lru-cache';
import { KeyRing, type Wrapped } from './key-ring';
import { openWith, sealWith } from './sealing';
import { SecretVault } from './secret-vault.port';

export interface LmdbSecretVaultOptions {
  readonly directory: string;
  /** Master keys, 32 bytes each, the first one wraps. Without them a key file is made in the directory. */
  readonly masterKeys?: readonly Buffer[];
}

type StoredKey = Wrapped | { readonly destroyed: true };

/** Not a tenant: keys of the installation itself hang on it. */
const INSTALLATION = '(installation)';

/** The tenant's data key was destroyed: there is nothing to encrypt with or to derive from any more, for good. */
export class TenantKeyDestroyed extends Error {
  readonly code = 'tenant-key-destroyed';
  constructor(tenant: string) {
    super(`the data key of tenant "${tenant}" was destroyed`);
    this.name = new.target.name;
  }
}

/** {@link SecretVault} in an LMDB environment of its own: master keys wrap tenant data keys, those seal values. */
export class LmdbSecretVault extends SecretVault {
  private readonly dataKeys: LmdbTable<string, StoredKey>;
  private readonly values: LmdbTable<[string, string], string>;
  private readonly cache = new LRUCache<string, Buffer>({ max: 10_000 });

  private constructor(
    private readonly environment: LmdbEnvironment,
    private readonly ring: KeyRing,
  ) {
    super();
    this.dataKeys = environment.openTable('data-keys', { encoding: 'json' });
    this.values = environment.openTable('values', { encoding: 'text' });
  }

  /** @throws StoreLocked while another process has it open; SealBroken when a stored key is under none of the master keys */
  static async open({ directory, masterKeys }: LmdbSecretVaultOptions): Promise<LmdbSecretVault> {
    const environment = await openEnvironment(directory);
    try {
      const ring = masterKeys ? new KeyRing(masterKeys) : await KeyRing.ofFile(directory);
      const vault = new LmdbSecretVault(environment, ring);
      await vault.rewrap();
      return vault;
    } catch (error) {
      await environment.close();
      throw error;
    }
  }

  override async put(tenant: string, name: string, value: string): Promise<void> {
    const sealed = sealWith(await this.dataKey(tenant), value, contextOf('value', tenant, name));
    await this.environment.write(() => {
      this.values.put([tenant, name], sealed);
    });
  }

  override async get(tenant: string, name: string): Promise<string | undefined> {
    const sealed = this.values.get([tenant, name]);
    const key = sealed === undefined ? undefined : this.existingKey(tenant);
    return key && sealed !== undefined ? openWith(key, sealed, contextOf('value', tenant, name)).toString() : undefined;
  }

  override async delete(tenant: string, name: string): Promise<void> {
    await this.environment.write(() => {
      this.values.remove([tenant, name]);
    });
  }

  override async derive(tenant: string, purpose: string, id: string, version: number, bytes: number): Promise<Buffer> {
    return derived(await this.dataKey(tenant), [purpose, id, version], bytes);
  }

  override async seal(tenant: string, plaintext: string, context: string): Promise<string> {
    return sealWith(await this.dataKey(tenant), plaintext, contextOf('sealed', tenant, context));
  }

  override async unseal(tenant: string, sealed: string, context: string): Promise<string | undefined> {
    const key = this.existingKey(tenant);
    return key && openWith(key, sealed, contextOf('sealed', tenant, context)).toString();
  }

  override async installationKey(purpose: string, bytes: number): Promise<Buffer> {
    return derived(await this.dataKey(INSTALLATION), [purpose], bytes);
  }

  override async destroyTenantKey(tenant: string): Promise<void> {
    await this.environment.write(() => {
      this.dataKeys.put(tenant, { destroyed: true });
      for (const { key } of [...this.values.entries({ gte: [tenant, ''], lt: [tenant, '\uffff'] })]) this.values.remove(key);
    });
    this.cache.delete(tenant);
  }

  async close(): Promise<void> {
    this.cache.clear();
    await this.environment.close();
  }

  /** The tenant's data key, made where there is none. */
  private async dataKey(tenant: string): Promise<Buffer> {
    const known = this.existingKey(tenant);
    if (known) return known;
    await this.environment.write(() => {
      if (this.dataKeys.get(tenant) === undefined)
        this.dataKeys.put(tenant, this.ring.wrap(randomBytes(32), contextOf('data-key', tenant)));
    });
    const made = this.existingKey(tenant);
    if (!made) throw new TenantKeyDestroyed(tenant);
    return made;
  }

  private existingKey(tenant: string): Buffer | undefined {
    const cached = this.cache.get(tenant);
    if (cached) return cached;
    const stored = this.dataKeys.get(tenant);
    if (!stored || 'destroyed' in stored) return undefined;
    const key = this.ring.unwrap(stored, contextOf('data-key', tenant));
    this.cache.set(tenant, key);
    return key;
  }

  /** After a rotation of the ring: data keys come under its first key. Values stay as they are. */
  private async rewrap(): Promise<void> {
    const stale = [...this.dataKeys.entries()].filter(({ value }) => !('destroyed' in value) && this.ring.isStale(value));
    if (stale.length === 0) return;
    await this.environment.write(() => {
      for (const { key: tenant, value } of stale) {
        const context = contextOf('data-key', tenant);
        if (!('destroyed' in value)) this.dataKeys.put(tenant, this.ring.wrap(this.ring.unwrap(value, context), context));
      }
    });
  }
}

/** HKDF-SHA256 (RFC 5869) without salt: the data key is random already. */
function derived(key: Buffer, info: readonly (string | number)[], bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', JSON.stringify(info), bytes));
}

function contextOf(...parts: readonly string[]): string {
  return JSON.stringify(parts);
}
