import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type Role, roles } from '@souk/contracts';
import { SecretVault } from '@souk/secrets';
import { calculateJwkThumbprint, errors, exportJWK, jwtVerify, type JWTPayload, SignJWT } from 'jose';
import { type JsonWebKeySet, type TokenClaims, TokenCodec } from '../application/token-codec.port';

export const ISSUER = 'souk';
export const AUDIENCE = 'souk';
const ALGORITHM = 'EdDSA';

interface SigningKey {
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly jwk: object;
}

/** JSON Web Tokens (RFC 7519), signed with Ed25519 (RFC 8037), which needs no randomness: the same claims are the same token. */
@Injectable()
export class JoseTokenCodec extends TokenCodec {
  private key: Promise<SigningKey> | undefined;

  constructor(private readonly vault: SecretVault) {
    super();
  }

  override async encode({ tokenId, user, tenant, role, issuedAt, expiresAt }: TokenClaims): Promise<string> {
    const { id, privateKey } = await this.signingKey();
    return new SignJWT({ tenant, role })
      .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT', kid: id })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setSubject(user)
      .setJti(tokenId)
      .setIssuedAt(issuedAt)
      .setExpirationTime(expiresAt)
      .sign(privateKey);
  }

  override async decode(token: string): Promise<TokenClaims | undefined> {
    const { publicKey } = await this.signingKey();
    try {
      // Time is not looked at here: `currentDate` is a moment at which every token is valid.
      const options = { algorithms: [ALGORITHM], issuer: ISSUER, audience: AUDIENCE, typ: 'JWT', currentDate: new Date(0) };
      const { payload } = await jwtVerify(token, publicKey, options);
      return claimsOf(payload);
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  }

  override async publicKeys(): Promise<JsonWebKeySet> {
    const { jwk } = await this.signingKey();
    return { keys: [jwk] };
  }

  private signingKey(): Promise<SigningKey> {
    const key = (this.key ??= this.vault.installationKey('token-signing', 32).then(signingKeyOf));
    // A vault that failed once may be there the next time.
    key.catch(() => (this.key = undefined));
    return key;
  }
}

/** DER of a PKCS #8 private key for Ed25519 (RFC 8410), without the 32 bytes of its seed. */
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');

async function signingKeyOf(seed: Buffer): Promise<SigningKey> {
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, seed]), format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(privateKey);
  const jwk = await exportJWK(publicKey);
  const id = await calculateJwkThumbprint(jwk);
  return { id, privateKey, publicKey, jwk: { ...jwk, kid: id, use: 'sig', alg: ALGORITHM } };
}

function claimsOf({ jti, sub, iat, exp, tenant, role }: JWTPayload): TokenClaims | undefined {
  if (jti === undefined || sub === undefined || iat === undefined || exp === undefined) return undefined;
  if (typeof tenant !== 'string' || !isRole(role)) return undefined;
  return { tokenId: jti, user: sub, tenant, role, issuedAt: iat, expiresAt: exp };
}

function isRole(value: unknown): value is Role {
  return (roles as readonly unknown[]).includes(value);
}
