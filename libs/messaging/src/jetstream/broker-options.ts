import type { ConnectionOptions } from 'nats';

/** Where the broker is, and what is kept there. */
export interface BrokerOptions {
  /** `nats://host:4222`, also several by commas or as an array; with `user:password@` or `token@`; `tls://` for TLS. */
  readonly servers: string | readonly string[];
  /** The text of a credentials file (JWT and seed), instead of a password. */
  readonly credentials?: string;
  /** PEM. With `ca`, the broker's certificate must follow from it; with `cert` and `key` this process shows its own. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** Name of the installation, lower-kebab-case: of its stream and subjects. Default: `souk`. */
  readonly installation?: string;
  /** How long the stream keeps messages, in milliseconds. Default: seven days. */
  readonly maxAgeMs?: number;
  /** How large the stream may become; the oldest messages make way. Default: 1 GiB. */
  readonly maxBytes?: number;
  /** Copies of the stream in a cluster of brokers. Default: 1. */
  readonly replicas?: number;
  /** Messages on their way to the broker that it has not acknowledged. Default: 256. */
  readonly window?: number;
}

/** In milliseconds: how long a connection may take, and the pause between two signs of life; after two without an answer it is given up. */
const CONNECT = 3_000;
const PING = 2_000;

/** What the driver is told. Passwords in URLs are no part of what it may log. @throws Error for what is no URL */
export function connectionOptionsOf({ servers, tls }: BrokerOptions): ConnectionOptions {
  const urls = (typeof servers === 'string' ? servers.split(',') : servers).map((server) => parse(server.trim()));
  const { username, password } = urls.find((url) => url.username !== '') ?? { username: '', password: '' };
  const isSecure = tls !== undefined || urls.some(({ protocol }) => protocol === 'tls:');
  return {
    servers: urls.map(({ hostname, port }) => `${hostname}:${port || '4222'}`),
    ...(username !== '' && password === '' && { token: decodeURIComponent(username) }),
    ...(password !== '' && { user: decodeURIComponent(username), pass: decodeURIComponent(password) }),
    ...(isSecure && { tls: { ...tls } }),
    // A connection that breaks is over: whoever used it begins anew, from what is in the stream.
    reconnect: false,
    timeout: CONNECT,
    pingInterval: PING,
    maxPingOut: 2,
  };
}

function parse(server: string): URL {
  try {
    return new URL(server.includes('://') ? server : `nats://${server}`);
  } catch {
    // The text may hold a password.
    throw new Error('the address of a broker is no URL: use nats://host:4222');
  }
}
