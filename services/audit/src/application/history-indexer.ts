import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import {
  comparePositions,
  ordinalOf,
  type Position,
  PositionGone,
  type RecordedEvent,
  type Subscription,
} from '@souk/event-sourcing';
import { RawEventStore } from '@souk/platform';
import { type Change, type CollectionWriter, ReadModelBehind, ReadStore } from '@souk/read-store';
import { entryOf, type HistoryEntry, isPart, wholesOf } from '../domain/history-entry';
import { historyCollection } from './history-collection';

/** How far the history is. */
export interface HistoryStatus {
  readonly indexed: Position | undefined;
  readonly head: Position;
  /** Events that are recorded and not indexed yet. */
  readonly behind: number;
  readonly status: 'stopped' | 'running' | 'retrying';
}

const BATCH = 512;
/** Under load, events of so many milliseconds share a commit. */
const PAUSE_MS = 20;
const RETRY_MS = 1_000;
/** Streams whose first event is remembered. */
const REMEMBERED = 10_000;

/**
 * Keeps every event of every service as a document of the history: the one reader of private events. It reads the store as it lies, so
 * that what is sealed stays sealed. The checkpoint is committed with the documents; an event that comes again changes nothing.
 */
@Injectable()
export class HistoryIndexer implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('history');
  private readonly writer: CollectionWriter<HistoryEntry>;
  private readonly wholes = new Map<string, readonly string[]>();
  private readonly waiters = new Set<() => void>();
  private subscription: Subscription | undefined;
  private retry: NodeJS.Timeout | undefined;
  private indexed: Position | undefined;
  private status: HistoryStatus['status'] = 'stopped';

  constructor(
    private readonly store: RawEventStore,
    reads: ReadStore,
  ) {
    this.writer = reads.open<HistoryEntry>(historyCollection);
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.stop();
  }

  /** Goes on after what is indexed; begins anew where that is of another event store. */
  async start(): Promise<void> {
    this.indexed = await this.checkpoint();
    this.status = 'running';
    this.subscription = this.store.subscribe(
      { batchSize: BATCH, pauseMs: PAUSE_MS, ...(this.indexed && { after: this.indexed }) },
      {
        onEvents: (events) => this.index(events),
        onCheckpoint: (position) => this.reach(position),
        onEnd: (error) => this.restart(error),
      },
    );
  }

  async stop(): Promise<void> {
    this.status = 'stopped';
    clearTimeout(this.retry);
    await this.subscription?.close();
    this.subscription = undefined;
    this.wake();
  }

  /**
   * Fulfilled as soon as everything up to this position is indexed.
   * @throws ReadModelBehind after `timeoutMs`, or when the indexer was stopped meanwhile
   */
  async waitFor(position: Position, timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!this.isAt(position)) {
      const left = deadline - Date.now();
      if (left <= 0 || this.status === 'stopped') throw new ReadModelBehind(historyCollection.name, position, this.indexed);
      await this.progress(left);
    }
  }

  async stats(): Promise<HistoryStatus> {
    const head = await this.store.head();
    return { indexed: this.indexed, head, behind: distance(this.indexed, head), status: this.status };
  }

  private async index(events: readonly RecordedEvent[]): Promise<void> {
    const changes: Change[] = [];
    for (const event of events) {
      const wholes = isPart(event.stream) ? await this.wholesOfStream(event) : [];
      changes.push({ id: event.id, doc: entryOf(event, wholes), position: event.position });
    }
    const last = events.at(-1)!.position;
    await this.writer.commit(changes, last);
    this.reach(last);
  }

  private async wholesOfStream(event: RecordedEvent): Promise<readonly string[]> {
    const known = this.wholes.get(event.stream);
    if (known) return known;
    const wholes = event.revision === 0 ? wholesOf(event) : await this.wholesOfFirst(event.stream);
    if (this.wholes.size >= REMEMBERED) this.wholes.clear();
    this.wholes.set(event.stream, wholes);
    return wholes;
  }

  private async wholesOfFirst(stream: string): Promise<readonly string[]> {
    for await (const first of this.store.readStream(stream, { maxCount: 1 })) return wholesOf(first);
    return [];
  }

  private restart(error: unknown): void {
    this.status = 'retrying';
    this.logger.error({ err: error }, 'the history has stopped and is tried again');
    this.retry = setTimeout(() => {
      this.start().catch((again: unknown) => this.restart(again));
    }, RETRY_MS);
    this.retry.unref();
  }

  private async checkpoint(): Promise<Position | undefined> {
    const stored = await this.writer.checkpoint();
    if (stored === undefined || (await this.isOfThisStore(stored))) return stored;
    await this.writer.clear();
    return undefined;
  }

  private async isOfThisStore(position: Position): Promise<boolean> {
    try {
      return comparePositions(this.store.parsePosition(position), await this.store.head()) <= 0;
    } catch (error) {
      if (error instanceof PositionGone) return false;
      throw error;
    }
  }

  private isAt(position: Position): boolean {
    return this.indexed !== undefined && comparePositions(this.indexed, position) >= 0;
  }

  private reach(position: Position): void {
    if (!this.isAt(position)) this.indexed = position;
    this.wake();
  }

  private wake(): void {
    for (const waiter of this.waiters) waiter();
  }

  /** The next commit, or the time is over. */
  private progress(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.waiters.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.waiters.add(done);
    });
  }
}

/** Events between two positions of one store, where positions have no gaps; else an upper bound. */
function distance(from: Position | undefined, to: Position): number {
  return ordinalOf(to) - ordinalOf(from);
}
