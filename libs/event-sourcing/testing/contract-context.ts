import type { EventStore } from '@souk/event-sourcing';

/** What the parts of the contract see of the fixture of the running test. */
export interface ContractContext {
  readonly store: () => EventStore;
  readonly reopen: () => Promise<EventStore>;
}
