/**
 * Key material: the one thing that is not derived from events. Values are wrapped by AES-256-GCM under a key ring, so that the ring can be
 * rotated without touching what it protects. Nothing here is ever logged, put into an event or into a read model.
 *
 * Laws, checked for every adapter by `secretVaultContract`: what was put can be read after kill -9; a destroyed tenant key is gone for
 * good (every derived or encrypted value of it too), and no new one is made: `put`, `derive` and `seal` then throw
 * {@link TenantKeyDestroyed}; a wrapped value that was moved to another name or tampered with is refused.
 */
export abstract class SecretVault {
  /** Keeps a value (kubeconfig, buyer-supplied secret) under a name; a repeated put replaces it. Durable when fulfilled. */
  abstract put(tenant: string, name: string, value: string): Promise<void>;
  /** `undefined` where there is none, or the tenant's key was destroyed. @throws SealBroken when tampered with */
  abstract get(tenant: string, name: string): Promise<string | undefined>;
  abstract delete(tenant: string, name: string): Promise<void>;

  /**
   * A secret that follows from the tenant's data key alone: HKDF-SHA256(data key, info = purpose | id | version), RFC 5869.
   * The same every time; makes the data key where there is none. `purpose` has no `|` in it, so that no two triples read alike.
   */
  abstract derive(tenant: string, purpose: string, id: string, version: number, bytes: number): Promise<Buffer>;

  /** Encrypts a small text under the tenant's data key; `context` (associated data) must be the same on opening. */
  abstract seal(tenant: string, plaintext: string, context: string): Promise<string>;
  /** `undefined` where the tenant's key was destroyed. @throws SealBroken when tampered with or of another context */
  abstract unseal(tenant: string, sealed: string, context: string): Promise<string | undefined>;

  /** A key of the installation itself (token signing, cursors), made on first use. Not bound to a tenant. */
  abstract installationKey(purpose: string, bytes: number): Promise<Buffer>;

  /** Erasure: everything of that tenant becomes unreadable. */
  abstract destroyTenantKey(tenant: string): Promise<void>;
}

/** A sealed value was tampered with, or is opened in another context than it was sealed in. */
export class SealBroken extends Error {
  readonly code = 'seal-broken';
  constructor() {
    super('a sealed value does not open: it was changed, or sealed for another purpose');
    this.name = new.target.name;
  }
}

/** The tenant was erased: nothing can be kept for it, or derived, any more. */
export class TenantKeyDestroyed extends Error {
  readonly code = 'tenant-key-destroyed';
  constructor(readonly tenant: string) {
    super(`the key of tenant "${tenant}" was destroyed`);
    this.name = new.target.name;
  }
}
