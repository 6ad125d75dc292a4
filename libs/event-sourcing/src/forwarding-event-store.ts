import type { EventToAppend, Position, RecordedEvent } from './event';
import {
  type AppendResult,
  EventStore,
  type ExpectedRevision,
  type ReadAllOptions,
  type ReadStreamOptions,
  type SubscribeOptions,
  type Subscription,
  type SubscriptionHandler,
} from './event-store.port';

/** Another event store, unchanged: for those that change something about it. */
export abstract class ForwardingEventStore extends EventStore {
  constructor(protected readonly inner: EventStore) {
    super();
  }

  override get countsEvents(): boolean {
    return this.inner.countsEvents;
  }

  override append(stream: string, expected: ExpectedRevision, events: readonly EventToAppend[]): Promise<AppendResult> {
    return this.inner.append(stream, expected, events);
  }

  override readStream(stream: string, options?: ReadStreamOptions): AsyncIterable<RecordedEvent> {
    return this.inner.readStream(stream, options);
  }

  override readAll(options?: ReadAllOptions): AsyncIterable<RecordedEvent> {
    return this.inner.readAll(options);
  }

  override subscribe(options: SubscribeOptions, handler: SubscriptionHandler): Subscription {
    return this.inner.subscribe(options, handler);
  }

  override subscribeToStream(stream: string, from: number, handler: SubscriptionHandler): Subscription {
    return this.inner.subscribeToStream(stream, from, handler);
  }

  override head(): Promise<Position> {
    return this.inner.head();
  }

  override parsePosition(text: string): Position {
    return this.inner.parsePosition(text);
  }
}
