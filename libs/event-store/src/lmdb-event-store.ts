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
} from '@souk/event-sourcing';
import { type LmdbEnvironment, openEnvironment, StorageClosed } from '@souk/lmdb';
import { ByteStore } from './byte-store';
import { EventLog } from './event-log';
import { filterOf, LogFeed, readRevisions, StreamFeed } from './feeds';
import { GroupCommit } from './group-commit';
import { PagedSequence } from './paged-sequence';
import { StreamIndex } from './stream-index';
import { type Feed, RunningSubscription } from './subscription';

export interface LmdbEventStoreOptions {
  /** Folder of its own; made where there is none. */
  readonly directory: string;
  /** Streams whose last revision is kept in memory. Default 50,000 (some 10 MB). */
  readonly cachedHeads?: number;
  /** Events after which the index of streams is brought to disk; opening after a crash reads as many again. Default 32,768. */
  readonly mergeEvery?: number;
}

export interface EventStoreStats {
  readonly events: number;
  readonly streams: number;
  /** Size of the data file. */
  readonly bytes: number;
}

/** Events that a sequence reads at once, first of all and later on: who wants a few is not to pay for many. */
const FIRST_PAGE = 32;
const PAGE = 256;
const BATCH_SIZE = 256;

/**
 * The embedded event store: one process, one folder, acknowledged means flushed to disk.
 *
 * Beyond the laws of {@link EventStore}: positions have no gaps, and `recordedAt` never goes back. An append with `any` or `stream-exists`
 * whose events are there already answers the original result, as EventStoreDB does, where it is among the last 4,096 of that kind since the
 * start, or the last one of its stream; to be sure for ever, use an exact expectation. A position beyond the end (the store was restored
 * from an older copy) is refused with PositionGone, too. Events are read-only: who reads a new one gets the same object as everybody else.
 */
export class LmdbEventStore extends EventStore {
  /** For a server of another protocol. */
  readonly bytes: ByteStore;
  private readonly commits: GroupCommit;
  private readonly subscriptions = new Set<RunningSubscription>();
  private readonly stopMerging: () => void;
  private merging: Promise<void> | undefined;
  private closing: Promise<void> | undefined;

  private constructor(
    private readonly environment: LmdbEnvironment,
    private readonly log: EventLog,
    private readonly index: StreamIndex,
    mergeEvery: number,
  ) {
    super();
    this.commits = new GroupCommit(log, index);
    this.bytes = new ByteStore(log, index, this.commits, () => this.assertOpen());
    this.stopMerging = log.onAppended(() => {
      if (log.last - index.mergedUpTo >= mergeEvery) this.merging ??= this.merge().then(() => (this.merging = undefined));
    });
  }

  /** @throws StoreLocked while another process has the folder open; StorageFull */
  static async open({ directory, cachedHeads = 50_000, mergeEvery = 32_768 }: LmdbEventStoreOptions): Promise<LmdbEventStore> {
    const environment = await openEnvironment(directory);
    try {
      const log = await EventLog.open(environment);
      const index = await StreamIndex.open(environment, log, { cachedHeads });
      return new LmdbEventStore(environment, log, index, mergeEvery);
    } catch (error) {
      await environment.close();
      throw error;
    }
  }

  /** @throws WrongExpectedRevision, EventTooLarge, StoreFull; TypeError for a stream name over 512 bytes */
  override append(stream: string, expected: ExpectedRevision, events: readonly EventToAppend[]): Promise<AppendResult> {
    if (this.closing) return Promise.reject(new StorageClosed(this.environment.folder));
    return this.commits.append(stream, expected, events);
  }

  override readStream(
    stream: string,
    { direction = 'forwards', from, maxCount = Infinity }: ReadStreamOptions = {},
  ): AsyncIterable<RecordedEvent> {
    return new PagedSequence(() => {
      const head = this.index.head(stream);
      const forwards = direction === 'forwards';
      let next = forwards ? Math.max(from ?? 0, 0) : Math.min(from ?? head, head);
      let left = maxCount;
      let page = FIRST_PAGE;
      const more = () => Math.min(left, forwards ? head - next + 1 : next + 1);
      const nextPage = () => {
        const count = Math.min(page, more());
        const to = forwards ? next + count - 1 : next - count + 1;
        const events = readRevisions(this.log, this.index, stream, next, to, direction);
        next += forwards ? events.length : -events.length;
        left -= events.length;
        page = Math.min(PAGE, 2 * page);
        return events;
      };
      return { isAtEnd: () => more() <= 0, next: nextPage };
    });
  }

  override readAll({
    direction = 'forwards',
    after,
    maxCount = Infinity,
    filter,
  }: ReadAllOptions = {}): AsyncIterable<RecordedEvent> {
    return new PagedSequence(() => {
      const passes = filter && filterOf(filter);
      const end = direction === 'forwards' ? this.log.last : 1;
      let at = after === undefined ? (direction === 'forwards' ? 0 : this.log.last + 1) : this.ordinalOf(after);
      let left = maxCount;
      const isAtEnd = () => left <= 0 || (direction === 'forwards' ? at >= end : at <= end);
      const next = () => {
        const { found, upTo } = this.log.scan({ direction, after: at, limit: Math.min(PAGE, left), passes }, this.log.decode);
        at = upTo;
        left -= found.length;
        return found;
      };
      return { isAtEnd, next };
    });
  }

  override subscribe(options: SubscribeOptions, handler: SubscriptionHandler): Subscription {
    const { after, filter, batchSize = BATCH_SIZE, pauseMs } = options;
    const open = () => new LogFeed(this.log, after === undefined ? 0 : this.ordinalOf(after), batchSize, filter);
    return this.start(handler, open, pauseMs);
  }

  override subscribeToStream(stream: string, from: number, handler: SubscriptionHandler): Subscription {
    return this.start(handler, () => new StreamFeed(this.log, this.index, stream, Math.max(from, 0), BATCH_SIZE));
  }

  override head(): Promise<Position> {
    return Promise.resolve(positionOf(this.log.generation, this.log.last));
  }

  override parsePosition(text: string): Position {
    this.ordinalOf(text);
    return text as Position;
  }

  stats(): EventStoreStats {
    return { events: this.log.last, streams: this.index.streams, bytes: this.environment.stats().bytes };
  }

  /** Whether an append would find no room on the disk. */
  isFull(): boolean {
    return this.environment.isFull();
  }

  /** Ends the subscriptions, waits for the appends under way, and gives the folder free. */
  close(): Promise<void> {
    this.closing ??= (async () => {
      this.stopMerging();
      await Promise.all([...this.subscriptions].map((subscription) => subscription.close()));
      await this.commits.idle();
      await this.merging;
      await this.merge();
      await this.environment.close();
    })();
    return this.closing;
  }

  private start(handler: SubscriptionHandler, open: () => Feed, pauseMs = 0): Subscription {
    this.assertOpen();
    const subscription = new RunningSubscription(open, handler, (ended) => this.subscriptions.delete(ended), pauseMs);
    this.subscriptions.add(subscription);
    return subscription;
  }

  private assertOpen(): void {
    if (this.closing) throw new StorageClosed(this.environment.folder);
  }

  /** A merge that fails (for want of room) costs nothing but time at the next start: it is tried again after the next append. */
  private async merge(): Promise<void> {
    try {
      if (this.log.last > this.index.mergedUpTo) await this.index.merge(this.log.last);
    } catch {
      // The appends that fail for the same reason tell their callers.
    }
  }

  private ordinalOf(position: string): number {
    const parsed = parsePosition(position);
    if (parsed?.generation !== this.log.generation || parsed.ordinal > BigInt(this.log.last)) throw new PositionGone(position);
    return Number(parsed.ordinal);
  }
}
