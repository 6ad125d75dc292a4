import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { CommandHandler } from '@souk/event-sourcing';
import { InjectReadModel } from '@souk/platform';
import type { ReadModel } from '@souk/read-store';
import { SecretVault, TenantKeyDestroyed } from '@souk/secrets';
import { LRUCache } from 'lru-cache';
import type { Credential } from '../domain/credential';
import { credentialAggregate } from '../domain/credential.decide';
import { type CredentialDoc, credentialsProjection } from '../projections/credentials.projection';
import { appSecretOf } from './app-secret';
import { IdentityWatch } from './identity-watch';

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
 * AppKeys in memory. The read model says whose a key is, which never changes; what it may do, its events say. Law: an entry is dropped as soon as
 * anything happened to its credential, in whichever process, and what was read before that is not kept after it. While nobody tells of that, nothing
 * is kept. So a key is refused at once when it is revoked, whoever folds the read model and however far that is.
 */
@Injectable()
export class AppKeys implements OnModuleDestroy {
  private readonly found = new LRUCache<string, KeyEntry>({ max: MAX_KNOWN });
  private readonly unknown = new LRUCache<string, KeyEntry>({ max: MAX_UNKNOWN });
  /** Counts what happened to keys, and commits of the read model: an entry that was read across such a moment is not kept. */
  private moments = 0;
  private readonly stopListening: readonly (() => void)[];

  constructor(
    @InjectReadModel(credentialsProjection) private readonly credentials: ReadModel<CredentialDoc>,
    private readonly vault: SecretVault,
    private readonly commands: CommandHandler,
    private readonly watch: IdentityWatch,
  ) {
    this.stopListening = [
      watch.listen({
        changed: ({ appKeys }) => {
          if (appKeys.length > 0) this.forget(appKeys);
        },
        unsure: () => this.forgetAll(),
      }),
      // A key that nobody had may be there now.
      credentials.changes(({ keys }) => this.forget(keys)),
    ];
  }

  onModuleDestroy(): void {
    for (const stop of this.stopListening) stop();
  }

  /** At once, for a key that is in memory. */
  cached(appKey: string): KeyEntry | undefined {
    return this.found.get(appKey) ?? this.unknown.get(appKey);
  }

  async load(appKey: string): Promise<KeyEntry> {
    const { moments } = this;
    const doc = await this.docOf(appKey);
    const entry = await this.entryOf(appKey, doc);
    if (moments === this.moments && this.watch.isTelling) (doc ? this.found : this.unknown).set(appKey, entry);
    return entry;
  }

  /** The next look at these keys is a fresh one. */
  forget(appKeys: readonly string[]): void {
    this.moments++;
    for (const appKey of appKeys) {
      this.found.delete(appKey);
      this.unknown.delete(appKey);
    }
  }

  private forgetAll(): void {
    this.moments++;
    this.found.clear();
    this.unknown.clear();
  }

  private async docOf(appKey: string): Promise<CredentialDoc | undefined> {
    const known = await this.credentials.get(appKey);
    if (!known) return undefined;
    const { state } = await this.commands.load(credentialAggregate, known.instanceId);
    return docFrom(state);
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

/** What the read model will say of it. */
function docFrom(state: Credential): CredentialDoc | undefined {
  if (state.status === 'none') return undefined;
  const { appKey, instanceId, ownerTenant, secretVersion, grants } = state;
  const key = { appKey, instanceId, ownerTenant, secretVersion, apis: [...grants.apis] };
  if (state.status === 'revoked') return { ...key, suspendedBy: [], revoked: true };
  const { previousSecret, suspendedBy } = state;
  return { ...key, ...(previousSecret && { previousSecret }), suspendedBy: [...suspendedBy], revoked: false };
}
