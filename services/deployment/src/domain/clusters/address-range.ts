/** Addresses from one to another, both among them, as numbers. */
export interface AddressRange {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

export type ParsedAddressRange =
  | { readonly range: AddressRange; readonly problem?: undefined }
  | { readonly range?: undefined; readonly problem: { readonly code: AddressRangeProblem; readonly message: string } };

type AddressRangeProblem = 'address-range-malformed' | 'address-range-too-large' | 'address-range-not-usable';

/** More than any local network gives away for load balancers; all that are taken are kept in one state. */
export const MAX_ADDRESSES = 4096;

/**
 * `192.168.4.10-192.168.4.50`, or a network in CIDR notation: of one of IPv4 the first and the last address are nobody's.
 *     192.168.4.0/30       gives   192.168.4.1 and 192.168.4.2
 *     fd00::1-fd00::2      gives   fd00::1 and fd00::2
 */
export function parseAddressRange(text: string): ParsedAddressRange {
  const range = text.includes('/') ? networkOf(text) : spanOf(text);
  if (!range)
    return refused('address-range-malformed', `"${text}" is no range: write "192.168.4.10-192.168.4.50" or "192.168.4.32/27"`);
  if (range.last < range.first) return refused('address-range-malformed', `"${text}" ends before it begins`);
  if (sizeOf(range) > MAX_ADDRESSES)
    return refused('address-range-too-large', `"${text}" has more than ${MAX_ADDRESSES} addresses`);
  const unusable = notForServices.find((other) => overlap(other.range, range));
  if (unusable) return refused('address-range-not-usable', `"${text}" has ${unusable.name} addresses, which no service can have`);
  return { range };
}

export const sizeOf = ({ first, last }: AddressRange): number => Number(last - first + 1n);

/** Text that is no address is in no range. */
export function isInRange(address: string, { family, first, last }: AddressRange): boolean {
  const value = family === 4 ? parseIPv4(address) : parseIPv6(address);
  return value !== undefined && value >= first && value <= last;
}

/** Every address, from the first on. */
export function* addressesOf({ family, first, last }: AddressRange): Generator<string> {
  for (let value = first; value <= last; value++) yield family === 4 ? formatIPv4(value) : formatIPv6(value);
}

/** `undefined` where it is none; a part with a leading zero is octal to some programs and is refused. */
function parseIPv4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) return undefined;
  return parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

/** Without an IPv4 address at its end, and without a zone. */
function parseIPv6(text: string): bigint | undefined {
  const [head = '', tail, ...more] = text.split('::');
  if (more.length > 0) return undefined;
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const [left, right] = [groups(head), groups(tail ?? '')];
  const missing = 8 - left.length - right.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const all = [...left, ...Array.from({ length: missing }, () => '0'), ...right];
  if (!all.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return all.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

function formatIPv4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
}

/** As RFC 5952 wants it: lower case, the longest run of zeros left out. */
function formatIPv6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16));
  const zeros = [...groups.join(':').matchAll(/(?:^|(?<=:))0(?::0)+(?=:|$)/g)].sort((a, b) => b[0].length - a[0].length)[0];
  if (!zeros) return groups.join(':');
  const text = groups.join(':');
  const [before, after] = [text.slice(0, zeros.index), text.slice(zeros.index + zeros[0].length)];
  return `${before.replace(/:$/, '')}::${after.replace(/^:/, '')}`;
}

function networkOf(text: string): AddressRange | undefined {
  const [address = '', length = '', ...more] = text.split('/');
  if (more.length > 0 || !/^\d{1,3}$/.test(length)) return undefined;
  const family = address.includes(':') ? 6 : 4;
  const value = family === 4 ? parseIPv4(address) : parseIPv6(address);
  const bits = (family === 4 ? 32 : 128) - Number(length);
  if (value === undefined || bits < 0) return undefined;
  const hosts = (1n << BigInt(bits)) - 1n;
  const first = value - (value & hosts);
  return family === 4 && bits > 1
    ? { family, first: first + 1n, last: first + hosts - 1n }
    : { family, first, last: first + hosts };
}

function spanOf(text: string): AddressRange | undefined {
  const [from = '', to = '', ...more] = text.split('-');
  if (more.length > 0) return undefined;
  const family = from.includes(':') ? 6 : 4;
  const [first, last] = [from, to].map(family === 4 ? parseIPv4 : parseIPv6);
  return first === undefined || last === undefined ? undefined : { family, first, last };
}

/** What services of a local network can't be reached under. */
const notForServices = [
  ['unspecified', '0.0.0.0-0.255.255.255'],
  ['loopback', '127.0.0.0-127.255.255.255'],
  ['link-local', '169.254.0.0-169.254.255.255'],
  ['multicast or reserved', '224.0.0.0-255.255.255.255'],
  ['unspecified or loopback', '::/127'],
  ['IPv4-mapped', '::ffff:0:0/96'],
  ['link-local', 'fe80::/10'],
  ['multicast', 'ff00::/8'],
].map(([name, range]) => ({ name: name!, range: (range!.includes('/') ? networkOf(range!) : spanOf(range!))! }));

const overlap = (a: AddressRange, b: AddressRange): boolean => a.family === b.family && a.first <= b.last && b.first <= a.last;

const refused = (code: AddressRangeProblem, message: string): ParsedAddressRange => ({ problem: { code, message } });
