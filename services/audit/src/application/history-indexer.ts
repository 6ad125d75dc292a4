import { Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { LeaseKeeper, Leases } from '@souk/coordination';
import {
  type Activity,
  alwaysActive,
  comparePositions,
  ordinalOf,
  type Position,
  PositionGone,
  type RecordedEvent,
  type Subscription,
} from '@souk/event-sourcing';
import type { RawEventStore } from '@souk/platform';
import { type Change, type CollectionWriter, NotActive, ReadModelBehind, type ReadStore } from '@souk/read-store';
import { entryOf, type HistoryEntry, isPart, wholesOf } from '../domain/history-entry';
import { historyCollection } from './history-collection';

/** How far the history is. */
export interface HistoryStatus {
  readonly indexed: Position | undefined;
  readonly head: Position;
  /** Events that are recorded and not indexed yet. */
  readonly behind: number;
  /** `following`: another replica indexes. */
  readonly status: 'stopped' | 'running' | 'following' | 'retrying';
}

/** The lease of the replica that indexes. */
const HISTORY = 'history-audit';

const BATCH = 512;
/** Under load, events of so many milliseconds share a commit. */
const PAUSE_MS = 20;
const RETRY_MS = 1_000;
/** How often one who follows looks how far the other one is, while somebody waits for it. */
const LOOK_EVERY_MS = 25;
/** Streams whose first event is remembered. */
const REMEMBERED = 10_000;

/**
 * Keeps every event of every service as a document of the history: the one reader of private events. It reads the store as it lies, so
 * that what is sealed stays sealed. The checkpoint is committed with the documents; an event that comes again changes nothing. Of replicas
 * that share the read store one indexes, by its lease; the others read what it has committed.
 */
export class HistoryIndexer implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('history');
  private readonly writer: CollectionWriter<HistoryEntry>;
  private readonly wholes = new Map<string, readonly string[]>();
  private readonly waiters = new Set<() => void>();
  private subscription: Subscription | undefined;
  private retry: NodeJS.Timeout | undefined;
  private indexed: Position | undefined;
  private status: HistoryStatus['status'] = 'stopped';
  private readonly activity: Activity;
  private unlisten: () => void = () => undefined;
  /** Taking and leaving roles, one after the other. */
  private turns: Promise<void> = Promise.resolve();
  private looking: Promise<void> | undefined;

  /** @param lease of the one who indexes; without it this one is alone */
  constructor(
    private readonly store: RawEventStore,
    reads: ReadStore,
    private readonly lease?: Pick<LeaseKeeper, 'activity' | 'start'>,
  ) {
    this.writer = reads.open<HistoryEntry>(historyCollection);
    this.activity = lease?.activity ?? alwaysActive;
  }

  /** Where replicas share what is written, one of them indexes; with a store of its own, each one. */
  static among(store: RawEventStore, reads: ReadStore, leases: Pick<Leases, 'keeper'>): HistoryIndexer {
    return new HistoryIndexer(store, reads, reads.shared ? leases.keeper(HISTORY) : undefined);
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.lease?.start();
    await this.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.stop();
  }

  /** Goes on after what is indexed, or follows who does; begins anew where that is of another event store. */
  async start(): Promise<void> {
    if (this.status !== 'stopped') return;
    this.status = 'following';
    this.unlisten = this.activity.changes(
      () => void this.inTurn(() => this.takeRole()).catch((error: unknown) => this.restart(error)),
    );
    await this.inTurn(() => this.takeRole());
  }

  async stop(): Promise<void> {
    this.status = 'stopped';
    this.unlisten();
    clearTimeout(this.retry);
    await this.inTurn(() => this.endSubscription());
    this.wake();
  }

  private async takeRole(): Promise<void> {
    if (this.isStopped()) return;
    await this.endSubscription();
    if (!this.activity.held()) {
      this.status = 'following';
      return;
    }
    const after = await this.checkpoint();
    this.indexed = after;
    if (this.isStopped()) return;
    this.status = 'running';
    this.subscription = this.store.subscribe(
      { batchSize: BATCH, pauseMs: PAUSE_MS, ...(after && { after }) },
      {
        onEvents: (events) => this.index(events),
        onCheckpoint: (position) => this.reach(position),
        onEnd: (error) => this.restart(error),
      },
    );
  }

  private async endSubscription(): Promise<void> {
    const { subscription } = this;
    this.subscription = undefined;
    await subscription?.close();
  }

  private inTurn(change: () => Promise<void>): Promise<void> {
    const turn = this.turns.then(change);
    this.turns = turn.catch(() => undefined);
    return turn;
  }

  /** Apart, since it may change whenever something is waited for. */
  private isStopped(): boolean {
    return this.status === 'stopped';
  }

  /**
   * Fulfilled as soon as everything up to this position is indexed.
   * @throws ReadModelBehind after `timeoutMs`, or when the indexer was stopped meanwhile
   */
  async waitFor(position: Position, timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!this.isAt(position)) {
      const left = deadline - Date.now();
      if (left <= 0 || this.isStopped()) throw new ReadModelBehind(historyCollection.name, position, this.indexed);
      if (this.status === 'following') await this.look(position);
      if (!this.isAt(position)) await this.progress(this.status === 'following' ? Math.min(left, LOOK_EVERY_MS) : left);
    }
  }

  /** How far the one who indexes is, asked once for all who wait. */
  private look(position: Position): Promise<void> {
    this.looking ??= this.lookAtShared(position).finally(() => {
      this.looking = undefined;
    });
    return this.looking;
  }

  private async lookAtShared(position: Position): Promise<void> {
    const shared = await this.writer.checkpoint();
    if (shared === undefined || !(await this.isOfThisStore(shared))) return;
    this.reach(shared);
    if (this.isAt(position)) return;
    // The end of the store may lie after its last event.
    for await (const next of this.store.readAll({ after: shared, maxCount: 1 }))
      if (comparePositions(next.position, position) <= 0) return;
    this.reach(position);
  }

  async stats(): Promise<HistoryStatus> {
    if (this.status === 'following') await this.look(await this.store.head());
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
    if (!this.activity.held()) throw new NotActive();
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
    if (this.isStopped()) return;
    if (!(error instanceof NotActive)) {
      this.status = 'retrying';
      this.logger.error({ err: error }, 'the history has stopped and is tried again');
    }
    clearTimeout(this.retry);
    this.retry = setTimeout(() => {
      this.inTurn(() => this.takeRole()).catch((again: unknown) => this.restart(again));
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
