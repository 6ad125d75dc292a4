import { aggregate } from 'mingo';
import { BSON, type Document, Long } from 'mongodb';
import { CommandFailed, DuplicateKey } from './command-failed';
import { type Index, StandInCollection } from './stand-in-collection';

/** Documents of the first part of an answer, unless told. */
const FIRST_BATCH = 101;
/** Of one answer: what the real server allows. */
const MAX_ANSWER_BYTES = 16 << 20;
/** Cursors that nobody has fetched to their end: more than that, and the oldest is forgotten. */
const MAX_CURSORS = 1000;

interface OpenCursor {
  readonly namespace: string;
  readonly rest: Iterator<Document>;
  /** Taken from `rest` and found too large for the answer before. */
  readonly pushedBack: Document[];
}

type Command = (body: Document, database: string) => Document;

/** The commands of MongoDB that Souk's adapters and the official driver send, over documents in memory. */
export class StandInCommands {
  private readonly collections = new Map<string, StandInCollection>();
  private readonly cursors = new Map<number, OpenCursor>();
  private nextCursor = 1;

  private readonly table: Readonly<Record<string, Command>> = {
    hello: () => this.hello(),
    ismaster: () => this.hello(),
    ping: () => ({}),
    buildinfo: () => ({ version: '7.0.0', versionArray: [7, 0, 0, 0], modules: [], maxBsonObjectSize: MAX_ANSWER_BYTES }),
    endsessions: () => ({}),
    killcursors: (body) => this.killCursors(body),
    insert: (body, db) => this.insert(body, db),
    update: (body, db) => this.update(body, db),
    delete: (body, db) => this.delete(body, db),
    find: (body, db) => this.find(body, db),
    getmore: (body, db) => this.getMore(body, db),
    count: (body, db) => ({ n: this.matching(body, db, body.query as Document | undefined).length }),
    aggregate: (body, db) => this.aggregate(body, db),
    findandmodify: (body, db) => this.findAndModify(body, db),
    create: (body, db) => this.create(body, db),
    createindexes: (body, db) => this.createIndexes(body, db),
    listindexes: (body, db) => this.listIndexes(body, db),
    listcollections: (body, db) => this.listCollections(body, db),
    listdatabases: () => this.listDatabases(),
    drop: (body, db) => this.drop(body, db),
    dropdatabase: (_, db) => this.dropDatabase(db),
  };

  /** The answer to a command. Names are taken in upper and lower case, as the real one takes the old ones. */
  run(body: Document): Document {
    const [name = ''] = Object.keys(body);
    try {
      const command = Object.hasOwn(this.table, name.toLowerCase()) ? this.table[name.toLowerCase()] : undefined;
      if (!command) throw new CommandFailed(59, 'CommandNotFound', `no such command: '${name}'`);
      if (body.startTransaction === true)
        throw new CommandFailed(20, 'IllegalOperation', 'the stand-in has no transactions, like a server that stands alone');
      return { ...command(body, String(body.$db)), ok: 1 };
    } catch (error) {
      const { message, code, codeName } =
        error instanceof CommandFailed ? error : new CommandFailed(1, 'InternalError', String(error));
      return { ok: 0, errmsg: message, code, codeName };
    }
  }

  /** Removes what indexes on a time say is over. */
  expire(now: number): void {
    for (const collection of this.collections.values()) collection.expire(now);
  }

  private hello(): Document {
    return {
      helloOk: true,
      ismaster: true,
      isWritablePrimary: true,
      maxBsonObjectSize: MAX_ANSWER_BYTES,
      maxMessageSizeBytes: 48_000_000,
      maxWriteBatchSize: 100_000,
      localTime: new Date(),
      logicalSessionTimeoutMinutes: 30,
      connectionId: 1,
      minWireVersion: 0,
      maxWireVersion: 21,
      readOnly: false,
    };
  }

  private insert(body: Document, db: string): Document {
    const collection = this.made(body.insert, db);
    return this.each(body.documents, body.ordered, (document) => {
      collection.insert(document);
      return { n: 1 };
    });
  }

  private update(body: Document, db: string): Document {
    const collection = this.made(body.update, db);
    return this.each(body.updates, body.ordered, ({ q, u, multi, upsert }) => {
      const { matched, modified, upserted } = collection.update(q as Document, plain(u), {
        multi: multi === true,
        upsert: upsert === true,
      });
      const isNew = upserted !== undefined;
      return { n: isNew ? 1 : matched, nModified: modified, ...(isNew && { upserted }) };
    });
  }

  private delete(body: Document, db: string): Document {
    const collection = this.found(body.delete, db);
    return this.each(body.deletes, body.ordered, ({ q, limit }) => ({
      n: collection?.delete(q as Document, Number(limit)) ?? 0,
    }));
  }

  /** One answer for many: what has failed stands in it by its index. */
  private each(operations: unknown, ordered: unknown, run: (one: Document) => Document): Document {
    const answer = { n: 0, nModified: 0, upserted: [] as Document[], writeErrors: [] as Document[] };
    for (const [index, operation] of (operations as Document[]).entries()) {
      try {
        const { n, nModified = 0, upserted } = run(operation);
        answer.n += n as number;
        answer.nModified += nModified as number;
        if (upserted !== undefined) answer.upserted.push({ index, _id: upserted as unknown });
      } catch (error) {
        if (!(error instanceof CommandFailed)) throw error;
        const key = error instanceof DuplicateKey ? { keyPattern: { _id: 1 }, keyValue: error.keyValue } : {};
        answer.writeErrors.push({ index, code: error.code, errmsg: error.message, ...key });
        if (ordered !== false) break;
      }
    }
    const { upserted, writeErrors, ...counts } = answer;
    return { ...counts, ...(upserted.length > 0 && { upserted }), ...(writeErrors.length > 0 && { writeErrors }) };
  }

  private find(body: Document, db: string): Document {
    const { filter, sort, projection } = body;
    const found = this.found(body.find, db)?.find(filter ?? {}, sort) ?? [];
    const some = part(found, Number(body.skip ?? 0), Number(body.limit ?? 0) || Infinity);
    return this.cursorOver(`${db}.${String(body.find)}`, projected(some, projection), body.batchSize, body.singleBatch === true);
  }

  private aggregate(body: Document, db: string): Document {
    const documents = aggregate([...(this.found(body.aggregate, db)?.find({}) ?? [])], body.pipeline as Document[]);
    const { batchSize } = (body.cursor ?? {}) as { batchSize?: number };
    return this.cursorOver(`${db}.${String(body.aggregate)}`, documents as Document[], batchSize, false);
  }

  private findAndModify(body: Document, db: string): Document {
    const collection = this.made(body.findAndModify, db);
    const query = (body.query ?? {}) as Document;
    const [before] = collection.find(query, body.sort as Document | undefined);
    if (body.remove === true) {
      const n = before ? collection.delete({ _id: before._id as unknown }, 1) : 0;
      return { value: before ?? null, lastErrorObject: { n } };
    }
    const filter = before ? { _id: before._id as unknown } : query;
    const { upserted } = collection.update(filter, plain(body.update), { upsert: body.upsert === true });
    const id = upserted ?? (before?._id as unknown);
    const [after] = id === undefined ? [] : collection.find({ _id: id });
    const value = (body.new === true ? after : before) ?? null;
    return { value, lastErrorObject: { n: id === undefined ? 0 : 1, updatedExisting: before !== undefined } };
  }

  private cursorOver(namespace: string, documents: Iterable<Document>, batchSize: unknown, isSingle: boolean): Document {
    const cursor: OpenCursor = { namespace, rest: documents[Symbol.iterator](), pushedBack: [] };
    const firstBatch = nextBatch(cursor, batchSize === undefined ? FIRST_BATCH : Number(batchSize));
    const isOver = isSingle || firstBatch.length === 0 || isAtEnd(cursor);
    return { cursor: { firstBatch, id: Long.fromNumber(isOver ? 0 : this.keep(cursor)), ns: namespace } };
  }

  private getMore(body: Document, db: string): Document {
    const id = Number(body.getMore);
    const cursor = this.cursors.get(id);
    if (!cursor) throw new CommandFailed(43, 'CursorNotFound', `cursor id ${id} not found`);
    const nextBatchOfIt = nextBatch(cursor, body.batchSize === undefined ? Infinity : Number(body.batchSize));
    const isOver = isAtEnd(cursor);
    if (isOver) this.cursors.delete(id);
    const ns = `${db}.${String(body.collection)}`;
    return { cursor: { nextBatch: nextBatchOfIt, id: Long.fromNumber(isOver ? 0 : id), ns } };
  }

  private killCursors(body: Document): Document {
    const cursors = body.cursors as unknown[];
    for (const id of cursors) this.cursors.delete(Number(id));
    return { cursorsKilled: cursors, cursorsNotFound: [], cursorsAlive: [], cursorsUnknown: [] };
  }

  private keep(cursor: OpenCursor): number {
    const id = this.nextCursor++;
    this.cursors.set(id, cursor);
    this.cursors.delete(id - MAX_CURSORS);
    return id;
  }

  private create(body: Document, db: string): Document {
    if (this.found(body.create, db))
      throw new CommandFailed(48, 'NamespaceExists', `Collection ${db}.${String(body.create)} already exists.`);
    this.made(body.create, db);
    return {};
  }

  private createIndexes(body: Document, db: string): Document {
    const { indexes } = this.made(body.createIndexes, db);
    const before = indexes.size;
    for (const index of body.indexes as (Index & { readonly unique?: boolean })[]) {
      if (index.unique === true)
        throw new CommandFailed(238, 'NotImplemented', 'the stand-in keeps no other key than _id unique');
      indexes.set(index.name, index);
    }
    return { numIndexesBefore: before, numIndexesAfter: indexes.size };
  }

  private listIndexes(body: Document, db: string): Document {
    const collection = this.found(body.listIndexes, db);
    if (!collection) throw new CommandFailed(26, 'NamespaceNotFound', `ns does not exist: ${db}.${String(body.listIndexes)}`);
    const indexes = [...collection.indexes.values()].map((index) => ({ v: 2, ...index }));
    return this.cursorOver(`${db}.$cmd.listIndexes`, indexes, Infinity, true);
  }

  private listCollections(body: Document, db: string): Document {
    const all = [...this.namesIn(db)].map((name) => ({ name, type: 'collection', options: {}, info: { readOnly: false } }));
    const found = aggregate(all, [{ $match: (body.filter ?? {}) as Document }]) as Document[];
    return this.cursorOver(`${db}.$cmd.listCollections`, found, Infinity, true);
  }

  private listDatabases(): Document {
    const names = new Set([...this.collections.keys()].map((namespace) => namespace.slice(0, namespace.indexOf('.'))));
    return { databases: [...names].map((name) => ({ name, sizeOnDisk: 0, empty: false })), totalSize: 0 };
  }

  private drop(body: Document, db: string): Document {
    this.collections.delete(`${db}.${String(body.drop)}`);
    return {};
  }

  private dropDatabase(db: string): Document {
    for (const name of [...this.namesIn(db)]) this.collections.delete(`${db}.${name}`);
    return { dropped: db };
  }

  private *namesIn(db: string): Generator<string> {
    for (const namespace of this.collections.keys()) if (namespace.startsWith(`${db}.`)) yield namespace.slice(db.length + 1);
  }

  private matching(body: Document, db: string, filter: Document = {}): Document[] {
    return [...part(this.found(body.count, db)?.find(filter) ?? [], Number(body.skip ?? 0), Number(body.limit ?? Infinity))];
  }

  private found(name: unknown, db: string): StandInCollection | undefined {
    return this.collections.get(`${db}.${String(name)}`);
  }

  private made(name: unknown, db: string): StandInCollection {
    const namespace = `${db}.${String(name)}`;
    const collection = this.collections.get(namespace) ?? new StandInCollection(namespace);
    this.collections.set(namespace, collection);
    return collection;
  }
}

function* part(documents: Iterable<Document>, skip: number, limit: number): Generator<Document> {
  let place = 0;
  for (const document of documents) {
    if (place >= skip + limit) return;
    if (place++ >= skip) yield document;
    if (place >= skip + limit) return;
  }
}

function* projected(documents: Iterable<Document>, projection: Document | undefined): Generator<Document> {
  const fields = Object.entries(projection ?? {});
  if (fields.some(([path]) => path.includes('.') || path.startsWith('$')))
    throw new CommandFailed(238, 'NotImplemented', 'the stand-in projects whole fields only');
  const kept = fields.filter(([, one]) => isOn(one)).map(([field]) => field);
  const hidden = new Set(fields.filter(([, one]) => !isOn(one)).map(([field]) => field));
  for (const document of documents) {
    const entries = Object.entries(document).filter(
      ([field]) => !hidden.has(field) && (kept.length === 0 || field === '_id' || kept.includes(field)),
    );
    yield fields.length === 0 ? document : Object.fromEntries(entries);
  }
}

function isOn(projection: unknown): boolean {
  return projection === 1 || projection === true;
}

function nextBatch({ rest, pushedBack }: OpenCursor, size: number): Document[] {
  const batch: Document[] = [];
  let bytes = 0;
  while (batch.length < size) {
    const next = pushedBack.pop() ?? valueOf(rest.next());
    if (next === undefined) break;
    bytes += BSON.calculateObjectSize(next);
    if (batch.length > 0 && bytes > MAX_ANSWER_BYTES) {
      pushedBack.push(next);
      break;
    }
    batch.push(next);
  }
  return batch;
}

function isAtEnd({ rest, pushedBack }: OpenCursor): boolean {
  if (pushedBack.length > 0) return false;
  const next = valueOf(rest.next());
  if (next !== undefined) pushedBack.push(next);
  return next === undefined;
}

function valueOf(result: IteratorResult<Document, unknown>): Document | undefined {
  return result.done ? undefined : result.value;
}

function plain(update: unknown): Document {
  if (Array.isArray(update)) throw new CommandFailed(238, 'NotImplemented', 'the stand-in takes no pipeline as an update');
  return update as Document;
}
