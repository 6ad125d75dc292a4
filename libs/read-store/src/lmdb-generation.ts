import { setImmediate as nextTurn } from 'node:timers/promises';
import { type CollectionSpec, comparePositions, type Document, type Position } from '@souk/event-sourcing';
import { hasTombstones, prepareCommit, type PreparedCommit } from './collection-commit';
import { type CollectionRecord, type CollectionTables, NUMBER_BYTES, numberPrefix, textKey } from './collection-tables';
import type { IndexSet } from './index-entries';
import { afterPrefix } from './index-key';
import type { Change, PositionedDocument } from './read-store.port';
import { RecentDocuments } from './recent-documents';
import { parseDocument, unpackDocument } from './stored-document';

/** Documents that are read between two turns of the event loop: some milliseconds of work. */
const DOCUMENTS_AT_ONCE = 200;

/** The documents of a collection that lie under one number. It knows nothing of its place: what is written with them, others say. */
export class LmdbGeneration<Doc extends Document> {
  readonly prefix: Buffer;
  private readonly recent = new RecentDocuments();
  private mayHaveTombstones = true;

  constructor(
    private readonly spec: CollectionSpec,
    private readonly indexes: IndexSet,
    private readonly tables: CollectionTables,
    public record: CollectionRecord,
  ) {
    this.prefix = numberPrefix(record.number);
  }

  get checkpoint(): Position | undefined {
    return this.record.checkpoint;
  }

  get(id: string): { readonly doc: Doc | undefined; readonly position: Position } | undefined {
    const packed = this.tables.documents.get(textKey(this.prefix, id));
    if (!packed) return undefined;
    const stored = unpackDocument(packed);
    return { doc: parseDocument<Doc>(stored), position: stored.position };
  }

  /** As {@link get}, for who goes on from there and leaves what it gets as it is. */
  getForUpdate(id: string): { readonly doc: Doc | undefined; readonly position: Position } | undefined {
    const known = this.recent.get(id);
    return known ? { doc: known.doc as Doc, position: known.position } : this.get(id);
  }

  /** Nothing is known of what lies in the store. */
  forgetRecent(): void {
    this.recent.clear();
    this.mayHaveTombstones = true;
  }

  /** Works out a commit, and the record that has to be written with it. @throws UnindexableDocument */
  prepare(changes: readonly Change[], checkpoint: Position): PreparedCommit & { readonly record: CollectionRecord } {
    const { tables, prefix, indexes, recent } = this;
    const record = { ...this.record, checkpoint: later(this.checkpoint, checkpoint) };
    this.mayHaveTombstones &&= hasTombstones(tables, prefix);
    const place = { tables, prefix, indexes, collection: this.spec.name, recent, hasTombstones: this.mayHaveTombstones };
    const prepared = prepareCommit(place, changes, this.record, record);
    this.mayHaveTombstones ||= prepared.makesTombstones;
    return { record, ...prepared };
  }

  async *documents(): AsyncGenerator<PositionedDocument<Doc>> {
    const end = afterPrefix(this.prefix)!;
    let last: Buffer | undefined;
    for (;;) {
      const from = last ? { gt: last } : { gte: this.prefix };
      const found = [...this.tables.documents.entries({ ...from, lt: end, limit: DOCUMENTS_AT_ONCE })];
      for (const { key, value } of found) {
        const stored = unpackDocument(value);
        const doc = parseDocument<Doc>(stored);
        if (doc !== undefined) yield { id: key.toString('utf8', NUMBER_BYTES), doc, position: stored.position };
      }
      if (found.length < DOCUMENTS_AT_ONCE) return;
      last = found.at(-1)!.key;
      await nextTurn();
    }
  }
}

function later(a: Position | undefined, b: Position): Position {
  return a !== undefined && comparePositions(a, b) > 0 ? a : b;
}
