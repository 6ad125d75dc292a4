import { createHash, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { SecretVault } from '@souk/secrets';
import { LOG_TOKEN_VERSION } from '../../domain/render/render-instance';

/** 256 bits, 43 characters of base64url. */
const TOKEN_BYTES = 32;

/** Whose logs they are. */
export interface LogSource {
  readonly instanceId: string;
  readonly ownerTenant: string;
}

/**
 * What an instance's log collectors show where they send logs: `<instanceId>.<token>`, as a bearer token. A collector signs nothing, so this is
 * no AppKey, and good for nothing but sending logs. Follows from the key of the instance's owner alone: nothing is kept.
 */
@Injectable()
export class LogTokens {
  constructor(private readonly vault: SecretVault) {}

  async bearerOf(source: LogSource, version: number): Promise<string> {
    return `${source.instanceId}.${await this.tokenOf(source, version)}`;
  }

  /** @param source the instance that `instanceIn(bearer)` names */
  async isBearerOf(source: LogSource, bearer: string): Promise<boolean> {
    return timingSafeEqual(digest(bearer), digest(await this.bearerOf(source, LOG_TOKEN_VERSION)));
  }

  private async tokenOf({ ownerTenant, instanceId }: LogSource, version: number): Promise<string> {
    const bytes = await this.vault.derive(ownerTenant, 'instance-log-token', instanceId, version, TOKEN_BYTES);
    return bytes.toString('base64url');
  }
}

/** The instance that a bearer token claims to be of; nothing is proven by it. */
export function instanceIn(bearer: string): string | undefined {
  const [instanceId, token, ...more] = bearer.split('.');
  return instanceId !== '' && token !== undefined && more.length === 0 ? instanceId : undefined;
}

/** Of one length, whatever was given. */
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
