import {
  type AppendResult,
  EventStore,
  type EventToAppend,
  type ExpectedRevision,
  ordinalOf,
  type Position,
  positionOf,
  parsePosition,
  type ReadAllOptions,
  type ReadStreamOptions,
  type RecordedEvent,
  type SubscribeOptions,
  type Subscription,
  type SubscriptionHandler,
} from '@souk/event-sourcing';

/** Bytes that an event is taken to have. */
const SIZE = 700;

/** An event store whose positions are bytes of a log, as those of EventStoreDB are. */
export class SparseEventStore extends EventStore {
  override get countsEvents(): boolean {
    return false;
  }

  constructor(private readonly inner: EventStore) {
    super();
  }

  override async append(stream: string, expected: ExpectedRevision, events: readonly EventToAppend[]): Promise<AppendResult> {
    const result = await this.inner.append(stream, expected, events);
    return { ...result, position: spread(result.position) };
  }

  override async *readStream(stream: string, options?: ReadStreamOptions): AsyncGenerator<RecordedEvent> {
    for await (const event of this.inner.readStream(stream, options)) yield placed(event);
  }

  override async *readAll({ after, ...options }: ReadAllOptions = {}): AsyncGenerator<RecordedEvent> {
    for await (const event of this.inner.readAll({ ...options, ...gathered(after) })) yield placed(event);
  }

  override subscribe({ after, ...options }: SubscribeOptions, handler: SubscriptionHandler): Subscription {
    return this.inner.subscribe(
      { ...options, ...gathered(after) },
      {
        onEvents: (events) => handler.onEvents(events.map(placed)),
        onCheckpoint: (position) => handler.onCheckpoint?.(spread(position)),
        onEnd: (error) => handler.onEnd?.(error),
      },
    );
  }

  override subscribeToStream(stream: string, from: number, handler: SubscriptionHandler): Subscription {
    return this.inner.subscribeToStream(stream, from, { ...handler, onEvents: (events) => handler.onEvents(events.map(placed)) });
  }

  override async head(): Promise<Position> {
    return spread(await this.inner.head());
  }

  override parsePosition(text: string): Position {
    return spread(this.inner.parsePosition(scaled(text, 1 / SIZE)));
  }
}

const scaled = (position: string, by: number): Position =>
  positionOf(parsePosition(position)!.generation, ordinalOf(position as Position) * by);
const spread = (position: Position): Position => scaled(position, SIZE);
const gathered = (after: Position | undefined) => (after === undefined ? {} : { after: scaled(after, 1 / SIZE) });
const placed = (event: RecordedEvent): RecordedEvent => ({ ...event, position: spread(event.position) });
