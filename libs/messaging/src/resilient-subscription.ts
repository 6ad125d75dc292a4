import { comparePositions, type EventStore, type Position, type RecordedEvent, type Subscription } from '@souk/event-sourcing';
import type { Timers } from './timers';

export interface ResilientSubscriptionOptions {
  readonly types: readonly string[];
  /** Where it begins; without it, at the first event ever. */
  readonly after?: Position | undefined;
  readonly timers: Timers;
  /** Before the next attempt, in milliseconds. @param failures in a row, from 1 */
  readonly pause: (failures: number) => number;
  /** Each of the events has to be {@link ResilientSubscription.moveTo moved to}: from there it goes on after a failure. */
  readonly onEvents: (events: readonly RecordedEvent[]) => Promise<void> | void;
  /** The position has moved without an event. */
  readonly onPassed?: () => void;
  readonly onTrouble: (error: unknown) => void;
}

/** A catch-up subscription to some types of events, that is begun again where it was whenever it ends by itself. */
export class ResilientSubscription {
  private subscription: Subscription | undefined;
  private cancelResubscribe: (() => void) | undefined;
  private failures = 0;
  private at: Position | undefined;
  private closed = false;

  constructor(
    private readonly store: EventStore,
    private readonly options: ResilientSubscriptionOptions,
  ) {
    this.at = options.after;
  }

  /** Everything up to here was shown. */
  get position(): Position | undefined {
    return this.at;
  }

  /** It has ended by itself, and was not shown anything since. */
  get broken(): boolean {
    return this.failures > 0;
  }

  hasSeen(position: Position): boolean {
    return this.at !== undefined && comparePositions(this.at, position) >= 0;
  }

  moveTo(position: Position): void {
    this.at = position;
  }

  start(): void {
    const { types, timers, pause, onEvents, onPassed, onTrouble } = this.options;
    this.subscription = this.store.subscribe(
      { filter: { types }, ...(this.at && { after: this.at }) },
      {
        onEvents: (events) => {
          this.failures = 0;
          return onEvents(events);
        },
        onCheckpoint: (position) => {
          this.failures = 0;
          if (this.closed || this.hasSeen(position)) return;
          this.at = position;
          onPassed?.();
        },
        onEnd: (error) => {
          if (this.closed) return;
          this.failures++;
          onTrouble(error);
          this.cancelResubscribe = timers.after(pause(this.failures), () => this.start());
        },
      },
    );
  }

  /** Fulfilled when no handler runs any more. */
  async close(): Promise<void> {
    this.closed = true;
    this.cancelResubscribe?.();
    await this.subscription?.close();
  }
}
