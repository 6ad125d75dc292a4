import { createHash } from 'node:crypto';
import type { IndexedValue } from '@souk/event-sourcing';

/**
 * Keys whose byte order is the order of the values: null < false < true < numbers < text, numbers by size, text by code point.
 * A key of several values orders by the first, then the second, and so on. After the tuple encoding of FoundationDB (its layer
 * specification "Tuple", 2013): text ends in 00, a 00 within it is written as 00 FF.
 *
 * Text beyond {@link MAX_TEXT_BYTES} is cut there and followed by a digest: equality stays exact, while two such texts that begin
 * alike are in an order that is stable but not that of the text.
 */
const tag = { null: 0x05, false: 0x10, true: 0x11, number: 0x20, text: 0x30 } as const;

/** Bytes of one text (UTF-8, escaped) that take part in the order. */
export const MAX_TEXT_BYTES = 256;

/** More would not fit into a key of LMDB (1,978 bytes) in the worst case. */
export const MAX_INDEX_FIELDS = 5;

/** Bytes of a document id in UTF-8. */
export const MAX_ID_BYTES = 512;

const CUT = 0xff;
const DIGEST_BYTES = 16;

/** Room that one value may need in a key. */
export const MAX_VALUE_BYTES = 1 + (MAX_TEXT_BYTES + 1) + 1 + DIGEST_BYTES;

const scratch = Buffer.allocUnsafe(MAX_INDEX_FIELDS * MAX_VALUE_BYTES);

/**
 * Key of up to {@link MAX_INDEX_FIELDS} values.
 * @throws TypeError for anything that is no indexed value
 */
export function encodeValues(values: readonly IndexedValue[]): Buffer {
  let at = 0;
  for (const value of values) at = writeValue(scratch, at, value);
  return Buffer.from(scratch.subarray(0, at));
}

/**
 * Writes a value into a key under construction and answers where it ends.
 * @throws TypeError for anything that is no indexed value
 */
export function writeValue(key: Buffer, at: number, value: IndexedValue): number {
  switch (typeof value) {
    case 'string':
      return writeText(key, at, value);
    case 'number':
      return writeNumber(key, at, value);
    case 'boolean':
      key[at] = value ? tag.true : tag.false;
      return at + 1;
    default:
      // Documents are what projections make of them: what the types promise may not be so.
      if ((value as unknown) !== null) throw new TypeError(`a value of type ${typeof value} cannot be indexed`);
      key[at] = tag.null;
      return at + 1;
  }
}

/** Where the `count`-th value of a key that starts at `start` ends. */
export function endOfValues(key: Uint8Array, start: number, count: number): number {
  let at = start;
  for (let i = 0; i < count; i++) at = endOfValue(key, at);
  return at;
}

/** The first key after all keys that begin with these bytes; `undefined` where there is none (FF FF …). */
export function afterPrefix(prefix: Uint8Array): Buffer | undefined {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 0xff) length--;
  if (length === 0) return undefined;
  const after = Buffer.from(prefix.subarray(0, length));
  after[length - 1]! += 1;
  return after;
}

/** JSON has neither NaN nor the infinities nor -0: they are `null`, `null` and 0 there, and so they are here. */
function writeNumber(key: Buffer, at: number, value: number): number {
  if (!Number.isFinite(value)) return writeValue(key, at, null);
  key[at] = tag.number;
  key.writeDoubleBE(value === 0 ? 0 : value, at + 1);
  // IEEE 754 orders like signed magnitude: negative numbers are inverted whole, the others get the top bit.
  if (value < 0) for (let i = at + 1; i < at + 9; i++) key[i]! ^= 0xff;
  else key[at + 1]! ^= 0x80;
  return at + 9;
}

function writeText(key: Buffer, at: number, value: string): number {
  key[at] = tag.text;
  // UTF-8 has at most three bytes for each UTF-16 unit.
  if (value.length * 3 > MAX_TEXT_BYTES || value.includes('\0')) return writeLongText(key, at, value);
  const end = at + 1 + key.write(value, at + 1, 'utf8');
  key[end] = 0;
  return end + 1;
}

function writeLongText(key: Buffer, at: number, value: string): number {
  const plain = Buffer.from(value, 'utf8');
  const escaped = plain.includes(0) ? escapeZeros(plain) : plain;
  if (escaped.length <= MAX_TEXT_BYTES) {
    escaped.copy(key, at + 1);
    key[at + 1 + escaped.length] = 0;
    return at + 2 + escaped.length;
  }
  // Never between the two bytes of an escaped zero.
  const cut = escaped[MAX_TEXT_BYTES - 1] === 0 ? MAX_TEXT_BYTES + 1 : MAX_TEXT_BYTES;
  escaped.copy(key, at + 1, 0, cut);
  key[at + 1 + cut] = CUT;
  createHash('sha256')
    .update(plain)
    .digest()
    .copy(key, at + 2 + cut, 0, DIGEST_BYTES);
  return at + 2 + cut + DIGEST_BYTES;
}

function escapeZeros(plain: Buffer): Buffer {
  const escaped: number[] = [];
  for (const byte of plain) {
    escaped.push(byte);
    if (byte === 0) escaped.push(0xff);
  }
  return Buffer.from(escaped);
}

function endOfValue(key: Uint8Array, start: number): number {
  const kind = key[start];
  if (kind === tag.number) return start + 9;
  if (kind !== tag.text) return start + 1;
  let at = start + 1;
  for (;;) {
    const byte = key[at];
    // UTF-8 has no byte FF: it is the mark of a cut, or the second half of an escaped zero (stepped over below).
    if (byte === CUT) return at + 1 + DIGEST_BYTES;
    if (byte === 0 && key[at + 1] !== 0xff) return at + 1;
    if (byte === undefined) throw new RangeError('not a key: a text in it does not end');
    at += byte === 0 ? 2 : 1;
  }
}
