import { randomBytes } from 'node:crypto';
import { snapshotStoreContract } from '@souk/event-sourcing/testing';
import { mongoServers, temporaryDatabase } from '@souk/mongo/testing';
import { readStoreContract } from '@souk/read-store/testing';
import { openMongoReadStore } from './mongo-read-store';

const signingKey = randomBytes(32);

// Hundreds of generated cases, each of them some dozens of questions over a socket.
jest.setTimeout(120_000);

describe.each(mongoServers().map((server) => ({ name: server.name, server })))('on $name', ({ server }) => {
  const emptyStore = async () => {
    const database = await temporaryDatabase(await server.url());
    const open = async () => openMongoReadStore({ connection: await database.connect(), signingKey });
    let store = await open();
    return {
      get store() {
        return store;
      },
      reopen: async () => {
        await store.close();
        return (store = await open());
      },
      destroy: async () => {
        await store.close();
        await database.remove();
      },
    };
  };
  beforeAll(() => server.url(), 120_000);
  afterAll(() => server.stop());

  readStoreContract('MongoReadStore', emptyStore);

  snapshotStoreContract('MongoSnapshotStore', async () => {
    const { store, reopen, destroy } = await emptyStore();
    return { store: store.snapshots, reopen: async () => (await reopen()).snapshots, destroy };
  });
});
