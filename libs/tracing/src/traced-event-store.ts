import {
  type AppendResult,
  categoryOf,
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
import { failed, inSpan, isTracing, SpanKind, startSpan } from './spans';
import { activeTraceparent } from './traceparent';

/** The store, with a span for each append and each read of a stream where spans are recorded; the store itself where not. */
export function traced(store: EventStore): EventStore {
  return isTracing() ? new TracedEventStore(store) : store;
}

/** Events carry where they came from in their metadata, so that whatever follows from them belongs to the same trace. */
class TracedEventStore extends EventStore {
  constructor(private readonly inner: EventStore) {
    super();
  }

  override get countsEvents(): boolean {
    return this.inner.countsEvents;
  }

  override append(stream: string, expected: ExpectedRevision, events: readonly EventToAppend[]): Promise<AppendResult> {
    const attributes = { ...attributesOf('append', stream), 'db.operation.batch.size': events.length };
    return inSpan(`append ${categoryOf(stream)}`, { kind: SpanKind.CLIENT, attributes }, () => {
      const traceparent = activeTraceparent();
      const placed = events.map((event) => ({ ...event, metadata: { ...event.metadata, ...(traceparent && { traceparent }) } }));
      return this.inner.append(stream, expected, placed);
    });
  }

  override readStream(stream: string, options?: ReadStreamOptions): AsyncIterable<RecordedEvent> {
    return inReadSpan(stream, this.inner.readStream(stream, options));
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

async function* inReadSpan(stream: string, events: AsyncIterable<RecordedEvent>): AsyncGenerator<RecordedEvent> {
  // What follows from nothing (a start, a sweep) is no trace of its own.
  const isPart = activeTraceparent() !== undefined;
  const span = isPart
    ? startSpan(`read ${categoryOf(stream)}`, { kind: SpanKind.CLIENT, attributes: attributesOf('read', stream) })
    : undefined;
  let count = 0;
  try {
    for await (const event of events) {
      count++;
      yield event;
    }
  } catch (error) {
    if (span) failed(span, error);
    throw error;
  } finally {
    span?.setAttribute('db.response.returned_rows', count).end();
  }
}

function attributesOf(operation: string, stream: string) {
  return { 'db.system.name': 'eventstore', 'db.operation.name': operation, 'db.collection.name': stream };
}
