import type { LmdbEventStore } from '../lmdb-event-store';
import type { AccessOptions } from './access';

export interface EventStoreDbServerOptions extends AccessOptions {
  readonly store: LmdbEventStore;
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string;
  /** Default 2113; 0 is any free one. */
  readonly port?: number;
  /** Without it, everything can be read on the way, and official clients send no credentials. PEM. */
  readonly tls?: { readonly certificate: Buffer; readonly key: Buffer } | undefined;
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
