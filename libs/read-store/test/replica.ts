import {
  type Activity,
  type CollectionSpec,
  comparePositions,
  type Document,
  type EventStore,
  type Position,
} from '@souk/event-sourcing';
import {
  type AnyProjection,
  type Change,
  type CollectionWriter,
  type GenerationWriter,
  ProjectionRunner,
  type ProjectionFailure,
  ReadStore,
} from '@souk/read-store';
import { type Balance, balances } from './accounts';

/** A lease as one process believes in it: a test says so. */
export class Belief implements Activity {
  private readonly listeners = new Set<() => void>();
  private value = false;
  held = (): boolean => this.value;
  changes(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
  set(held: boolean): void {
    if (held === this.value) return;
    this.value = held;
    for (const listener of this.listeners) listener();
  }
}

/** A read store whose commits are held up while the process that makes them is frozen. */
class FreezableReadStore extends ReadStore {
  override readonly shared = true;
  private thawed: Promise<void> = Promise.resolve();
  private thawing: () => void = () => undefined;
  constructor(private readonly inner: ReadStore) {
    super();
  }
  freeze(): void {
    this.thaw();
    this.thawed = new Promise((resolve) => (this.thawing = resolve));
  }
  thaw(): void {
    this.thawing();
  }
  override claim(key: string, ttlMs: number): Promise<boolean> {
    return this.inner.claim(key, ttlMs);
  }
  override open<Doc extends Document>(spec: CollectionSpec): CollectionWriter<Doc> {
    const writer = this.inner.open<Doc>(spec);
    return {
      ...this.freezable(writer),
      startGeneration: async () => {
        const generation = await writer.startGeneration();
        const serve = async () => {
          await this.thawed;
          await generation.serve();
        };
        return { ...this.freezable(generation), serve, drop: () => generation.drop() };
      },
    };
  }
  private freezable<Doc extends Document>(writer: GenerationWriter<Doc>): GenerationWriter<Doc> {
    return {
      spec: writer.spec,
      get: (id) => writer.get(id),
      query: (query) => writer.query(query),
      checkpoint: () => writer.checkpoint(),
      getForUpdate: (id) => writer.getForUpdate(id),
      documents: () => writer.documents(),
      commit: async (changes: readonly Change[], checkpoint: Position) => {
        await this.thawed;
        await writer.commit(changes, checkpoint);
      },
      clear: () => writer.clear(),
    };
  }
  override getValue(key: string): Promise<unknown> {
    return this.inner.getValue(key);
  }
  override putValues(values: Readonly<Record<string, unknown>>): Promise<void> {
    return this.inner.putValues(values);
  }
}

/** One process of several that share a read store, with what its readers are told of balances. */
export class Replica {
  readonly lease = new Belief();
  readonly failures: ProjectionFailure[] = [];
  /** By document, the checkpoint of the last change that told of it. */
  readonly told = new Map<string, Position>();
  /** What must never be: a checkpoint that went back, a document that is behind what was told. */
  readonly lies: string[] = [];
  readonly runner: ProjectionRunner;
  private readonly store: FreezableReadStore;
  private last: Position | undefined;

  constructor(
    events: EventStore,
    private readonly reads: ReadStore,
    projections: readonly AnyProjection[],
    batchSize: number,
  ) {
    this.store = new FreezableReadStore(reads);
    const onError = (failure: ProjectionFailure) => this.failures.push(failure);
    this.runner = new ProjectionRunner(events, this.store, projections, { onError, activity: this.lease, batchSize });
    this.balances.changes(({ keys, position }) => {
      this.watch();
      if (this.last !== undefined && comparePositions(position, this.last) > 0) this.lies.push(`told of ${position} too early`);
      for (const key of keys) this.told.set(key, position);
    });
  }

  get balances() {
    return this.runner.readModel(balances);
  }

  get statuses(): readonly string[] {
    return this.runner.health().map(({ status }) => status);
  }

  freeze(): void {
    this.store.freeze();
  }

  thaw(): void {
    this.store.thaw();
  }

  /** Checkpoints only grow, and the documents are never behind them. */
  watch(): void {
    const now = this.balances.checkpoint();
    if (this.last !== undefined && (now === undefined || comparePositions(now, this.last) < 0))
      this.lies.push(`the checkpoint went from ${this.last} to ${now}`);
    this.last = now ?? this.last;
  }

  /** The document as it lies in the store. */
  stored(id: string) {
    return this.reads.open<Balance>(balances).getForUpdate(id);
  }
}
