import type { LmdbEventStore } from '../lmdb-event-store';
import type { AccessOptions } from './access';

/** As the real server has it by default. */
export const MAX_APPEND_BYTES = 1024 * 1024;
/** More than that the real server can't be told: a record of its log has 16 MiB, less some for what stands around. */
export const LARGEST_MAX_APPEND_BYTES = 16 * 1024 * 1024 - 10_000;

export interface EventStoreDbServerOptions extends AccessOptions {
  readonly store: LmdbEventStore;
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string;
  /** Default 2113; 0 is any free one. */
  readonly port?: number;
  /** Without it, everything can be read on the way, and official clients send no credentials. PEM. */
  readonly tls?: { readonly certificate: Buffer; readonly key: Buffer } | undefined;
  /** What all events of one append may have together: the real server's MaxAppendSize. Default 1 MiB, at most 16 MiB less 10,000. */
  readonly maxAppendBytes?: number;
  /** Told of errors that nobody expected; clients do not see what they say. */
  readonly onError?: (error: unknown) => void;
}

export interface RunningEventStoreDbServer {
  /** For the official clients: `esdb://…` */
  readonly connectionString: string;
  readonly port: number;
  /** Ends all calls. The store stays open. */
  close(): Promise<void>;
}

/** The system does not let this process listen there: another one does, or the address is not of this machine. */
export class AddressUnavailable extends Error {
  readonly code = 'address-unavailable';
  constructor(address: string, options: ErrorOptions) {
    super(`nobody can listen on ${address} now: ${reasonOf(options.cause)}`, options);
    this.name = new.target.name;
  }
}

function reasonOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return message.includes('EADDRINUSE') ? 'the port is in use' : message;
}
