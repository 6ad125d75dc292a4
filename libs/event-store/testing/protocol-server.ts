import { temporaryFolder } from '@souk/event-sourcing/testing';
import {
  type EventStoreDbServerOptions,
  LmdbEventStore,
  type RunningEventStoreDbServer,
  serveEventStoreDb,
} from '@souk/event-store';

/** A server of the EventStoreDB protocol over an embedded store of its own, for tests of what speaks to it. */
export interface ProtocolServer {
  /** For the official client; everyone may write. Stays the same over a restart. */
  readonly connectionString: string;
  readonly port: number;
  readonly directory: string;
  readonly store: LmdbEventStore;
  /** Ends all connections and the store, and starts both again on the same port. */
  restart(): Promise<void>;
  /** Removes the folder, too, where it was made here. */
  close(): Promise<void>;
}

export type ProtocolServerOptions = Pick<EventStoreDbServerOptions, 'maxAppendBytes'>;

/** @param directory where the events lie; without it a temporary folder is made */
export async function startProtocolServer(directory?: string, options: ProtocolServerOptions = {}): Promise<ProtocolServer> {
  const folder = directory === undefined ? temporaryFolder() : undefined;
  const path = directory ?? folder!.path;
  let store: LmdbEventStore;
  let server: RunningEventStoreDbServer;
  const start = async (port: number): Promise<void> => {
    store = await LmdbEventStore.open({ directory: path });
    server = await serveEventStoreDb({ ...options, store, port, insecure: true });
  };
  const stop = async (): Promise<void> => {
    await server.close();
    await store.close();
  };
  await start(0);
  return {
    get connectionString() {
      return server.connectionString;
    },
    get port() {
      return server.port;
    },
    directory: path,
    get store() {
      return store;
    },
    restart: async () => {
      const { port } = server;
      await stop();
      await start(port);
    },
    close: async () => {
      await stop();
      folder?.remove();
    },
  };
}
