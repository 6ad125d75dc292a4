import type { DataModelDeclaration, DeclaredPermissions } from '@souk/contracts';
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
    readonly grants: DeclaredPermissions;
    /** The AppSecret follows from the owner's key, the instance and this number. */
    readonly secretVersion: number;
  }
>;

export type ApiGranted = DomainEvent<'ApiGranted', { readonly instanceId: string; readonly api: string }>;
export type ApiGrantWithdrawn = DomainEvent<'ApiGrantWithdrawn', { readonly instanceId: string; readonly api: string }>;

/** Also when a model that was granted before is granted anew with other access. */
export type DataModelGranted = DomainEvent<'DataModelGranted', { readonly instanceId: string } & DataModelDeclaration>;
export type DataModelGrantWithdrawn = DomainEvent<
  'DataModelGrantWithdrawn',
  { readonly instanceId: string; readonly model: string; readonly version: string }
>;

export type CredentialSuspended = DomainEvent<
  'CredentialSuspended',
  { readonly instanceId: string; readonly party: SuspendingParty }
>;
export type CredentialResumed = DomainEvent<
  'CredentialResumed',
  { readonly instanceId: string; readonly party: SuspendingParty }
>;

/** For good. */
export type CredentialRevoked = DomainEvent<'CredentialRevoked', { readonly instanceId: string }>;

export type CredentialEvent =
  | CredentialCreated
  | ApiGranted
  | ApiGrantWithdrawn
  | DataModelGranted
  | DataModelGrantWithdrawn
  | CredentialSuspended
  | CredentialResumed
  | CredentialRevoked;
