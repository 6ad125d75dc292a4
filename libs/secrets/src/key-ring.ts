import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fingerprintOf, openWith, sealWith } from './sealing';
import { SealBroken } from './secret-vault.port';

const KEY_BYTES = 32;

/** Something wrapped, and under which key of the ring. */
export interface Wrapped {
  readonly key: string;
  readonly sealed: string;
}

/** Master keys: the first one wraps, all of them unwrap. A new first key rotates the ring; old ones stay until nothing is under them. */
export class KeyRing {
  private readonly keys: ReadonlyMap<string, Buffer>;
  private readonly first: string;

  /** @param keys at least one, 32 bytes each @throws RangeError */
  constructor(keys: readonly Buffer[]) {
    if (keys.length === 0 || keys.some((key) => key.length !== KEY_BYTES))
      throw new RangeError(`a key ring needs at least one key, each of ${KEY_BYTES} bytes`);
    this.keys = new Map(keys.map((key) => [fingerprintOf(key), key]));
    this.first = fingerprintOf(keys[0]!);
  }

  wrap(plaintext: Buffer, context: string): Wrapped {
    return { key: this.first, sealed: sealWith(this.keys.get(this.first)!, plaintext, context) };
  }

  /** @throws SealBroken, also where the key is not in the ring */
  unwrap({ key, sealed }: Wrapped, context: string): Buffer {
    const master = this.keys.get(key);
    if (!master) throw new SealBroken();
    return openWith(master, sealed, context);
  }

  /** Whether it is under a key that no longer is the first one. */
  isStale({ key }: Wrapped): boolean {
    return key !== this.first;
  }

  /** The ring of a file that only its owner can read; made with one random key where there is none, and flushed. */
  static async ofFile(directory: string): Promise<KeyRing> {
    const path = join(directory, 'keyring.json');
    if (!existsSync(path)) await writeNew(directory, path);
    const { keys } = JSON.parse(await readFile(path, 'utf8')) as { keys: string[] };
    return new KeyRing(keys.map((key) => Buffer.from(key, 'base64')));
  }
}

async function writeNew(directory: string, path: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(`${JSON.stringify({ keys: [randomBytes(KEY_BYTES).toString('base64')] })}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}
