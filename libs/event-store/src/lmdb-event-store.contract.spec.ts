import { eventStoreContract, type EventStoreFixture, temporaryFolder } from '@souk/event-sourcing/testing';
import { LmdbEventStore, type LmdbEventStoreOptions } from '.';

function fixture(options: Partial<LmdbEventStoreOptions>): EventStoreFixture {
  const folder = temporaryFolder();
  let store: LmdbEventStore;
  const open = async () => (store = await LmdbEventStore.open({ directory: folder.path, ...options }));
  return {
    open,
    reopen: async () => {
      await store.close();
      return open();
    },
    cleanup: async () => {
      await store.close();
      folder.remove();
    },
  };
}

eventStoreContract('LmdbEventStore', () => fixture({}));
eventStoreContract('LmdbEventStore that merges its index all the time and remembers next to nothing', () =>
  fixture({ mergeEvery: 10, cachedHeads: 2 }),
);
