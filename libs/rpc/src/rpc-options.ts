import { ChannelCredentials, ServerCredentials } from '@grpc/grpc-js';

/** Both sides show a certificate (mutual TLS). PEM. */
export interface RpcTls {
  /** Who signs the certificates of all services. */
  readonly ca: string | Buffer;
  /** The certificate of this process, valid for the name or address that others reach it under. */
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
}

/** Whether others than this machine may read along: what is said, and the token, with which anybody may ask. */
export function isInClear(host: string, tls: RpcTls | undefined): boolean {
  return tls === undefined && !/^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/.test(host);
}

const pem = (text: string | Buffer): Buffer => Buffer.from(text);

export function serverCredentials(tls: RpcTls | undefined): ServerCredentials {
  if (!tls) return ServerCredentials.createInsecure();
  return ServerCredentials.createSsl(pem(tls.ca), [{ cert_chain: pem(tls.cert), private_key: pem(tls.key) }], true);
}

export function channelCredentials(tls: RpcTls | undefined): ChannelCredentials {
  return tls ? ChannelCredentials.createSsl(pem(tls.ca), pem(tls.key), pem(tls.cert)) : ChannelCredentials.createInsecure();
}

/** Bytes of a message: a snapshot is several topologies of at most 4 MB. */
export const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;

/** A connection that has gone silent is found to be dead within both of these, in milliseconds. */
export const KEEPALIVE_MS = 10_000;
export const KEEPALIVE_TIMEOUT_MS = 5_000;
