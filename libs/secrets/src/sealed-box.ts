import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { SealBroken } from './secret-vault.port';

const IV_BYTES = 12;
const TAG_BYTES = 16;
const options = { authTagLength: TAG_BYTES } as const;

/** AES-256-GCM with a random initialisation vector (fit for some 2^32 texts under one key): iv | ciphertext | tag. */
export function encrypt(key: Buffer, plaintext: Buffer, associated: string): Buffer {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv, options).setAAD(Buffer.from(associated));
  return Buffer.concat([iv, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** @throws SealBroken for another key, other associated data, or bytes that were changed */
export function decrypt(key: Buffer, box: Buffer, associated: string): Buffer {
  if (box.length < IV_BYTES + TAG_BYTES) throw new SealBroken();
  const decipher = createDecipheriv('aes-256-gcm', key, box.subarray(0, IV_BYTES), options)
    .setAAD(Buffer.from(associated))
    .setAuthTag(box.subarray(-TAG_BYTES));
  const plaintext = decipher.update(box.subarray(IV_BYTES, -TAG_BYTES));
  try {
    return Buffer.concat([plaintext, decipher.final()]);
  } catch {
    throw new SealBroken();
  }
}

/** What a sealed text is bound to: no two lists read alike. */
export function associatedData(...parts: readonly string[]): string {
  return JSON.stringify(parts);
}
