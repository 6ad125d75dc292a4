import { type CollectionSpec, comparePositions, type Document, type Position } from '@souk/event-sourcing';
import { type CollectionRecord, type CollectionTables, numberPrefix, textKey } from './collection-tables';
import { prepareCommit } from './collection-commit';
import type { CursorSigner } from './cursor';
import type { DroppedCollections } from './dropped-collections';
import { runQuery } from './index-scan';
import { IndexSet } from './index-entries';
import { planQuery } from './query-plan';
import type { Change, CollectionWriter, Page, Query } from './read-store.port';
import { parseDocument, unpackDocument } from './stored-document';

/** One collection of {@link LmdbReadStore}. */
export class LmdbCollection<Doc extends Document> implements CollectionWriter<Doc> {
  private readonly indexes: IndexSet;
  private record: CollectionRecord;
  private prefix: Buffer;
  /** Writes of one collection come one after the other: each is worked out on what the one before has left. */
  private writes: Promise<void>;

  constructor(
    readonly spec: CollectionSpec,
    private readonly tables: CollectionTables,
    private readonly dropped: DroppedCollections,
    private readonly cursors: CursorSigner,
  ) {
    this.indexes = new IndexSet(spec);
    const known = tables.collections.get(spec.name);
    this.record = known && isCurrent(known, spec) ? known : this.emptyRecord();
    this.prefix = numberPrefix(this.record.number);
    this.writes = Promise.resolve();
  }

  async get(id: string): Promise<Doc | undefined> {
    const packed = this.tables.documents.get(textKey(this.prefix, id));
    return packed && parseDocument<Doc>(unpackDocument(packed));
  }

  async query(query: Query<Doc>): Promise<Page<Doc>> {
    const plan = planQuery(this.spec, this.indexes, query);
    const after = query.cursor === undefined ? undefined : this.cursors.open(plan.binding, query.cursor);
    const { items, stop } = runQuery<Doc>(this.tables, this.prefix, plan, after, query.filter);
    return stop ? { items, next: this.cursors.sign(plan.binding, stop) } : { items };
  }

  async checkpoint(): Promise<Position | undefined> {
    return this.record.checkpoint;
  }

  async getForUpdate(id: string): Promise<{ readonly doc: Doc | undefined; readonly position: Position } | undefined> {
    const packed = this.tables.documents.get(textKey(this.prefix, id));
    if (!packed) return undefined;
    const stored = unpackDocument(packed);
    return { doc: parseDocument<Doc>(stored), position: stored.position };
  }

  /** @throws UnindexableDocument, and nothing is written; StorageFull, StorageFailed */
  commit(changes: readonly Change[], checkpoint: Position): Promise<void> {
    return this.inTurn(async () => {
      const before = this.record;
      const after = { ...before, checkpoint: later(before.checkpoint, checkpoint) };
      const write = prepareCommit(this.tables, this.prefix, this.indexes, this.spec.name, changes, before, after);
      await this.write(after, write);
    });
  }

  clear(): Promise<void> {
    return this.inTurn(() => this.write(this.emptyRecord()));
  }

  private async write(record: CollectionRecord, write?: () => void): Promise<void> {
    const stored = this.tables.collections.get(this.spec.name);
    const replaced = stored && stored.number !== record.number ? stored.number : undefined;
    await this.tables.environment.writeBlind(() => {
      write?.();
      this.tables.collections.put(this.spec.name, record);
      if (replaced !== undefined) this.dropped.put(replaced);
    });
    this.record = record;
    this.prefix = numberPrefix(record.number);
    if (replaced !== undefined) this.dropped.work();
  }

  private emptyRecord(): CollectionRecord {
    return { number: this.dropped.takeNumber(), version: this.spec.version, indexes: this.spec.indexes };
  }

  private inTurn(write: () => Promise<void>): Promise<void> {
    const turn = this.writes.then(write);
    this.writes = turn.catch(() => undefined);
    return turn;
  }
}

function isCurrent(known: CollectionRecord, spec: CollectionSpec): boolean {
  return known.version === spec.version && JSON.stringify(known.indexes) === JSON.stringify(spec.indexes);
}

function later(a: Position | undefined, b: Position): Position {
  return a !== undefined && comparePositions(a, b) > 0 ? a : b;
}
