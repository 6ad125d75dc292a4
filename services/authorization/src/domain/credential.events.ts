import type { DataModelDeclaration, Grants } from '@souk/contracts';
import type { DomainEvent } from '@souk/event-sourcing';

/** Who can suspend a credential. Each takes back its own suspension only. */
export type SuspendingParty = 'owner' | 'provider' | 'operator';

/** The identity of an instance came into being, with its grants from this very moment (F33). The secret stands in no event. */
export type CredentialCreated = DomainEvent<
  'CredentialCreated',
  {
    readonly instanceId: string;
    readonly appKey: string;
    readonly appId: string;
    readonly ownerTenant: string;
    readonly providerTenant: string;
    readonly grants: Grants;
    /** The AppSecret follows from the owner's key, the instance and this number. */
    readonly secretVersion: number;
  }
>;

/** Which credential: by its instance, and by the AppKey that requests bring. */
interface Named {
  readonly instanceId: string;
  readonly appKey: string;
}

export type ApiGranted = DomainEvent<'ApiGranted', Named & { readonly api: string }>;
export type ApiGrantWithdrawn = DomainEvent<'ApiGrantWithdrawn', Named & { readonly api: string }>;

/** Also when a model that was granted before is granted anew with other access. */
export type DataModelGranted = DomainEvent<'DataModelGranted', Named & DataModelDeclaration>;
export type DataModelGrantWithdrawn = DomainEvent<
  'DataModelGrantWithdrawn',
  Named & { readonly model: string; readonly version: string }
>;

export type CredentialSuspended = DomainEvent<'CredentialSuspended', Named & { readonly party: SuspendingParty }>;
export type CredentialResumed = DomainEvent<'CredentialResumed', Named & { readonly party: SuspendingParty }>;

/**
 * From here on the AppSecret is that of `secretVersion`; the one before it is taken as well until then (F34). A secret before that one is
 * taken no more, also when its own time was not over.
 */
export type AppSecretRotated = DomainEvent<
  'AppSecretRotated',
  Named & {
    readonly secretVersion: number;
    /** ISO 8601, UTC. */
    readonly previousValidUntil: string;
  }
>;

/** The AppSecret of that version is taken no more, whatever the clock says afterwards. */
export type PreviousAppSecretExpired = DomainEvent<'PreviousAppSecretExpired', Named & { readonly secretVersion: number }>;

/** For good. */
export type CredentialRevoked = DomainEvent<'CredentialRevoked', Named>;

export type CredentialEvent =
  | CredentialCreated
  | ApiGranted
  | ApiGrantWithdrawn
  | DataModelGranted
  | DataModelGrantWithdrawn
  | CredentialSuspended
  | CredentialResumed
  | AppSecretRotated
  | PreviousAppSecretExpired
  | CredentialRevoked;
