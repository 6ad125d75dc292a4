import { createCipheriv, createDecipheriv, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { InvalidCursor } from './read-store.port';

const TAG_BYTES = 16;

/**
 * Cursors: the key of the last entry that a page looked at, for whoever asks for the next one. HMAC-SHA256 over the key and the query it
 * belongs to is the signature, and at the same time the initialisation vector under which the key is encrypted (AES-256-CTR; the
 * construction is that of SIV, RFC 5297): the entry may be of a document that a filter keeps from the reader.
 */
export class CursorSigner {
  private readonly signing: Buffer;
  private readonly encryption: Buffer;

  /** @param signingKey at least 32 bytes; cursors of another key are refused */
  constructor(signingKey: Buffer) {
    if (signingKey.length < 32) throw new RangeError(`the signing key of cursors has ${signingKey.length} bytes, it needs 32`);
    this.signing = Buffer.from(hkdfSync('sha256', signingKey, '', 'cursor signature', 32));
    this.encryption = Buffer.from(hkdfSync('sha256', signingKey, '', 'cursor encryption', 32));
  }

  /** @param query text that stands for the query and its audience */
  sign(query: string, key: Buffer): string {
    const tag = this.tag(query, key);
    const cipher = createCipheriv('aes-256-ctr', this.encryption, tag);
    return Buffer.concat([tag, cipher.update(key), cipher.final()]).toString('base64url');
  }

  /** @throws InvalidCursor when it was not signed for this query */
  open(query: string, cursor: string): Buffer {
    const bytes = Buffer.from(cursor, 'base64url');
    if (bytes.length <= TAG_BYTES || bytes.toString('base64url') !== cursor) throw new InvalidCursor();
    const tag = bytes.subarray(0, TAG_BYTES);
    const decipher = createDecipheriv('aes-256-ctr', this.encryption, tag);
    const key = Buffer.concat([decipher.update(bytes.subarray(TAG_BYTES)), decipher.final()]);
    if (!timingSafeEqual(tag, this.tag(query, key))) throw new InvalidCursor();
    return key;
  }

  private tag(query: string, key: Buffer): Buffer {
    // The digest has a fixed length: no query and key read as another query and key.
    const digest = createHmac('sha256', this.signing).update(query).digest();
    return createHmac('sha256', this.signing).update(digest).update(key).digest().subarray(0, TAG_BYTES);
  }
}
