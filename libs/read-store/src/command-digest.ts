import { createHash } from 'node:crypto';

/** Command ids may be of any length, keys may not. */
export function commandDigest(commandId: string): string {
  return createHash('sha256').update(commandId).digest('base64url').slice(0, 22);
}
