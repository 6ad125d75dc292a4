import { type EventStore } from '@souk/event-sourcing';
import type { ContractContext } from './contract-context';
import { appendContract } from './event-store-append.contract';
import { readContract } from './event-store-read.contract';
import { subscriptionContract } from './event-store-subscription.contract';

/** One store on data of its own. */
export interface EventStoreFixture {
  /** The store, empty. Called once. */
  open(): Promise<EventStore>;
  /** Closes the store and opens it again on the same data. */
  reopen(): Promise<EventStore>;
  /** Closes the store and removes its data. */
  cleanup(): Promise<void>;
}

/**
 * The laws in the doc comment of `EventStore` as a jest suite, the same for every adapter:
 * `eventStoreContract('LmdbEventStore', () => new LmdbFixture())`.
 */
export function eventStoreContract(name: string, newFixture: () => EventStoreFixture): void {
  describe(`${name}, as an EventStore`, () => {
    let fixture: EventStoreFixture;
    let store: EventStore;
    beforeEach(async () => {
      fixture = newFixture();
      store = await fixture.open();
    });
    afterEach(() => fixture.cleanup());

    const context: ContractContext = {
      store: () => store,
      reopen: async () => {
        store = await fixture.reopen();
        return store;
      },
    };
    appendContract(context);
    readContract(context);
    subscriptionContract(context);
  });
}
