import type { Role } from '@souk/contracts';
import type { DomainEvent } from '@souk/event-sourcing';

export type UserRegistered = DomainEvent<
  'UserRegistered',
  {
    readonly userId: string;
    readonly tenantId: string;
    readonly role: Role;
    /** Personal: kept under the tenant's key; `null` when that was destroyed. */
    readonly displayName: string | null;
  }
>;

/** Every token of the user is refused from now on. */
export type UserDisabled = DomainEvent<'UserDisabled', { readonly userId: string }>;

/** The token itself stands in no event: it follows from these facts and the signing key. Times are RFC 3339, UTC, whole seconds. */
export type AccessTokenIssued = DomainEvent<
  'AccessTokenIssued',
  { readonly userId: string; readonly tokenId: string; readonly issuedAt: string; readonly expiresAt: string }
>;

export type AccessTokenRevoked = DomainEvent<'AccessTokenRevoked', { readonly userId: string; readonly tokenId: string }>;

export type UserEvent = UserRegistered | UserDisabled | AccessTokenIssued | AccessTokenRevoked;
