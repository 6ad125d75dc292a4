import type { Role } from '@souk/contracts';

/** What an access token says. */
export interface TokenClaims {
  readonly tokenId: string;
  readonly user: string;
  readonly tenant: string;
  readonly role: Role;
  /** Whole seconds since the epoch. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** Public keys in the form of RFC 7517. */
export interface JsonWebKeySet {
  readonly keys: readonly object[];
}

/**
 * Access tokens as text, signed by the key of this installation. Law: the same claims are the same token; of any other text than one
 * that `encode` answered, `decode` answers `undefined`.
 */
export abstract class TokenCodec {
  abstract encode(claims: TokenClaims): Promise<string>;
  /** Does not look at the time. */
  abstract decode(token: string): Promise<TokenClaims | undefined>;
  /** What others need in order to check tokens themselves. */
  abstract publicKeys(): Promise<JsonWebKeySet>;
}
