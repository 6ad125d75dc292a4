import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { SealBroken } from './secret-vault.port';

const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce; `context` is associated data. Answers nonce, ciphertext and tag as one text.
 * @param key 32 bytes
 */
export function sealWith(key: Buffer, plaintext: Buffer | string, context: string): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(context));
  return Buffer.concat([iv, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]).toString('base64url');
}

/** @throws SealBroken for another key, another context, or a changed text */
export function openWith(key: Buffer, sealed: string, context: string): Buffer {
  const bytes = Buffer.from(sealed, 'base64url');
  if (bytes.length < IV_BYTES + TAG_BYTES) throw new SealBroken();
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
    .setAAD(Buffer.from(context))
    .setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch {
    throw new SealBroken();
  }
}

/** Which key of a ring it was, without telling anything of the key. */
export function fingerprintOf(key: Buffer): string {
  return createHash('sha256').update('souk key fingerprint').update(key).digest('hex').slice(0, 16);
}
