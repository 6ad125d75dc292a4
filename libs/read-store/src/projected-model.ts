import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type Activity,
  alwaysActive,
  comparePositions,
  type Document,
  type DomainEvent,
  type EventStore,
  keysOf,
  parsePosition,
  type Position,
  PositionGone,
  positionOf,
  project,
  type Projection,
  type RecordedEvent,
} from '@souk/event-sourcing';
import { failpoint } from '@souk/failpoints';
import { earliest } from './earliest';
import { UnindexableDocument } from './index-entries';
import { NotActive } from './not-active';
import { PositionWaiters } from './position-waiters';
import {
  type ModelChange,
  type ModelHealth,
  type ModelStats,
  type ModelStatus,
  type ProjectionFailure,
  type ReadModel,
  ReadModelBehind,
} from './read-model';
import type { Change, GenerationWriter, Page, Query } from './read-store.port';

interface Folded {
  readonly doc: Document | undefined;
  readonly position: Position;
  /** Whether the store has, or may have, something under this id. */
  readonly isStored: boolean;
}

/** An event, and the documents that it touches. */
interface TouchingEvent {
  readonly event: RecordedEvent;
  readonly keys: readonly string[];
}

interface FailedEvent {
  readonly error: unknown;
  readonly event?: RecordedEvent;
}

/** With every so many events a document is measured, to know about how much memory the uncommitted ones take. */
const MEASURED = 64;

/** Events that are folded between two turns of the event loop, and documents that are then committed, where no lane does it. */
const EVENTS_AT_ONCE = 256;
const MAX_DIRTY = 10_000;

/** Documents that are written in one go: some milliseconds of work. */
const CHANGES_AT_ONCE = 500;

/**
 * One projection at work: folds batches of events into documents in memory, and commits them together.
 * `folded` is ahead of `visible` (committed, and what readers are told) while something is not committed.
 */
export class ProjectedModel implements ReadModel<Document> {
  readonly listening: Promise<void>;
  private listens: () => void = () => undefined;
  private readonly writer: GenerationWriter<Document>;
  private readonly waiters = new PositionWaiters();
  private readonly listeners = new Set<(change: ModelChange) => void>();
  private dirty = new Map<string, Folded>();
  /** Documents that others have to be told of, though nothing is written: somebody else has folded these events. */
  private foldedByAnother = new Set<string>();
  /** Up to here documents are there already, by another process; since when, listeners still have to be told. */
  private retellingTo: Position | undefined;
  private committing = new Map<string, Folded>();
  private folded: Position | undefined;
  private visible: Position | undefined;
  private persisted: Position | undefined;
  /** The store was seen to have a checkpoint, whoever has written it. */
  private wasStored = false;
  /** An event of ours that was seen in the store, and may be not visible yet. */
  private ahead: Position | undefined;
  private newestRecordedAt: string | undefined;
  private averageBytes: number | undefined;
  /** Events that it was given to fold, whether or not they touch it. */
  private given = 0;
  private counts = { events: 0, commits: 0, lagMs: 0 };
  private error: unknown;
  private state: ModelStatus = 'idle';
  /** Where others fold it, it has failed. */
  private hasFailedElsewhere = false;
  private hurry: () => void = () => undefined;

  constructor(
    readonly projection: Projection<Document, DomainEvent>,
    writer: GenerationWriter<never>,
    private readonly eventStore: EventStore,
    private readonly onError: (failure: ProjectionFailure) => void,
    /** Asked before each write. */
    private readonly activity: Activity = alwaysActive,
  ) {
    this.writer = writer;
    this.listening = new Promise((resolve) => (this.listens = resolve));
  }

  get status(): ModelStatus {
    return this.state;
  }

  /** Nothing more comes until somebody mends it: its projection has thrown, here or where it is folded. */
  get isStanding(): boolean {
    return this.state === 'failed' || (this.state === 'following' && this.hasFailedElsewhere);
  }

  get isAwaited(): boolean {
    return this.waiters.count > 0;
  }

  get health(): ModelHealth {
    return { projection: this.projection.name, status: this.state, ...(this.error !== undefined && { error: this.error }) };
  }

  get stats(): ModelStats {
    const { name, version } = this.projection;
    return { projection: name, version, status: this.state, position: this.visible, ...this.counts };
  }

  /** About how many bytes of documents wait for a commit. */
  get dirtyBytes(): number {
    return this.dirty.size * (this.averageBytes ?? 0);
  }

  get dirtyCount(): number {
    return this.dirty.size;
  }

  /** Everything up to here is folded, committed or not. */
  get reached(): Position | undefined {
    return this.folded;
  }

  /** Events that it has read since it was made, whether or not they touch it. */
  get read(): number {
    return this.given;
  }

  /** Where a subscription has to begin, so that nothing is missed: by the fold, or by listeners. */
  get readFrom(): Position | undefined {
    return this.retellingTo === undefined ? this.folded : earliest([this.folded, this.visible]);
  }

  get(id: string): Promise<Document | undefined> {
    return this.writer.get(id);
  }

  query(query: Query<Document>): Promise<Page<Document>> {
    return this.writer.query(query);
  }

  checkpoint(): Position | undefined {
    return this.visible;
  }

  async waitFor(position: Position, timeoutMs: number): Promise<void> {
    if (this.isAt(position)) return;
    if (!this.isStanding && (await this.arrivesAt(position, timeoutMs))) return;
    throw new ReadModelBehind(this.projection.name, position, this.visible);
  }

  changes(listener: (change: ModelChange) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Goes back to what is committed; empties the collection where that is of another event store than this one. */
  async prepare(head: Position): Promise<void> {
    const stored = await this.writer.checkpoint();
    const usable = stored !== undefined && this.isOfThisStore(stored, head);
    if (stored !== undefined && !usable) {
      this.assertActive();
      await this.writer.clear();
    }
    // Where nothing is stored any more, nothing is there for readers either, until it was folded anew.
    const isLost = stored === undefined && (this.wasStored || this.persisted !== undefined);
    const isAnother = stored === undefined ? !this.isShared || isLost : !usable;
    this.wasStored = stored !== undefined;
    this.persisted = usable ? stored : undefined;
    if (this.visible === undefined || isAnother) this.visible = this.persisted;
    // Of documents that others write as well, the store alone knows how far they are.
    this.folded = this.isShared ? this.persisted : this.visible;
    this.retellingTo = this.isShared && this.persisted !== undefined && !this.isAt(this.persisted) ? this.persisted : undefined;
    this.forget();
    this.listens();
  }

  /** Another process folds from now on: this one writes nothing, and goes on from where its listeners know of. */
  async follow(head: Position): Promise<void> {
    const stored = await this.writer.checkpoint();
    this.wasStored ||= stored !== undefined;
    if (stored !== undefined && this.visible === undefined && this.isOfThisStore(stored, head)) this.visible = stored;
    this.folded = this.persisted = this.retellingTo = undefined;
    this.forget();
    // Whoever folds now may have code that gets past what this one has failed at.
    this.state = 'following';
    this.hasFailedElsewhere = false;
    this.error = undefined;
    this.listens();
  }

  /** Calls that as soon as somebody waits for what another process folds. */
  onAwaited(hurry: () => void): void {
    this.hurry = hurry;
  }

  /** Whether it has failed where it is folded. Nobody waits for it then. */
  standsElsewhere(hasFailed: boolean): void {
    this.hasFailedElsewhere = hasFailed;
    if (this.isStanding) this.waiters.giveUp();
  }

  /** How far the documents are, whoever has written them. `undefined` where they are not of this event store. */
  async sharedCheckpoint(): Promise<Position | undefined> {
    const stored = await this.writer.checkpoint();
    this.wasStored ||= stored !== undefined;
    return stored !== undefined && this.isOfThisStore(stored) ? stored : undefined;
  }

  /** Another process has folded so many events that touched these documents. */
  passedByAnother(position: Position, keys: readonly string[], events: number, newestRecordedAt: string | undefined): void {
    this.counts.events += events;
    if (newestRecordedAt !== undefined) this.counts.lagMs = Math.max(0, Date.now() - Date.parse(newestRecordedAt));
    this.arrive(position);
    if (keys.length > 0) this.notify({ keys, position });
  }

  /** Documents have become others without an event: these, or any. */
  async rebuiltByAnother(keys: readonly string[], isAll: boolean): Promise<void> {
    const position = this.visible ?? (await this.sharedCheckpoint());
    if (position === undefined) return;
    this.notify({ keys, position });
    if (isAll) return;
    let some: string[] = [];
    for await (const { id } of this.writer.documents()) {
      if (some.push(id) < CHANGES_AT_ONCE) continue;
      this.notify({ keys: some, position });
      some = [];
      await nextTurn();
    }
    this.notify({ keys: some, position });
  }

  private forget(): void {
    this.ahead = undefined;
    this.dirty = new Map();
    this.committing = new Map();
    this.foldedByAnother = new Set();
  }

  /**
   * Its documents are those of another generation from now on, which is here. What it had folded on the ones before counts no more, nor
   * that it had failed on them; readers who know those ids are told.
   */
  async adopt(position: Position | undefined, different: readonly string[]): Promise<void> {
    if (this.state === 'failed') this.state = 'catching-up';
    this.error = undefined;
    this.dirty = new Map();
    this.committing = new Map();
    this.folded = this.persisted = position;
    if (position === undefined) return;
    this.arrive(position);
    for (let n = 0; n < different.length; n += CHANGES_AT_ONCE) {
      this.notify({ keys: different.slice(n, n + CHANGES_AT_ONCE), position });
      await nextTurn();
    }
  }

  become(status: Exclude<ModelStatus, 'failed'>, error?: unknown): void {
    if (this.state === 'failed') return;
    this.state = status;
    this.error = error;
    if (status === 'idle') this.waiters.giveUp();
  }

  /**
   * Folds those events that it has not folded before. Where the projection throws, it stops for good, before that event.
   * A promise where there is something to wait for.
   * @throws what the read store throws
   */
  fold(events: readonly RecordedEvent[]): Promise<void> | void {
    if (this.state === 'failed') return;
    this.given += events.length;
    const { touching, failure } = this.touching(events);
    if (touching.length > 0) return this.foldTouching(events, touching, failure);
    this.endFold(events, failure);
  }

  private async foldTouching(
    events: readonly RecordedEvent[],
    touching: readonly TouchingEvent[],
    failure: FailedEvent | undefined,
  ): Promise<void> {
    const loaded = await this.load(touching.flatMap(({ keys }) => keys));
    for (const { event, keys } of touching) {
      try {
        this.apply(event, keys, loaded);
      } catch (error) {
        this.fail({ error, event });
        return;
      }
      this.folded = event.position;
    }
    this.endFold(events, failure);
  }

  private endFold(events: readonly RecordedEvent[], failure: FailedEvent | undefined): void {
    if (failure) this.fail(failure);
    else this.passTo(events.at(-1)!.position);
  }

  /**
   * Folds and commits what the store has for it up to that position, where it is not there yet; tells of it where another has done so.
   * @throws what the projection throws, what the stores throw
   */
  async foldUpTo(end: Position | undefined, onBatch: () => void = () => undefined): Promise<void> {
    const after = this.readFrom;
    if (end === undefined || (after !== undefined && comparePositions(after, end) >= 0)) return;
    const filter = { streamPrefixes: this.projection.streamPrefixes };
    let batch: RecordedEvent[] = [];
    for await (const event of this.eventStore.readAll({ ...(after && { after }), filter })) {
      if (comparePositions(event.position, end) > 0) break;
      batch.push(event);
      if (batch.length < EVENTS_AT_ONCE) continue;
      await this.fold(batch);
      batch = [];
      if (this.dirtyCount >= MAX_DIRTY) await this.commit();
      onBatch();
      await nextTurn();
    }
    if (batch.length > 0) await this.fold(batch);
    if (this.state === 'failed') throw this.error;
    this.passTo(end);
    await this.commit();
  }

  /** Nothing up to here is left to fold. */
  passTo(position: Position): void {
    if (this.state === 'failed') return;
    if (this.retellingTo !== undefined && comparePositions(position, this.retellingTo) >= 0) this.retellingTo = undefined;
    if (this.folded === undefined || comparePositions(position, this.folded) > 0) this.folded = position;
  }

  /**
   * Makes visible what was folded; one commit at a time, while which the next events may be folded. A promise where there is something to write.
   * @throws what the read store throws: then `prepare` has to come next
   */
  commit(): Promise<void> | void {
    const position = this.folded;
    if (position === undefined || this.retellingTo !== undefined) return;
    if (this.dirty.size > 0 || this.foldedByAnother.size > 0) return this.commitTouched(position);
    this.arrive(position);
  }

  private async commitTouched(position: Position): Promise<void> {
    const folded = this.dirty;
    this.dirty = new Map();
    const changes = [...folded].flatMap(([id, one]) =>
      this.isWorthWriting(one) ? [{ id, doc: one.doc, position: one.position }] : [],
    );
    const touched = this.foldedByAnother;
    if (touched.size > 0) this.foldedByAnother = new Set();
    if (changes.length === 0) {
      this.arrive(position);
      if (touched.size === 0) return;
      this.notify({ keys: [...touched], position });
      // Whoever follows knows the keys, and not that nothing came of them: the checkpoint alone says so.
      if (this.isShared) await this.persist();
      return;
    }
    const recordedAt = this.newestRecordedAt;
    this.committing = folded;
    try {
      await this.write(changes, position);
    } catch (error) {
      if (!(error instanceof UnindexableDocument)) throw error;
      this.dirty = new Map();
      this.folded = this.visible;
      this.fail({ error });
      return;
    } finally {
      this.committing = new Map();
    }
    this.persisted = position;
    this.counts.commits++;
    if (recordedAt !== undefined) this.counts.lagMs = Math.max(0, Date.now() - Date.parse(recordedAt));
    this.arrive(position);
    for (const { id } of changes) touched.delete(id);
    this.notify({ keys: [...changes.map(({ id }) => id), ...touched], position });
  }

  /** In several steps where there is much, so as not to hold up the event loop: only the last one moves the checkpoint. */
  private async write(changes: readonly Change[], checkpoint: Position): Promise<void> {
    await this.assertAlone();
    const before = this.persisted ?? beforeAll(checkpoint);
    for (let n = 0; n < changes.length; n += CHANGES_AT_ONCE) {
      const isLast = n + CHANGES_AT_ONCE >= changes.length;
      this.assertActive();
      await this.writer.commit(changes.slice(n, n + CHANGES_AT_ONCE), isLast ? checkpoint : before);
    }
  }

  /**
   * Puts the checkpoint on disk where it has moved without a change. Losing it costs reading some events again.
   * @throws NotActive, GenerationGone where what was there is not there any more: then `prepare` has to come next
   */
  async persist(): Promise<void> {
    if (this.visible === undefined) return;
    const position = this.visible;
    // Also where nothing has happened: a store that has lost everything is filled again.
    await this.assertAlone();
    if (position === this.persisted) return;
    this.assertActive();
    failpoint('read-model.before-checkpoint');
    await this.writer.commit([], position);
    if (this.persisted === undefined || comparePositions(position, this.persisted) > 0) this.persisted = position;
  }

  isAt(position: Position): boolean {
    return this.visible !== undefined && comparePositions(this.visible, position) >= 0;
  }

  private touching(events: readonly RecordedEvent[]): {
    readonly touching: readonly TouchingEvent[];
    readonly failure?: FailedEvent;
  } {
    const touching: TouchingEvent[] = [];
    for (const event of events) {
      const isFolded = this.folded !== undefined && comparePositions(event.position, this.folded) <= 0;
      if (isFolded && (this.retellingTo === undefined || this.isAt(event.position))) continue;
      try {
        const keys = this.isRead(event) ? keysOf(this.projection, event) : [];
        if (isFolded) for (const key of keys) this.foldedByAnother.add(key);
        else if (keys.length > 0) touching.push({ event, keys: keys.length === 1 ? keys : [...new Set(keys)] });
      } catch (error) {
        return { touching, failure: { error, event } };
      }
    }
    return { touching };
  }

  /** The subscription may be shared with projections of other streams. */
  private isRead({ stream }: RecordedEvent): boolean {
    return this.projection.streamPrefixes.some((prefix) => stream.startsWith(prefix));
  }

  /**
   * Documents as they stand in the store, and as those in memory will: the commit that takes these there may be over before the others are read, and
   * they are gone from memory then.
   */
  private async load(keys: readonly string[]): Promise<ReadonlyMap<string, Folded>> {
    const loaded = new Map<string, Folded>();
    const unknown: string[] = [];
    for (const key of new Set(keys)) {
      const inMemory = this.dirty.get(key) ?? this.committing.get(key);
      if (inMemory) loaded.set(key, this.onceCommitted(inMemory));
      else unknown.push(key);
    }
    const found = await Promise.all(unknown.map((key) => this.writer.getForUpdate(key)));
    for (const [n, key] of unknown.entries()) if (found[n]) loaded.set(key, { ...found[n], isStored: true });
    return loaded;
  }

  private apply(event: RecordedEvent, keys: readonly string[], loaded: ReadonlyMap<string, Folded>): void {
    const next: [string, Folded][] = [];
    for (const key of keys) {
      const current = this.dirty.get(key) ?? this.underWay(key) ?? loaded.get(key);
      if (current && comparePositions(event.position, current.position) <= 0) {
        this.foldedByAnother.add(key);
        continue;
      }
      const doc = project(this.projection, current?.doc, event, key);
      if (doc === undefined && current?.doc === undefined) {
        // It may be another's commit that has deleted it.
        if (this.isShared) this.foldedByAnother.add(key);
        continue;
      }
      next.push([key, { doc, position: event.position, isStored: current?.isStored ?? false }]);
    }
    for (const [key, folded] of next) this.dirty.set(key, folded);
    if (this.counts.events++ % MEASURED === 0) this.measure(next[0]?.[1].doc);
    this.newestRecordedAt = event.recordedAt;
  }

  /** What the commit under way makes of a document: as good as in the store. */
  private underWay(key: string): Folded | undefined {
    const committing = this.committing.get(key);
    return committing && this.onceCommitted(committing);
  }

  private onceCommitted(folded: Folded): Folded {
    return { ...folded, isStored: this.isWorthWriting(folded) };
  }

  /**
   * Not what came and went between two commits: the store never knew it. No tombstone is needed either: events are read from the checkpoint
   * on, and whoever reads the one that made the document comes to the one that deleted it. Unless somebody else may have written it
   * meanwhile, one who has lost the right to do so and does not know it yet.
   */
  private isWorthWriting({ doc, isStored }: Folded): boolean {
    return doc !== undefined || isStored || this.isShared || this.writer.shared === true;
  }

  private get isShared(): boolean {
    return this.activity !== alwaysActive;
  }

  /**
   * Whoever finds that somebody else has written, or that the store has lost what it had, begins anew with what there is now: a document that was deleted meanwhile, and whose
   * tombstone is gone, would be folded on from nothing. What was loaded before this is good: tombstones stay until the checkpoint passes them.
   * @throws NotActive
   */
  private async assertAlone(): Promise<void> {
    if ((this.isShared || this.writer.shared) && (await this.writer.checkpoint()) !== this.persisted) throw new NotActive();
  }

  /** @throws NotActive */
  private assertActive(): void {
    if (!this.activity.held()) throw new NotActive();
  }

  private arrive(position: Position): void {
    if (this.isAt(position)) return;
    this.visible = position;
    this.waiters.reached(position);
  }

  private notify(change: ModelChange): void {
    for (const listener of this.listeners) {
      try {
        listener(change);
      } catch (error) {
        this.onError({ projection: this.projection.name, error });
      }
    }
  }

  private fail({ error, event }: FailedEvent): void {
    this.state = 'failed';
    this.error = error;
    this.onError({
      projection: this.projection.name,
      error,
      ...(event && { event: { id: event.id, type: event.type, position: event.position } }),
    });
    this.waiters.giveUp();
  }

  private async arrivesAt(position: Position, timeoutMs: number): Promise<boolean> {
    const stopAsking = this.keepAsking(position);
    const waiting = this.waiters.wait(position, timeoutMs);
    this.hurry();
    const reached = await waiting;
    stopAsking();
    return reached;
  }

  /** An event that is none of ours moves us only when the subscription says so, which may take its time: so ask, ever more rarely. */
  private keepAsking(position: Position): () => void {
    let timer: NodeJS.Timeout | undefined;
    let stopped = false;
    const askAfter = (ms: number): void => {
      timer = setTimeout(() => {
        void this.passOver(position)
          .catch(() => undefined)
          .then(() => {
            if (!stopped) askAfter(Math.min(2 * ms, 1000));
          });
      }, ms);
    };
    askAfter(20);
    return () => {
      stopped = true;
      clearTimeout(timer);
    };
  }

  /** Moves on to a position that the store has reached, where no event of ours lies in between. */
  private async passOver(position: Position): Promise<void> {
    const after = this.visible;
    // Of the many who may wait under load, one has to look.
    if (this.ahead !== undefined && !this.isAt(this.ahead) && comparePositions(this.ahead, position) <= 0) return;
    if ((this.state !== 'live' && this.state !== 'following') || comparePositions(await this.eventStore.head(), position) < 0)
      return;
    const filter = { streamPrefixes: this.projection.streamPrefixes };
    for await (const next of this.eventStore.readAll({ ...(after && { after }), filter, maxCount: 1 })) {
      this.ahead = next.position;
      if (comparePositions(next.position, position) <= 0) return;
    }
    // Who folds now may have changed while the store was asked.
    if (this.state === 'live') this.passTo(position);
    if (this.retellingTo === undefined) this.arrive(position);
  }

  private isOfThisStore(position: Position, head?: Position): boolean {
    try {
      const parsed = this.eventStore.parsePosition(position);
      return head === undefined || comparePositions(parsed, head) <= 0;
    } catch (error) {
      if (error instanceof PositionGone) return false;
      throw error;
    }
  }

  private measure(doc: Document | undefined): void {
    const bytes = doc === undefined ? 0 : JSON.stringify(doc).length;
    this.averageBytes = this.averageBytes === undefined ? bytes : (7 * this.averageBytes + bytes) / 8;
  }
}

/** The place before the first event of the store that this position belongs to. */
function beforeAll(position: Position): Position {
  const generation = parsePosition(position)?.generation;
  if (generation === undefined) throw new TypeError(`"${position}" is no position`);
  return positionOf(generation, 0);
}
