import { eventStoreContract, type EventStoreFixture, temporaryFolder } from '@souk/event-sourcing/testing';
import { type ProtocolServer, startProtocolServer } from '@souk/event-store/testing';
import { type EventStoreDb, openEventStoreDb } from '..';

function onProtocolServer(): EventStoreFixture {
  const folder = temporaryFolder();
  let server: ProtocolServer;
  let store: EventStoreDb;
  const open = async (): Promise<EventStoreDb> => (store = await openEventStoreDb({ connectionString: server.connectionString }));
  return {
    open: async () => {
      server = await startProtocolServer(folder.path);
      return open();
    },
    reopen: async () => {
      await store.close();
      return open();
    },
    cleanup: async () => {
      await store.close();
      await server.close();
      folder.remove();
    },
  };
}

eventStoreContract('EventStoreDb (protocol server)', onProtocolServer);
