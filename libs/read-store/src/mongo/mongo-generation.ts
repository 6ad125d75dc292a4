import { type CollectionSpec, comparePositions, type Document, type Position } from '@souk/event-sourcing';
import { type MongoCollection, type MongoConnection, MongoUnavailable, writeAll } from '@souk/mongo';
import type { IndexSet } from '../index-entries';
import type { Change, PositionedDocument } from '../read-store.port';
import { type DocumentWrite, stage, writeOver } from './document-writes';
import { GatheredReads } from './gathered-reads';
import { documentsName, entriesName, type StoredDocument, type StoredEntry } from './stored';

/** Documents that are read at once. */
const DOCUMENTS_AT_ONCE = 200;
/** Ids in a question that is not for whole documents. */
const IDS_AT_ONCE = 500;
/** Whoever is overtaken by another writer so often in one commit is not the one who should write. */
const MAX_ATTEMPTS = 5;

type Base = Pick<StoredDocument, '_id' | 'position' | 'entries'>;

/** The documents of a collection under one number, and their index entries. It knows nothing of its place: whether it serves, others say. */
export class MongoGeneration<Doc extends Document> {
  private readonly gathered = new GatheredReads((ids) => this.readAll(ids));
  private prepared: Promise<void> | undefined;

  constructor(
    private readonly connection: MongoConnection,
    private readonly spec: CollectionSpec,
    private readonly indexes: IndexSet,
    private readonly record: string,
    readonly number: number,
  ) {}

  async get(id: string): Promise<Doc | undefined> {
    const found = await this.documents((all) => all.findOne({ _id: id }));
    return found ? parseDocument<Doc>(found) : undefined;
  }

  async getForUpdate(id: string): Promise<{ readonly doc: Doc | undefined; readonly position: Position } | undefined> {
    const found = await this.gathered.get(id);
    return found && { doc: parseDocument<Doc>(found), position: found.position };
  }

  /** In whatever order. */
  async readAll(ids: readonly string[]): Promise<ReadonlyMap<string, StoredDocument>> {
    const found = new Map<string, StoredDocument>();
    for (let n = 0; n < ids.length; n += DOCUMENTS_AT_ONCE) {
      const some = ids.slice(n, n + DOCUMENTS_AT_ONCE);
      for (const one of await this.documents((all) => all.find({ _id: { $in: some } }).toArray())) found.set(one._id, one);
    }
    return found;
  }

  async *inOrder(): AsyncGenerator<PositionedDocument<Doc>> {
    let last: string | undefined;
    for (;;) {
      const filter = last === undefined ? {} : { _id: { $gt: last } };
      const found = await this.documents((all) => all.find(filter).sort({ _id: 1 }).limit(DOCUMENTS_AT_ONCE).toArray());
      for (const stored of found) {
        const doc = parseDocument<Doc>(stored);
        if (doc !== undefined) yield { id: stored._id, doc, position: stored.position };
      }
      if (found.length < DOCUMENTS_AT_ONCE) return;
      last = found.at(-1)!._id;
    }
  }

  /**
   * Writes documents with their index entries, so that whoever reads one of its versions finds all entries of that version: new entries first,
   * then the document (if nobody was faster), then the old ones go. Unchanged entries are not touched.
   * @throws UnindexableDocument, and nothing is written; MongoUnavailable, and everything may have been or not
   */
  async write(changes: readonly Change[], checkpoint: Position | undefined): Promise<void> {
    let staged = await stage(this.spec.name, this.indexes, changes, checkpoint, Date.now());
    if (staged.length === 0) return;
    await this.prepare();
    for (let attempt = 0; staged.length > 0; attempt++) {
      if (attempt === MAX_ATTEMPTS)
        throw new MongoUnavailable(this.connection.database, { cause: new Error('another process writes the same documents') });
      const bases = await this.bases(staged.map(({ _id }) => _id));
      const writes = staged.flatMap((next) => writeOver(bases.get(next._id), next) ?? []);
      staged = await this.writeOnce(writes);
    }
  }

  /** Walks over entries between two keys. */
  entriesBetween(from: object, direction: 1 | -1, limit: number): Promise<StoredEntry[]> {
    return this.entries((all) => all.find({ _id: from }).sort({ _id: direction }).limit(limit).toArray());
  }

  /** Whether a range has no more entries than that. */
  async hasAtMost(range: object, count: number): Promise<boolean> {
    // Ids alone are in the index: the documents of entries that are passed over are not read.
    const beyond = await this.entries((all) =>
      all
        .find({ _id: range }, { projection: { _id: 1 } })
        .sort({ _id: 1 })
        .skip(count)
        .limit(1)
        .toArray(),
    );
    return beyond.length === 0;
  }

  /** Removes entries, unless a document has come to have them again meanwhile. */
  async removeEntries(entries: readonly StoredEntry[]): Promise<void> {
    const removals = entries.map(({ _id, position }) => ({ deleteOne: { filter: { _id, position } } }));
    await this.entries((all) => writeAll(all, removals));
  }

  /** MongoDB removes tombstones some time after their hour. */
  private prepare(): Promise<void> {
    this.prepared ??= this.documents((all) =>
      all.createIndex({ expireAt: 1 }, { name: 'expireAt', expireAfterSeconds: 0, sparse: true }, {}),
    ).then(
      () => undefined,
      (error: unknown) => {
        this.prepared = undefined;
        throw error;
      },
    );
    return this.prepared;
  }

  /** Answers those that are to be worked out again: between the look at their documents and now, somebody else has written them. */
  private async writeOnce(writes: readonly DocumentWrite[]): Promise<StoredDocument[]> {
    if (writes.length === 0) return [];
    await this.addEntries(writes);
    const operations = writes.map(({ next, base }) =>
      base === undefined
        ? { insertOne: { document: next } }
        : { replaceOne: { filter: { _id: next._id, position: base }, replacement: next } },
    );
    const applied = await this.documents((all) => writeAll(all, operations));
    const done = applied === writes.length ? writes : await this.standing(writes);
    await this.removeOld(done);
    return done === writes ? [] : writes.filter((one) => !done.includes(one)).map(({ next }) => next);
  }

  /** Those whose documents are what they should have become. */
  private async standing(writes: readonly DocumentWrite[]): Promise<DocumentWrite[]> {
    const bases = await this.bases(writes.map(({ next }) => next._id));
    return writes.filter(({ next }) => bases.get(next._id)?.position === next.position);
  }

  /** An entry gets the position of the newest version that came to have it, so that whoever removes it for an older one does not find it. */
  private async addEntries(writes: readonly DocumentWrite[]): Promise<void> {
    const additions = writes.flatMap(({ added, next: { position } }) =>
      added.map((_id) => ({ updateOne: { filter: { _id }, update: { $max: { position } }, upsert: true } })),
    );
    let applied = await this.entries((all) => writeAll(all, additions));
    // Two who make the same one at the same time: the second one finds it now.
    if (applied < additions.length) applied = await this.entries((all) => writeAll(all, additions));
    if (applied < additions.length) throw new MongoUnavailable(this.connection.database);
  }

  private async removeOld(writes: readonly DocumentWrite[]): Promise<void> {
    const removals = writes.flatMap(({ removed, next: { position } }) =>
      removed.map((_id) => ({ deleteOne: { filter: { _id, position: { $lt: position } } } })),
    );
    await this.entries((all) => writeAll(all, removals));
  }

  private async bases(ids: readonly string[]): Promise<ReadonlyMap<string, Base>> {
    const found = new Map<string, Base>();
    const projection = { position: 1, entries: 1 } as const;
    for (let n = 0; n < ids.length; n += IDS_AT_ONCE) {
      const some = ids.slice(n, n + IDS_AT_ONCE);
      const read = await this.documents((all) => all.find<Base>({ _id: { $in: some } }, { projection }).toArray());
      for (const one of read) found.set(one._id, one);
    }
    return found;
  }

  private documents<T>(work: (documents: MongoCollection<StoredDocument>) => Promise<T>): Promise<T> {
    return this.connection.run((db) => work(db.collection<StoredDocument>(documentsName(this.record, this.number))));
  }

  private entries<T>(work: (entries: MongoCollection<StoredEntry>) => Promise<T>): Promise<T> {
    return this.connection.run((db) => work(db.collection<StoredEntry>(entriesName(this.record, this.number))));
  }
}

/** `undefined` for a tombstone. */
export function parseDocument<Doc extends Document>({ doc, json }: StoredDocument): Doc | undefined {
  return (json === undefined ? doc : JSON.parse(json)) as Doc | undefined;
}

export function later(a: Position | undefined, b: Position): Position {
  return a !== undefined && comparePositions(a, b) > 0 ? a : b;
}
