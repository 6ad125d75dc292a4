import { lookup as resolve, type LookupAddress } from 'node:dns';
import { BlockList, isIP, isIPv6, type LookupFunction } from 'node:net';

/** The server of a cluster has an address behind which something other than a cluster might answer. */
export class AddressRefused extends Error {
  readonly code = 'address-refused';
  constructor(
    readonly host: string,
    readonly address: string,
  ) {
    super(`"${host}" is at ${address}, where no cluster may be`);
    this.name = new.target.name;
  }
}

/** This machine, its link, cloud metadata services, and everything that is no single host. Private networks are where edge clusters live. */
const forbidden: readonly string[] = [
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '100.100.100.200/32',
  '192.0.0.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/127',
  'fe80::/10',
  'fd00:ec2::254/128',
  'fd20:ce::254/128',
  'ff00::/8',
  '64:ff9b::/96',
];

/**
 * Guard against being talked into calling one's own network: looks the server up and refuses loopback, link-local and metadata addresses.
 * @param allowed networks (CIDR or single addresses) that are allowed all the same, by the operator's configuration
 * @param more networks that are refused as well
 * @throws AddressRefused; or what the look-up throws
 */
export async function assertPublicOrAllowed(
  server: string,
  allowed: readonly string[] = [],
  more: readonly string[] = [],
): Promise<void> {
  const host = new URL(server).hostname.replace(/^\[|\]$/g, '');
  const addresses = isIP(host) ? [{ address: host, family: isIP(host) }] : await addressesOf(host);
  for (const { address } of addresses) if (isRefused(address, allowed, more)) throw new AddressRefused(host, address);
}

/**
 * The same guard at the moment of connecting, so that a name that points elsewhere by then is refused as well.
 * (Not asked by `net.connect` for literal addresses: those are what `assertPublicOrAllowed` saw.)
 */
export function guardedLookup(allowed: readonly string[] = [], more: readonly string[] = []): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      const refused = error ? undefined : addresses.find(({ address }) => isRefused(address, allowed, more));
      const [first] = addresses;
      if (error ?? refused) callback(error ?? new AddressRefused(hostname, refused!.address), '', 0);
      else if (options.all) callback(null, addresses);
      else callback(null, first!.address, first!.family);
    });
  };
}

function addressesOf(host: string): Promise<LookupAddress[]> {
  return new Promise((fulfil, reject) => {
    resolve(host, { all: true }, (error, addresses) => (error ? reject(error) : fulfil(addresses)));
  });
}

function isRefused(address: string, allowed: readonly string[], more: readonly string[]): boolean {
  const plain = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? unmapped(address);
  return listOf([...forbidden, ...more]).check(plain, family(plain)) && !listOf(allowed).check(plain, family(plain));
}

/** `::ffff:7f00:1` is 127.0.0.1. */
function unmapped(address: string): string {
  const match = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(address);
  if (!match) return address;
  const [high, low] = [parseInt(match[1]!, 16), parseInt(match[2]!, 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

const family = (address: string) => (isIPv6(address) ? 'ipv6' : 'ipv4');

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    list.addSubnet(address, prefix === undefined ? (isIPv6(address) ? 128 : 32) : Number(prefix), family(address));
  }
  return list;
}
