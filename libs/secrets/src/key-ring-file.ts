import { closeSync, fsyncSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { KeyRingUnusable, newKey } from './key-ring';

/** `{ "keys": [base64, …] }`, the newest first. */
export const KEY_RING_FILE = 'keyring.json';

/**
 * Keys of the file in that folder; `undefined` where there is none.
 * @throws KeyRingUnusable when others than the owner may read it, or it is not what it should be
 */
export function readKeyRing(folder: string): Buffer[] | undefined {
  const file = join(folder, KEY_RING_FILE);
  const mode = statSync(file, { throwIfNoEntry: false })?.mode;
  if (mode === undefined) return undefined;
  // Windows has no such bits and shows them set.
  if ((mode & 0o077) !== 0 && process.platform !== 'win32')
    throw new KeyRingUnusable(`${file} is open to others than its owner; make it 0600`);
  const keys = keysIn(readFileSync(file, 'utf8'));
  if (!keys) throw new KeyRingUnusable(`${file} does not hold { "keys": ["<base64>"] }`);
  return keys;
}

/** A ring of one new key, on disk when this returns. */
export function makeKeyRing(folder: string): Buffer[] {
  const key = newKey();
  const file = join(folder, KEY_RING_FILE);
  const temporary = `${file}.new`;
  // `w` may find a half-written file of a start that was cut short; then the mode is that of the file, which this same line made.
  const descriptor = openSync(temporary, 'w', 0o600);
  try {
    writeSync(descriptor, `${JSON.stringify({ keys: [key.toString('base64')] })}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, file);
  flushFolder(folder);
  return [key];
}

function keysIn(text: string): Buffer[] | undefined {
  try {
    const { keys } = JSON.parse(text) as { readonly keys?: unknown };
    if (!Array.isArray(keys) || !keys.every((key) => typeof key === 'string')) return undefined;
    return keys.map((key) => Buffer.from(key, 'base64'));
  } catch {
    return undefined;
  }
}

/** A new name is on disk only when its folder is. */
function flushFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
