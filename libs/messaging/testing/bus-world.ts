import type { EventStore } from '@souk/event-sourcing';
import type { BusOptions, EventBus, ParkedMessageDoc } from '@souk/messaging';
import type { ReadModel } from '@souk/read-store';

/** One bus over durable state, as one process after the other would see it. */
export interface EventBusWorld {
  /** The store that services append to. */
  readonly store: EventStore;
  /** What is parked, as operators see it. */
  readonly parked: ReadModel<ParkedMessageDoc>;
  /** The bus of a process that has just begun; retries within milliseconds. */
  newBus(options?: Pick<BusOptions, 'limits' | 'concurrency' | 'maxAttempts'>): BusProcess;
  close(): Promise<void>;
}

export interface BusProcess {
  readonly bus: EventBus;
  /** The process is gone from one moment to the next: nothing that it had not written yet will be written. */
  kill(): Promise<void>;
}
