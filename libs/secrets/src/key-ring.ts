import { createHash, randomBytes } from 'node:crypto';
import { decrypt, encrypt } from './sealed-box';

/** A data key as it lies in the store: encrypted under one key of the ring. */
export interface WrappedKey {
  /** Id of the ring's key. */
  readonly ring: string;
  /** Base64. */
  readonly box: string;
}

/** The ring lacks a key that something in the vault is wrapped under, or cannot be read. Says which; never shows a key. */
export class KeyRingUnusable extends Error {
  readonly code = 'key-ring-unusable';
  constructor(detail: string) {
    super(`the key ring cannot be used: ${detail}`);
    this.name = new.target.name;
  }
}

const KEY_BYTES = 32;

/** Master keys. The first one wraps, all of them unwrap: so a new one goes in front, and the old one can go when all is wrapped anew. */
export class KeyRing {
  private readonly keys = new Map<string, Buffer>();
  /** Id of the key that wraps. */
  readonly first: string;

  /** @throws KeyRingUnusable for no key, or one that has not 32 bytes */
  constructor(keys: readonly Buffer[]) {
    if (keys.some((key) => key.length !== KEY_BYTES)) throw new KeyRingUnusable(`each of its keys needs ${KEY_BYTES} bytes`);
    for (const key of keys) this.keys.set(idOf(key), key);
    const [first] = this.keys.keys();
    if (first === undefined) throw new KeyRingUnusable('it has no key');
    this.first = first;
  }

  wrap(key: Buffer, associated: string): WrappedKey {
    return { ring: this.first, box: encrypt(this.keys.get(this.first)!, key, associated).toString('base64') };
  }

  /** @throws SealBroken; KeyRingUnusable where the ring has no key of that id */
  unwrap({ ring, box }: WrappedKey, associated: string): Buffer {
    const key = this.keys.get(ring);
    if (!key) throw new KeyRingUnusable(`it lacks the key ${ring}`);
    return decrypt(key, Buffer.from(box, 'base64'), associated);
  }

  /** Whether the first key has wrapped it. */
  isCurrent({ ring }: WrappedKey): boolean {
    return ring === this.first;
  }
}

export function newKey(): Buffer {
  return randomBytes(KEY_BYTES);
}

/**
 * Master keys as they stand in a configuration: base64, separated by commas, the newest first.
 * @throws KeyRingUnusable, without quoting anything
 */
export function parseMasterKeys(text: string): Buffer[] {
  const parts = text.split(',').map((part) => part.trim());
  return parts.map((part, index) => {
    const key = Buffer.from(part, 'base64');
    if (key.length !== KEY_BYTES || key.toString('base64') !== part)
      throw new KeyRingUnusable(`master key ${index + 1} of ${parts.length} is not the base64 of ${KEY_BYTES} bytes`);
    return key;
  });
}

/** Tells keys apart without saying anything about them. */
function idOf(key: Buffer): string {
  return createHash('sha256').update('key id|').update(key).digest('hex').slice(0, 16);
}
