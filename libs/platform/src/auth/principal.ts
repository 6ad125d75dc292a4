import type { Role } from '@souk/contracts';

/** Who is asking: one user of one tenant, in one role. */
export interface Principal {
  readonly tenant: string;
  readonly user: string;
  readonly role: Role;
  readonly tokenId: string;
}

/** Turns a bearer token into the one who holds it. */
export abstract class TokenVerifier {
  /** @throws Unauthenticated for a token that is malformed, forged, expired, revoked, or of a disabled user: all alike. */
  abstract verify(token: string): Promise<Principal>;
}

/** A token that holds, and until when. */
export interface VerifiedToken {
  readonly principal: Principal;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/**
 * Where tokens are known first-hand, asked by verifiers in other processes. Law: whoever keeps an answer of `verifyAnew` until
 * `watchUsers` tells of its user, or can't be heard any more, never takes a token that was revoked for longer than that.
 */
export abstract class TokenAuthority {
  /** Answered from the events, never from memory. @throws Unauthenticated as `TokenVerifier.verify` */
  abstract verifyAnew(token: string): Promise<VerifiedToken>;
  /** Calls back with users to whom something has happened, until the answered function is called. */
  abstract watchUsers(listener: (userIds: readonly string[]) => void): () => void;
  /** Whether what happens to users now will be told: not while what tells it has stopped, or is behind. */
  abstract readonly isTelling: boolean;
}
