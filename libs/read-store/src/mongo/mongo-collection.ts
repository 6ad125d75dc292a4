import { type CollectionSpec, comparePositions, type Document, type Position } from '@souk/event-sourcing';
import { failpoint } from '@souk/failpoints';
import type { MongoConnection } from '@souk/mongo';
import type { CursorSigner } from '../cursor';
import { IndexSet } from '../index-entries';
import { planQuery } from '../query-plan';
import {
  type BuildingGeneration,
  type Change,
  type CollectionWriter,
  GenerationGone,
  type Page,
  type PositionedDocument,
  type Query,
} from '../read-store.port';
import { CollectionRecords, KEEP_DROPPED_MS } from './collection-records';
import { walkEntries } from './entry-walk';
import { MongoBuildingGeneration } from './mongo-building-generation';
import { later, MongoGeneration } from './mongo-generation';
import type { GenerationRecord } from './stored';

/** So long a process goes on with the generation that it knows to serve; then it looks whether it still does. */
const KNOWN_MS = 1000;
/** What was read so long after the look may be what is left of a generation that was removed meanwhile. */
const TOO_LATE_MS = KEEP_DROPPED_MS / 2;

/** Which generation serves, as this process knows it. */
interface Serving<Doc extends Document> {
  /** `undefined` where nobody has written yet. */
  readonly generation: MongoGeneration<Doc> | undefined;
  readonly checkpoint: Position | undefined;
  /** By this process's monotonic clock. */
  readonly lookedAt: number;
}

/**
 * One collection of {@link MongoReadStore}. Any number of processes read it; one should write (by lease). Where two write all the same, because
 * one of them was frozen and does not know yet that it is not its turn any more, nothing is spoiled: documents go forwards only, and a
 * checkpoint moves only where its generation still serves.
 */
export class MongoCollection<Doc extends Document> implements CollectionWriter<Doc> {
  /** Where another writer may come late, what came and went between two commits needs its tombstone. */
  readonly shared = true;
  private readonly indexes: IndexSet;
  private readonly records: CollectionRecords;
  private serving: Serving<Doc> | undefined;
  private looking: Promise<Serving<Doc>> | undefined;
  private building: MongoBuildingGeneration<Doc> | undefined;
  /** Writes of one collection come one after the other. */
  private writes: Promise<void> = Promise.resolve();
  private takenOver = false;
  private sweeping: NodeJS.Timeout | undefined;

  constructor(
    readonly spec: CollectionSpec,
    private readonly connection: MongoConnection,
    private readonly cursors: CursorSigner,
  ) {
    this.indexes = new IndexSet(spec);
    this.records = new CollectionRecords(connection, spec);
  }

  get(id: string): Promise<Doc | undefined> {
    return this.reading((generation) => generation.get(id), undefined);
  }

  async query(query: Query<Doc>): Promise<Page<Doc>> {
    // What is wrong with a query is said also where there is nothing to ask.
    this.plan(query);
    return this.reading((generation) => this.queryOf(generation, query), { items: [] });
  }

  /** As it stands at this moment, for all processes. */
  async checkpoint(): Promise<Position | undefined> {
    return (await this.lookAfresh()).checkpoint;
  }

  getForUpdate(id: string): Promise<{ readonly doc: Doc | undefined; readonly position: Position } | undefined> {
    return this.reading((generation) => generation.getForUpdate(id), undefined);
  }

  /** @throws GenerationGone where another generation has come to serve meanwhile */
  async *documents(): AsyncGenerator<PositionedDocument<Doc>> {
    const { generation } = await this.lookAfresh();
    if (generation) yield* generation.inOrder();
    if ((await this.lookAfresh()).generation !== generation) throw new GenerationGone(this.spec.name);
  }

  /** @throws UnindexableDocument, and nothing is written; MongoUnavailable; GenerationGone where another process has replaced it */
  commit(changes: readonly Change[], checkpoint: Position): Promise<void> {
    return this.inTurn(async () => {
      const { generation, known } = await this.writable();
      failpoint('read-model.before-commit');
      await generation.write(changes, known);
      if (known === undefined || comparePositions(checkpoint, known) > 0) await this.moveTo(generation, checkpoint);
      failpoint('read-model.after-commit');
    });
  }

  clear(): Promise<void> {
    return this.inTurn(async () => {
      await this.writable();
      this.serve({ number: await this.records.serveEmpty() });
      this.sweepLater();
    });
  }

  startGeneration(): Promise<BuildingGeneration<Doc>> {
    return this.inTurn(async () => {
      await this.writable();
      const start = async (): Promise<MongoGeneration<Doc>> => this.generation(await this.records.startBuilding());
      const first = await start();
      this.building?.replaced();
      this.building = new MongoBuildingGeneration<Doc>(
        this.spec,
        this.records,
        {
          start,
          inTurn: (write) => this.inTurn(write),
          query: (generation, query) => this.queryOf(generation, query),
          served: ({ number }, checkpoint) => {
            this.serve({ number, ...(checkpoint !== undefined && { checkpoint }) });
            this.building = undefined;
            this.sweepLater();
          },
        },
        first,
      );
      this.sweepLater();
      return this.building;
    });
  }

  /** Fulfilled when nothing is written any more. */
  async close(): Promise<void> {
    clearTimeout(this.sweeping);
    await this.writes;
  }

  private async moveTo(generation: MongoGeneration<Doc>, checkpoint: Position): Promise<void> {
    if (await this.records.moveCheckpoint('serving', generation.number, checkpoint)) {
      const current = this.serving!;
      this.serving = { ...current, checkpoint: later(current.checkpoint, checkpoint), lookedAt: performance.now() };
      return;
    }
    this.serving = undefined;
    throw new GenerationGone(this.spec.name);
  }

  /** The generation to write to. The first time, what a process before has left half built is dropped, and what nobody reads is removed. */
  private async writable(): Promise<{ readonly generation: MongoGeneration<Doc>; readonly known: Position | undefined }> {
    if (!this.takenOver) {
      this.serve((await this.records.made()).serving);
      await this.records.dropBuilding();
      this.takenOver = true;
      this.sweepLater(0);
    }
    const { generation, checkpoint } = this.serving ?? (await this.look());
    if (generation) return { generation, known: checkpoint };
    // MongoDB has lost its data: it is made again, as the first time.
    const fresh = this.serve((await this.records.made()).serving);
    return { generation: fresh.generation!, known: fresh.checkpoint };
  }

  /** Reads from the generation that serves; once more where that took so long that it may be gone. */
  private async reading<T>(read: (generation: MongoGeneration<Doc>) => Promise<T>, none: T): Promise<T> {
    for (;;) {
      const known = this.serving;
      const { generation, lookedAt } = known && performance.now() - known.lookedAt < KNOWN_MS ? known : await this.look();
      if (!generation) return none;
      const answer = await read(generation);
      if (performance.now() - lookedAt < TOO_LATE_MS) return answer;
    }
  }

  /** Of many who want to know at the same time, one looks. */
  private look(): Promise<Serving<Doc>> {
    this.looking ??= this.lookAfresh().finally(() => {
      this.looking = undefined;
    });
    return this.looking;
  }

  private async lookAfresh(): Promise<Serving<Doc>> {
    const lookedAt = performance.now();
    const record = await this.records.read();
    // What this process itself has done meanwhile is newer than what it has read.
    const isOld = this.serving !== undefined && this.serving.lookedAt > lookedAt;
    return isOld ? this.serving! : this.serve(record?.serving, lookedAt);
  }

  private serve(record: GenerationRecord | undefined, lookedAt = performance.now()): Serving<Doc> {
    const current = this.serving?.generation;
    const generation = record && (record.number === current?.number ? current : this.generation(record.number));
    return (this.serving = { generation, checkpoint: record?.checkpoint, lookedAt });
  }

  private async queryOf(generation: MongoGeneration<Doc>, query: Query<Doc>): Promise<Page<Doc>> {
    const { plan, after } = this.plan(query);
    const { items, stop } = await walkEntries<Doc>(generation, plan, after, query.filter);
    return stop ? { items, next: this.cursors.sign(plan.binding, stop) } : { items };
  }

  private plan(query: Query<Doc>) {
    const plan = planQuery(this.spec, this.indexes, query);
    return { plan, after: query.cursor === undefined ? undefined : this.cursors.open(plan.binding, query.cursor) };
  }

  private generation(number: number): MongoGeneration<Doc> {
    return new MongoGeneration<Doc>(this.connection, this.spec, this.indexes, this.records.id, number);
  }

  /** When nobody can be reading any more what was dropped until now. What fails is left to the next time. */
  private sweepLater(delayMs = KEEP_DROPPED_MS + KNOWN_MS): void {
    clearTimeout(this.sweeping);
    this.sweeping = setTimeout(() => {
      void this.inTurn(() => this.records.sweep(Date.now())).catch(() => undefined);
    }, delayMs).unref();
  }

  private inTurn<T>(write: () => Promise<T>): Promise<T> {
    const turn = this.writes.then(write);
    this.writes = turn.then(
      () => undefined,
      () => undefined,
    );
    return turn;
  }
}
