import { randomBytes } from 'node:crypto';
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
  WrongExpectedRevision,
} from '@souk/event-sourcing';

/** Where the streams of a sandbox begin, and in which part of the log they are. */
export interface Sandbox {
  readonly prefix: string;
  readonly after: Position;
}

export async function newSandbox(store: EventStore): Promise<Sandbox> {
  return { prefix: `${randomBytes(6).toString('hex')}:`, after: await store.head() };
}

/** A part of a store that others use as well, which looks like an empty store of its own: its streams have a prefix that nobody sees. */
export class SandboxedStore extends EventStore {
  constructor(
    private readonly inner: EventStore,
    private readonly sandbox: Sandbox,
  ) {
    super();
  }

  override async append(stream: string, expected: ExpectedRevision, events: readonly EventToAppend[]): Promise<AppendResult> {
    try {
      return await this.inner.append(this.sandbox.prefix + stream, expected, events);
    } catch (error) {
      throw error instanceof WrongExpectedRevision ? new WrongExpectedRevision(stream, expected, error.actual) : error;
    }
  }

  override async *readStream(stream: string, options?: ReadStreamOptions): AsyncGenerator<RecordedEvent> {
    for await (const event of this.inner.readStream(this.sandbox.prefix + stream, options)) yield this.shown(event);
  }

  override async *readAll({ maxCount = Infinity, ...options }: ReadAllOptions = {}): AsyncGenerator<RecordedEvent> {
    const forwards = options.direction !== 'backwards';
    let left = maxCount;
    if (left <= 0) return;
    for await (const event of this.inner.readAll(this.within(options, forwards))) {
      if (!forwards && event.position <= this.sandbox.after) return;
      if (!this.isMine(event)) continue;
      yield this.shown(event);
      if (--left <= 0) return;
    }
  }

  override subscribe(options: SubscribeOptions, handler: SubscriptionHandler): Subscription {
    return this.inner.subscribe(this.within(options, true), {
      onEvents: async (events) => {
        const mine = events.filter((event) => this.isMine(event)).map((event) => this.shown(event));
        if (mine.length > 0) await handler.onEvents(mine);
      },
      onCheckpoint: (position) => handler.onCheckpoint?.(position),
      onEnd: (error) => handler.onEnd?.(error),
    });
  }

  override subscribeToStream(stream: string, from: number, handler: SubscriptionHandler): Subscription {
    return this.inner.subscribeToStream(this.sandbox.prefix + stream, from, {
      onEvents: (events) => handler.onEvents(events.map((event) => this.shown(event))),
      onEnd: (error) => handler.onEnd?.(error),
    });
  }

  override head(): Promise<Position> {
    return this.inner.head();
  }

  override parsePosition(text: string): Position {
    return this.inner.parsePosition(text);
  }

  private within<T extends ReadAllOptions | SubscribeOptions>(options: T, forwards: boolean): T {
    const { prefix, after } = this.sandbox;
    const { filter } = options;
    return {
      ...options,
      ...(filter && 'streamPrefixes' in filter && { filter: { streamPrefixes: filter.streamPrefixes.map((p) => prefix + p) } }),
      ...(forwards && options.after === undefined && { after }),
    };
  }

  private isMine({ stream }: RecordedEvent): boolean {
    return stream.startsWith(this.sandbox.prefix);
  }

  private shown(event: RecordedEvent): RecordedEvent {
    return { ...event, stream: event.stream.slice(this.sandbox.prefix.length) };
  }
}
