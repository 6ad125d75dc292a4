import { eventStoreContract, type EventStoreFixture, temporaryFolder } from '@souk/event-sourcing/testing';
import { type ProtocolServer, startProtocolServer } from '@souk/event-store/testing';
import { realServer } from '../../test/real-server';
import { newSandbox, type Sandbox, SandboxedStore } from '../../test/sandbox';
import { type EventStoreDb, openEventStoreDb } from '..';

describe('on protocol server', () => {
  eventStoreContract('EventStoreDb', (): EventStoreFixture => {
    const folder = temporaryFolder();
    let server: ProtocolServer;
    let store: EventStoreDb;
    const open = async (): Promise<EventStoreDb> =>
      (store = await openEventStoreDb({ connectionString: server.connectionString }));
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
  });
});

const real = realServer();
if (typeof real === 'string') {
  console.info(`not run against a real EventStoreDB: ${real}`);
  describe.skip(`EventStoreDb, as an EventStore on EventStoreDB: skipped, ${real}`, () => it.todo('keeps the laws'));
} else {
  describe(`on ${real.name}`, () => {
    let server: Awaited<ReturnType<typeof real.start>>;
    beforeAll(async () => (server = await real.start()), 180_000);
    afterAll(() => server.stop());

    // Others may be there, and so are the events of earlier tests: each has a sandbox.
    eventStoreContract('EventStoreDb', (): EventStoreFixture => {
      let store: EventStoreDb;
      let sandbox: Sandbox | undefined;
      const open = async (): Promise<SandboxedStore> => {
        store = await openEventStoreDb({ connectionString: server.connectionString });
        sandbox ??= await newSandbox(store);
        return new SandboxedStore(store, sandbox);
      };
      return {
        open,
        reopen: async () => {
          await store.close();
          return open();
        },
        cleanup: () => store.close(),
      };
    });
  });
}
