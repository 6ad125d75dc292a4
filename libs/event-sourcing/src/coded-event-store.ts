import type { EventToAppend, Position, RecordedEvent } from './event';
import type { EventCodec } from './event-codec.port';
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

/** An event store seen through a codec: services read and write plain, current events; the store holds what the codec made of them. */
export class CodedEventStore extends EventStore {
  constructor(
    private readonly inner: EventStore,
    private readonly codec: EventCodec,
  ) {
    super();
  }

  override get countsEvents(): boolean {
    return this.inner.countsEvents;
  }

  override async append(stream: string, expected: ExpectedRevision, events: readonly EventToAppend[]): Promise<AppendResult> {
    const encoded: EventToAppend[] = [];
    for (const event of events) {
      const result = this.codec.encode(event);
      encoded.push(result instanceof Promise ? await result : result);
    }
    return this.inner.append(stream, expected, encoded);
  }

  override readStream(stream: string, options?: ReadStreamOptions): AsyncIterable<RecordedEvent> {
    return this.decoded(this.inner.readStream(stream, options));
  }

  override readAll(options?: ReadAllOptions): AsyncIterable<RecordedEvent> {
    return this.decoded(this.inner.readAll(options));
  }

  override subscribe(options: SubscribeOptions, handler: SubscriptionHandler): Subscription {
    return this.inner.subscribe(options, this.decodingHandler(handler));
  }

  override subscribeToStream(stream: string, from: number, handler: SubscriptionHandler): Subscription {
    return this.inner.subscribeToStream(stream, from, this.decodingHandler(handler));
  }

  override head(): Promise<Position> {
    return this.inner.head();
  }

  override parsePosition(text: string): Position {
    return this.inner.parsePosition(text);
  }

  private decodingHandler(handler: SubscriptionHandler): SubscriptionHandler {
    return {
      onEvents: async (events) => {
        const decoded: RecordedEvent[] = [];
        for (const event of events) {
          const result = this.codec.decode(event);
          decoded.push(result instanceof Promise ? await result : result);
        }
        await handler.onEvents(decoded);
      },
      ...(handler.onCheckpoint && { onCheckpoint: handler.onCheckpoint.bind(handler) }),
      ...(handler.onEnd && { onEnd: handler.onEnd.bind(handler) }),
    };
  }

  private decoded(events: AsyncIterable<RecordedEvent>): AsyncIterable<RecordedEvent> {
    return { [Symbol.asyncIterator]: () => new DecodedIterator(events[Symbol.asyncIterator](), this.codec) };
  }
}

/** Cheaper than an async generator by two turns of the microtask queue for each event. */
class DecodedIterator implements AsyncIterator<RecordedEvent> {
  private readonly decode: (
    read: IteratorResult<RecordedEvent>,
  ) => IteratorResult<RecordedEvent> | Promise<IteratorResult<RecordedEvent>>;

  constructor(
    private readonly inner: AsyncIterator<RecordedEvent>,
    codec: EventCodec,
  ) {
    this.decode = (read) => {
      if (read.done) return read;
      const decoded = codec.decode(read.value);
      if (decoded === read.value) return read;
      return decoded instanceof Promise ? decoded.then((value) => ({ value, done: false })) : { value: decoded, done: false };
    };
  }

  next(): Promise<IteratorResult<RecordedEvent>> {
    return this.inner.next().then(this.decode);
  }

  async return(): Promise<IteratorResult<RecordedEvent>> {
    await this.inner.return?.();
    return { value: undefined, done: true };
  }
}
