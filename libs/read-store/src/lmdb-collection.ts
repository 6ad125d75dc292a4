import type { CollectionSpec, Document, Position } from '@souk/event-sourcing';
import { failpoint } from '@souk/failpoints';
import { SMALL, type WriteSize } from '@souk/lmdb';
import { buildingKey, type CollectionRecord, type CollectionTables } from './collection-tables';
import type { CursorSigner } from './cursor';
import type { DroppedCollections } from './dropped-collections';
import { runQuery } from './index-scan';
import { IndexSet } from './index-entries';
import { LmdbBuildingGeneration } from './lmdb-building-generation';
import { LmdbGeneration } from './lmdb-generation';
import { planQuery } from './query-plan';
import type { BuildingGeneration, Change, CollectionWriter, Page, PositionedDocument, Query } from './read-store.port';

/** One collection of {@link LmdbReadStore}. */
export class LmdbCollection<Doc extends Document> implements CollectionWriter<Doc> {
  private readonly indexes: IndexSet;
  private serving: LmdbGeneration<Doc>;
  private building: LmdbBuildingGeneration<Doc> | undefined;
  /** Writes of one collection come one after the other: each is worked out on what the one before has left. */
  private writes: Promise<void>;
  private sweeping = false;
  /** Of the record in the store. */
  private storedNumber: number | undefined;

  constructor(
    readonly spec: CollectionSpec,
    private readonly tables: CollectionTables,
    private readonly dropped: DroppedCollections,
    private readonly cursors: CursorSigner,
  ) {
    this.indexes = new IndexSet(spec);
    const known = tables.collections.get(spec.name);
    this.storedNumber = known?.number;
    this.serving = this.generation(known && isCurrent(known, spec) ? known : this.emptyRecord());
    this.writes = Promise.resolve();
  }

  async get(id: string): Promise<Doc | undefined> {
    return this.serving.get(id)?.doc;
  }

  async query(query: Query<Doc>): Promise<Page<Doc>> {
    return this.queryOf(this.serving, query);
  }

  async checkpoint(): Promise<Position | undefined> {
    return this.serving.checkpoint;
  }

  async getForUpdate(id: string): Promise<{ readonly doc: Doc | undefined; readonly position: Position } | undefined> {
    return this.serving.getForUpdate(id);
  }

  documents(): AsyncIterable<PositionedDocument<Doc>> {
    return this.serving.documents();
  }

  /** @throws UnindexableDocument, and nothing is written; StorageFull, StorageFailed */
  commit(changes: readonly Change[], checkpoint: Position): Promise<void> {
    return this.inTurn(async () => {
      const { record, write, written, size, leavesTombstones } = this.serving.prepare(changes, checkpoint);
      await this.serveBy(this.serving, record, write, size);
      written();
      if (leavesTombstones) this.sweep();
    });
  }

  clear(): Promise<void> {
    return this.inTurn(async () => {
      const next = this.generation(this.emptyRecord());
      await this.serveBy(next, next.record);
    });
  }

  startGeneration(): Promise<BuildingGeneration<Doc>> {
    return this.inTurn(async () => {
      await this.building?.dropInTurn();
      this.building = new LmdbBuildingGeneration<Doc>(this.spec, this.tables, this.dropped, {
        start: () => this.generation(this.emptyRecord()),
        inTurn: (write) => this.inTurn(write),
        query: (generation, query) => this.queryOf(generation, query),
        served: () => this.serving.checkpoint,
        serve: (generation) => this.switchTo(generation),
      });
      return this.building;
    });
  }

  private async switchTo(next: LmdbGeneration<Doc>): Promise<void> {
    await this.serveBy(next, next.record, () => this.tables.collections.remove(buildingKey(this.spec.name)));
    this.building = undefined;
    this.sweep();
  }

  /** Removes passed tombstones in the background, some in each turn, until none is left. What fails is left to the next commit. */
  private sweep(): void {
    if (this.sweeping) return;
    this.sweeping = true;
    const turn = this.inTurn(async () => {
      const { serving, tables } = this;
      if (serving.checkpoint === undefined) return false;
      const { write, size, leavesTombstones } = serving.prepare([], serving.checkpoint);
      if (size.keys > 0) await tables.environment.writeBlind(write, size);
      return leavesTombstones;
    }).catch(() => false);
    void turn.then((goesOn) => {
      this.sweeping = false;
      if (goesOn) this.sweep();
    });
  }

  /** Writes that this generation serves, as its record says. What lies under another number is nobody's from then on. */
  private async serveBy(
    generation: LmdbGeneration<Doc>,
    record: CollectionRecord,
    write?: () => void,
    size: WriteSize = SMALL,
  ): Promise<void> {
    const replaced = this.storedNumber === record.number ? undefined : this.storedNumber;
    failpoint('read-model.before-commit');
    try {
      await this.tables.environment.writeBlind(() => {
        write?.();
        this.tables.collections.put(this.spec.name, record);
        if (replaced !== undefined) this.dropped.put(replaced);
      }, size);
      failpoint('read-model.after-commit');
    } catch (error) {
      // It may have been written all the same.
      this.storedNumber = this.tables.collections.get(this.spec.name)?.number;
      generation.forgetRecent();
      throw error;
    }
    generation.record = record;
    this.serving = generation;
    this.storedNumber = record.number;
    if (replaced !== undefined) this.dropped.work();
  }

  private queryOf(generation: LmdbGeneration<Doc>, query: Query<Doc>): Page<Doc> {
    const plan = planQuery(this.spec, this.indexes, query);
    const after = query.cursor === undefined ? undefined : this.cursors.open(plan.binding, query.cursor);
    const { items, stop } = runQuery<Doc>(this.tables, generation.prefix, plan, after, query.filter);
    return stop ? { items, next: this.cursors.sign(plan.binding, stop) } : { items };
  }

  private generation(record: CollectionRecord): LmdbGeneration<Doc> {
    return new LmdbGeneration<Doc>(this.spec, this.indexes, this.tables, record);
  }

  private emptyRecord(): CollectionRecord {
    return { number: this.dropped.takeNumber(), version: this.spec.version, indexes: this.spec.indexes };
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

function isCurrent(known: CollectionRecord, spec: CollectionSpec): boolean {
  return known.version === spec.version && JSON.stringify(known.indexes) === JSON.stringify(spec.indexes);
}
