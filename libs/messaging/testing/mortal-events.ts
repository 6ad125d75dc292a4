import {
  type AppendResult,
  EventStore,
  type EventToAppend,
  type ExpectedRevision,
  type Position,
  type ReadAllOptions,
  type ReadStreamOptions,
  type RecordedEvent,
  type SubscribeOptions,
  type Subscription,
  type SubscriptionHandler,
} from '@souk/event-sourcing';

/** The event store as one process sees it: when that is dead, nothing of it is appended any more. */
export class MortalEvents extends EventStore {
  private dead = false;
  private readonly appending = new Set<Promise<unknown>>();

  constructor(private readonly store: EventStore) {
    super();
  }

  /** What was on its way to the disk arrives there, and nobody hears of it. */
  async die(): Promise<void> {
    this.dead = true;
    await Promise.allSettled(this.appending);
  }

  override async append(stream: string, expected: ExpectedRevision, events: readonly EventToAppend[]): Promise<AppendResult> {
    this.refuseWhenDead();
    const appended = this.store.append(stream, expected, events);
    this.appending.add(appended);
    try {
      const result = await appended;
      this.refuseWhenDead();
      return result;
    } finally {
      this.appending.delete(appended);
    }
  }

  override readStream(stream: string, options?: ReadStreamOptions): AsyncIterable<RecordedEvent> {
    return this.store.readStream(stream, options);
  }

  override readAll(options?: ReadAllOptions): AsyncIterable<RecordedEvent> {
    return this.store.readAll(options);
  }

  override subscribe(options: SubscribeOptions, handler: SubscriptionHandler): Subscription {
    return this.store.subscribe(options, handler);
  }

  override subscribeToStream(stream: string, from: number, handler: SubscriptionHandler): Subscription {
    return this.store.subscribeToStream(stream, from, handler);
  }

  override head(): Promise<Position> {
    return this.store.head();
  }

  override parsePosition(text: string): Position {
    return this.store.parsePosition(text);
  }

  private refuseWhenDead(): void {
    if (this.dead) throw new Error('this process is dead');
  }
}
