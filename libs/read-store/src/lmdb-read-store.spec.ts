import { randomBytes } from 'node:crypto';
import { temporaryFolder } from '@souk/event-sourcing/testing';
import { readStoreContract } from '@souk/read-store/testing';
import { LmdbReadStore } from '.';

readStoreContract('LmdbReadStore', async () => {
  const folder = temporaryFolder();
  const signingKey = randomBytes(32);
  let store = await LmdbReadStore.open({ directory: folder.path, signingKey });
  return {
    get store() {
      return store;
    },
    reopen: async () => {
      await store.close();
      store = await LmdbReadStore.open({ directory: folder.path, signingKey });
      return store;
    },
    destroy: async () => {
      await store.close();
      folder.remove();
    },
  };
});
