import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { InjectReadModel } from '@souk/platform';
import type { ReadModel } from '@souk/read-store';
import { SecretVault, TenantKeyDestroyed } from '@souk/secrets';
import { LRUCache } from 'lru-cache';
import { type CredentialDoc, credentialsProjection } from '../projections/credentials.projection';
import { appSecretOf } from './app-secret';

/** What is needed in order to check a request with that AppKey. */
export interface KeyEntry {
  /** To check the signature with. A decoy where nobody has this key, so that checking takes as long. */
  readonly secret: string;
  /** The secret before that one, which is taken as well until then (milliseconds since the epoch, exclusive). */
  readonly previous?: { readonly secret: string; readonly validUntil: number };
  /** Absent for a key that is unknown, suspended or revoked: nobody is to tell them apart. */
  readonly credential?: CredentialDoc;
}

/** Keys with their secrets that are kept in memory: about 600 bytes each. */
const MAX_KNOWN = 120_000;
/** Keys that nobody has. They have a cache of their own: whoever tries many of them drives out nobody else's. */
const MAX_UNKNOWN = 10_000;

/**
 * AppKeys in memory, read through from the read model. Law: an entry is dropped with the commit of the read model that changed it, and
 * what was read before that commit is not kept after it.
 */
@Injectable()
export class AppKeys implements OnModuleDestroy {
  private readonly found = new LRUCache<string, KeyEntry>({ max: MAX_KNOWN });
  private readonly unknown = new LRUCache<string, KeyEntry>({ max: MAX_UNKNOWN });
  /** Counts commits of the read model: an entry that was read across one is not kept. */
  private commits = 0;
  private readonly stopListening: () => void;

  constructor(
    @InjectReadModel(credentialsProjection) private readonly credentials: ReadModel<CredentialDoc>,
    private readonly vault: SecretVault,
  ) {
    this.stopListening = credentials.changes(({ keys }) => this.forget(keys));
  }

  onModuleDestroy(): void {
    this.stopListening();
  }

  /** At once, for a key that is in memory. */
  cached(appKey: string): KeyEntry | undefined {
    return this.found.get(appKey) ?? this.unknown.get(appKey);
  }

  async load(appKey: string): Promise<KeyEntry> {
    const { commits } = this;
    const doc = await this.credentials.get(appKey);
    const entry = await this.entryOf(appKey, doc);
    if (commits === this.commits) (doc ? this.found : this.unknown).set(appKey, entry);
    return entry;
  }

  /** The next look at these keys is a fresh one. */
  forget(appKeys: readonly string[]): void {
    this.commits++;
    for (const appKey of appKeys) {
      this.found.delete(appKey);
      this.unknown.delete(appKey);
    }
  }

  private async entryOf(appKey: string, doc: CredentialDoc | undefined): Promise<KeyEntry> {
    if (!doc) return this.decoy(appKey);
    try {
      const secret = await appSecretOf(this.vault, doc);
      if (doc.revoked || doc.suspendedBy.length > 0) return { secret };
      const previous = await this.previousOf(doc);
      return { secret, credential: doc, ...(previous && { previous }) };
    } catch (error) {
      // An owner who was erased took the secrets of their instances along.
      if (error instanceof TenantKeyDestroyed) return this.decoy(appKey);
      throw error;
    }
  }

  private async previousOf(doc: CredentialDoc): Promise<KeyEntry['previous']> {
    if (!doc.previousSecret) return undefined;
    const { secretVersion, validUntil } = doc.previousSecret;
    return { secret: await appSecretOf(this.vault, { ...doc, secretVersion }), validUntil: Date.parse(validUntil) };
  }

  private async decoy(appKey: string): Promise<KeyEntry> {
    return { secret: await appSecretOf(this.vault, { ownerTenant: NOBODY, instanceId: appKey, secretVersion: 0 }) };
  }
}

/** Owner of decoys: no tenant has such an id. */
const NOBODY = 'nobody';
