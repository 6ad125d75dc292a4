import { createHash, randomBytes } from 'node:crypto';
import { ulid } from 'ulid';

/** Prefixes of our own ids: `<prefix>_<ULID>`, or `<prefix>_<26 characters that follow from something else>`. */
export const idPrefixes = {
  app: 'app',
  version: 'ver',
  configuration: 'cfg',
  cluster: 'clu',
  instance: 'inst',
  operation: 'op',
  tenant: 'ten',
  user: 'usr',
  purchase: 'pur',
  billingSource: 'bil',
  serviceBroker: 'sbr',
} as const;

export type IdKind = keyof typeof idPrefixes;

/** Matches exactly one of our ids. */
export const idPattern = (kind: IdKind): string => `^${idPrefixes[kind]}_[0-9A-HJKMNP-TV-Z]{26}$`;

/** A new id. Not for `domain/`: ids travel in commands. */
export function newId(kind: IdKind): string {
  return `${idPrefixes[kind]}_${ulid(undefined, random)}`;
}

let pool = Buffer.alloc(0);

/** A number from 0 (inclusive) to 1 (exclusive) from the system's randomness, fetched in blocks: the library asks 16 times for an id. */
function random(): number {
  if (pool.length === 0) pool = randomBytes(4096);
  const byte = pool[0]!;
  pool = pool.subarray(1);
  return byte / 256;
}

const crockford = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** The id that follows from these parts alone (130 bits of SHA-256 in Crockford's base 32): a retried request finds the first result. */
export function derivedId(kind: IdKind, ...parts: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest();
  let bits = BigInt(`0x${hash.toString('hex', 0, 17)}`) >> 6n;
  let text = '';
  for (let i = 0; i < 26; i++) {
    text = crockford[Number(bits & 31n)]! + text;
    bits >>= 5n;
  }
  return `${idPrefixes[kind]}_${text}`;
}

/** The account of those who run the platform: its operators, and the auditors of all of it. */
export const platformTenant = derivedId('tenant', 'souk', 'platform');

/** Lower-case hex SHA-256, for foreign and long ids in stream names. */
export function sha256Hex(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('|')).digest('hex');
}

/** Every one of our ids that occurs in this value, at any depth, as a whole string or in a stream name. */
export function idsIn(value: unknown, found = new Set<string>()): Set<string> {
  if (typeof value === 'string') {
    if (value.length < 200) for (const match of value.matchAll(anyId)) found.add(match[0]);
  } else if (Array.isArray(value)) {
    for (const element of value) idsIn(element, found);
  } else if (value !== null && typeof value === 'object') {
    for (const element of Object.values(value)) idsIn(element, found);
  }
  return found;
}

const anyId = new RegExp(`\\b(?:${Object.values(idPrefixes).join('|')})_[0-9A-HJKMNP-TV-Z]{26}\\b`, 'g');
