import type { LmdbEventStore } from '../lmdb-event-store';
import type { AccessOptions } from './access';
import type * as Server from './server';

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

/**
 * Serves an open embedded store by the gRPC protocol of EventStoreDB. Read-only, unless `credentials` are given, or it is told to be
 * `insecure`. @throws the error of the system where the address can't be had
 */
export async function serveEventStoreDb(options: EventStoreDbServerOptions): Promise<RunningEventStoreDbServer> {
  // gRPC and the definitions are loaded by those alone who serve. `import()` of a file would want its extension, which Jest does not map.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { startServer } = require('./server') as typeof Server;
  return startServer(options);
}
