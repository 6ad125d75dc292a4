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
