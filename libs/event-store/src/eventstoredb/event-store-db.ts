import {
  type AppendResult,
  EventStore,
  type EventToAppend,
  type ExpectedRevision,
  parsePosition,
  type Position,
  PositionGone,
  positionOf,
  type ReadAllOptions,
  type ReadStreamOptions,
  type RecordedEvent,
  type SubscribeOptions,
  type Subscription,
  type SubscriptionHandler,
  WrongExpectedRevision,
} from '@souk/event-sourcing';
import { setTimeout as delay } from 'node:timers/promises';
import { type Feed, RunningSubscription } from '../subscription';
import { AllFeed } from './all-feed';
import { Appender } from './appender';
import { Connection } from './connection';
import { loadDriver } from './driver';
import { EventStoreUnavailable } from './errors';
import { generationOf } from './generation';
import { allPages, streamPages } from './pages';
import { ordinalOf, type StoredEvent, toRecorded } from './recorded-events';
import { Retention } from './retention';
import { StreamFeed } from './stream-feed';
import { Tail } from './tail';

export interface EventStoreDbOptions {
  /** As EventStoreDB's own tools take it: `esdb://user:password@host:2113,host2:2113?tlsCAFile=ca.crt`. */
  readonly connectionString: string;
  /** Events that streams keep, by the prefix of their name: `{ 'lease-': 10 }`. Default: all of them. */
  readonly retention?: Readonly<Record<string, number>>;
  /** How long the first connection is tried: milliseconds. Default 30,000. */
  readonly openTimeoutMs?: number;
  /** How long an append is tried in all, and one attempt of it: milliseconds. Default 10,000 and 4,000. */
  readonly appendTimeoutMs?: number;
  readonly attemptTimeoutMs?: number;
  /** One page of a read: milliseconds. Default 5,000. */
  readonly readTimeoutMs?: number;
  /** Appends under way at once, and those that may wait. Default 64 (servers take about 100 calls on one connection) and 10,000. */
  readonly inFlight?: number;
  readonly waiting?: number;
  /** How often it is looked whether others have made the log longer, while there are subscriptions: milliseconds. Default 500. */
  readonly lookEveryMs?: number;
  /** A subscription that misses something for so long is made anew: milliseconds. Default 5,000. */
  readonly stallMs?: number;
  /** A subscription broke off or went silent, and is made anew. For logs. Must not throw. */
  readonly onTrouble?: (error: unknown) => void;
}

export interface MovedEvent {
  readonly event: RecordedEvent;
  /** In the store that it comes from; `undefined` for one that was written here. */
  readonly sourcePosition: Position | undefined;
}

const BATCH_SIZE = 256;
const OPEN_PAUSE = 250;

/**
 * Connects, and looks which generation of the store this is. Loads the driver, which nothing else does.
 * @throws InvalidConnectionString; EventStoreUnavailable when nobody answers in time; EventStoreAccessDenied
 */
export async function openEventStoreDb(options: EventStoreDbOptions): Promise<EventStoreDb> {
  const { connectionString, openTimeoutMs = 30_000, readTimeoutMs = 5_000, attemptTimeoutMs = 4_000 } = options;
  const connection = new Connection(await loadDriver(), connectionString, readTimeoutMs);
  const until = performance.now() + openTimeoutMs;
  for (;;) {
    try {
      return new EventStoreDb(connection, await generationOf(connection, attemptTimeoutMs), options);
    } catch (error) {
      if (!(error instanceof EventStoreUnavailable) || performance.now() + OPEN_PAUSE >= until) {
        await connection.close();
        throw error;
      }
      await delay(OPEN_PAUSE);
    }
  }
}

/**
 * The event store of the distributed shape: EventStoreDB 22.6 or newer, one server or a cluster. Beyond the laws of {@link EventStore}: positions have
 * gaps, since the system's events and those of other applications have theirs; none of those is ever seen here.
 */
export class EventStoreDb extends EventStore {
  private readonly appender: Appender;
  private readonly tail: Tail;
  private readonly subscriptions = new Set<RunningSubscription>();
  private closing: Promise<void> | undefined;

  /** Use {@link openEventStoreDb}. */
  constructor(
    private readonly connection: Connection,
    private readonly generation: string,
    private readonly options: EventStoreDbOptions,
  ) {
    super();
    this.tail = new Tail(connection, options.lookEveryMs ?? 500);
    this.appender = new Appender(connection, {
      generation,
      attemptTimeoutMs: options.attemptTimeoutMs ?? 4_000,
      timeoutMs: options.appendTimeoutMs ?? 10_000,
      inFlight: options.inFlight ?? 64,
      waiting: options.waiting ?? 10_000,
      retention: new Retention(connection, options.retention ?? {}),
      onAppended: (ordinal) => this.tail.grown(ordinal),
    });
  }

  override get countsEvents(): boolean {
    return false;
  }

  /**
   * @throws WrongExpectedRevision, EventTooLarge, AppendTooLarge, StreamDeleted; EventStoreUnavailable (it may have been written: append it again
   * with the same ids) and EventStoreOverloaded, both `retryable`; TypeError for a name of the system's
   */
  override async append(stream: string, expected: ExpectedRevision, events: readonly EventToAppend[]): Promise<AppendResult> {
    this.refuseWhenClosed();
    return events.length > 0 ? this.appender.append(stream, expected, events) : this.standing(stream, expected);
  }

  /** Appends events of another store as they stand there, at the same revisions. Readers see the times at which they were recorded first. */
  async appendMoved(stream: string, events: readonly RecordedEvent[]): Promise<AppendResult> {
    this.refuseWhenClosed();
    const before = events[0]!.revision - 1;
    return this.appender.append(stream, before < 0 ? 'no-stream' : before, events, events);
  }

  /** As {@link readAll}; of events that have moved, also where they were before. */
  async *readAllMoved(options: ReadAllOptions = {}): AsyncGenerator<MovedEvent> {
    for await (const page of allPages(this.connection, undefined, options))
      for (const stored of page)
        yield { event: toRecorded(stored, this.generation), sourcePosition: stored.sourcePosition as Position | undefined };
  }

  override async *readStream(stream: string, options: ReadStreamOptions = {}): AsyncGenerator<RecordedEvent> {
    for await (const page of streamPages(this.connection, stream, options))
      for (const stored of page) yield toRecorded(stored, this.generation);
  }

  override async *readAll(options: ReadAllOptions = {}): AsyncGenerator<RecordedEvent> {
    const after = options.after === undefined ? undefined : this.ordinalOf(options.after);
    for await (const page of allPages(this.connection, after, options))
      for (const stored of page) yield toRecorded(stored, this.generation);
  }

  override subscribe(options: SubscribeOptions, handler: SubscriptionHandler): Subscription {
    const { after, filter, batchSize, pauseMs } = options;
    const open = (): Feed => {
      const place = after === undefined ? 0 : this.ordinalOf(after);
      return new AllFeed(this.connection, this.tail, place, filter, this.feedOptions(batchSize));
    };
    return this.start(handler, open, pauseMs);
  }

  override subscribeToStream(stream: string, from: number, handler: SubscriptionHandler): Subscription {
    return this.start(handler, () => new StreamFeed(this.connection, stream, Math.max(from, 0), this.feedOptions()));
  }

  override async head(): Promise<Position> {
    const [last] = await this.connection.readAll('end', { direction: 'backwards', maxCount: 1 });
    return positionOf(this.generation, last ? ordinalOf(last) : 0);
  }

  override parsePosition(text: string): Position {
    this.ordinalOf(text);
    return text as Position;
  }

  /** Ends the subscriptions and waits for the appends under way, then leaves the server. */
  close(): Promise<void> {
    this.closing ??= (async () => {
      await Promise.all([...this.subscriptions].map((subscription) => subscription.close()));
      await this.appender.idle();
      this.tail.close();
      await this.connection.close();
    })();
    return this.closing;
  }

  private async standing(stream: string, expected: ExpectedRevision): Promise<AppendResult> {
    let last: StoredEvent | undefined;
    for await (const page of streamPages(this.connection, stream, { direction: 'backwards', maxCount: 1 })) [last] = page;
    const revision = last?.revision ?? -1;
    const fits =
      expected === 'any' ||
      (expected === 'no-stream' ? revision < 0 : expected === 'stream-exists' ? revision >= 0 : revision === expected);
    if (!fits) throw new WrongExpectedRevision(stream, expected, revision);
    return { revision, position: last ? positionOf(this.generation, last.ordinal) : await this.head(), repeated: false };
  }

  private start(handler: SubscriptionHandler, open: () => Feed, pauseMs = 0): Subscription {
    this.refuseWhenClosed();
    const subscription = new RunningSubscription(open, handler, (ended) => this.subscriptions.delete(ended), pauseMs);
    this.subscriptions.add(subscription);
    return subscription;
  }

  private feedOptions(limit = BATCH_SIZE): ConstructorParameters<typeof StreamFeed>[3] {
    const { stallMs = 5_000, onTrouble = () => undefined } = this.options;
    return { generation: this.generation, limit, stallMs, onTrouble };
  }

  private refuseWhenClosed(): void {
    if (this.closing) throw new EventStoreUnavailable('it was closed');
  }

  private ordinalOf(position: string): number {
    const parsed = parsePosition(position);
    if (parsed?.generation !== this.generation) throw new PositionGone(position);
    return Number(parsed.ordinal);
  }
}
