import { comparePositions, type EventStore, type Position, type RecordedEvent, type Subscription } from '@souk/event-sourcing';
import { earliest } from './earliest';
import type { ProjectedModel } from './projected-model';

export interface LaneOptions {
  /** Events in a batch of the subscription. */
  readonly batchSize: number;
  /** Uncommitted documents of all its models, in number and (about) in bytes, before it commits while more is coming. */
  readonly maxDirty: { readonly documents: number; readonly bytes: number };
}

export interface LaneListener {
  /** Once: everything up to the end of the store, as it was at the start, can be read. */
  onLive(): void;
  /** Once: store or read store failed, or the subscription ended. Nothing is done any more but `close`. */
  onFailure(error: unknown): void;
}

/** Under load, events of so many milliseconds share a commit. */
const PAUSE_MS = 5;
/** A commit waits for more events where there are more, but not longer than this for the next ones. */
const MAX_DELAY_MS = 100;

/** Read models that stand near each other, fed by one subscription: each event is read and decoded once for all of them. */
export class ProjectionLane {
  private subscription: Subscription | undefined;
  private committing: Promise<void> = Promise.resolve();
  private delayed: NodeJS.Timeout | undefined;
  private closing = false;
  private ended = false;
  private reachedEnd = false;

  /** @param end where the store ends now: when that is reached, the lane is live */
  constructor(
    readonly models: readonly ProjectedModel[],
    private readonly eventStore: EventStore,
    private readonly end: Position,
    private readonly options: LaneOptions,
    private readonly listener: LaneListener,
  ) {}

  get isLive(): boolean {
    return this.reachedEnd && !this.ended && !this.closing;
  }

  /** Starts where the last of its models stands; the others let pass what they have seen. */
  start(): void {
    const working = this.models.filter(({ status }) => status !== 'failed');
    const after = earliest(working.map((model) => model.readFrom));
    const streamPrefixes = [...new Set(this.models.flatMap(({ projection }) => projection.streamPrefixes))];
    this.subscription = this.eventStore.subscribe(
      { ...(after !== undefined && { after }), filter: { streamPrefixes }, batchSize: this.options.batchSize, pauseMs: PAUSE_MS },
      {
        onEvents: (events) => this.take(events),
        onCheckpoint: (position) => this.passTo(position),
        onEnd: (error) => this.fail(error),
      },
    );
    this.lookAround();
  }

  /** Fulfilled when nothing runs any more and everything that was folded is committed, unless that fails. */
  async close(): Promise<void> {
    this.closing = true;
    await this.subscription?.close();
    void this.commit();
    await this.committing;
    this.ended = true;
  }

  /** The same without another commit: whoever folds from now on is another one. */
  async abandon(): Promise<void> {
    this.closing = true;
    this.ended = true;
    clearTimeout(this.delayed);
    await this.subscription?.close();
    await this.committing;
  }

  private async take(events: readonly RecordedEvent[]): Promise<void> {
    if (this.ended) return;
    for (const model of this.models) {
      const folding = model.fold(events);
      if (folding) await folding;
    }
    const moreToCome = this.reachedEnd
      ? events.length === this.options.batchSize
      : comparePositions(events.at(-1)!.position, this.end) < 0;
    if (!moreToCome || this.isFull()) await this.commit();
    else this.commitLater();
  }

  private async passTo(position: Position): Promise<void> {
    if (this.ended) return;
    for (const model of this.models) model.passTo(position);
    const moreToCome = !this.reachedEnd && comparePositions(position, this.end) < 0;
    if (!moreToCome || this.models.every(({ dirtyCount }) => dirtyCount === 0)) await this.commit();
  }

  /** While it catches up, as long as nothing comes any more; once it is live, in time for its readers. */
  private commitLater(): void {
    if (!this.reachedEnd) clearTimeout(this.delayed);
    else if (this.delayed) return;
    this.delayed = setTimeout(() => void this.commit(), MAX_DELAY_MS);
  }

  /** Starts a commit after the one under way, and waits for that one only: meanwhile, the next events are folded. */
  private commit(): Promise<void> {
    clearTimeout(this.delayed);
    this.delayed = undefined;
    const before = this.committing;
    this.committing = before
      .then(() => this.commitAll())
      .then(
        () => this.lookAround(),
        (error: unknown) => this.fail(error),
      );
    return before;
  }

  /** Whatever fails, nothing is under way any more when this is over. */
  private async commitAll(): Promise<void> {
    if (this.ended) return;
    const commits = this.models.map((model) => model.commit()).filter((commit) => commit !== undefined);
    const results = await Promise.allSettled(commits);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  private isFull(): boolean {
    const { documents, bytes } = this.options.maxDirty;
    let dirtyDocuments = 0;
    let dirtyBytes = 0;
    for (const model of this.models) {
      dirtyDocuments += model.dirtyCount;
      dirtyBytes += model.dirtyBytes;
    }
    return dirtyDocuments >= documents || dirtyBytes >= bytes;
  }

  private lookAround(): void {
    if (this.ended || this.closing || this.reachedEnd) return;
    if (!this.models.every((model) => model.status === 'failed' || model.isAt(this.end))) return;
    this.reachedEnd = true;
    this.listener.onLive();
  }

  private fail(error: unknown): void {
    if (this.ended) return;
    this.ended = true;
    clearTimeout(this.delayed);
    // Whoever closes a lane starts its models anew from what was committed.
    if (!this.closing) this.listener.onFailure(error);
  }
}
