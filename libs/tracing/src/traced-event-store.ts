import {
  type AppendResult,
  categoryOf,
  type EventStore,
  type EventToAppend,
  type ExpectedRevision,
  ForwardingEventStore,
  type ReadStreamOptions,
  type RecordedEvent,
} from '@souk/event-sourcing';
import { failed, inSpan, isTracing, SpanKind, startSpan } from './spans';
import { activeTraceparent } from './traceparent';

/** The store, with a span for each append and each read of a stream where spans are recorded; the store itself where not. */
export function traced(store: EventStore): EventStore {
  return isTracing() ? new TracedEventStore(store) : store;
}

/** Events carry where they came from in their metadata, so that whatever follows from them belongs to the same trace. */
class TracedEventStore extends ForwardingEventStore {
  override append(stream: string, expected: ExpectedRevision, events: readonly EventToAppend[]): Promise<AppendResult> {
    const attributes = { ...attributesOf('append', stream), 'db.operation.batch.size': events.length };
    return inSpan(`append ${categoryOf(stream)}`, { kind: SpanKind.CLIENT, attributes }, () => {
      const traceparent = activeTraceparent();
      const placed = events.map((event) => ({ ...event, metadata: { ...event.metadata, ...(traceparent && { traceparent }) } }));
      return super.append(stream, expected, placed);
    });
  }

  override readStream(stream: string, options?: ReadStreamOptions): AsyncIterable<RecordedEvent> {
    return inReadSpan(stream, super.readStream(stream, options));
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
