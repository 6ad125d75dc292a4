import { Query } from 'mingo';
import { BSON, type Document, ObjectId } from 'mongodb';
import { compareValues, valueAt } from './bson-order';
import { DuplicateKey } from './command-failed';
import { changedBy, isOperators } from './stand-in-update';

export interface Index {
  readonly name: string;
  readonly key: Document;
  readonly expireAfterSeconds?: number;
}

export interface Change {
  readonly matched: number;
  readonly modified: number;
  /** Id of the document that was made, as there was none to change. */
  readonly upserted?: unknown;
}

/** Documents are never changed in place: a cursor goes on with what was there when it was made. */
export class StandInCollection {
  readonly indexes = new Map<string, Index>([['_id_', { name: '_id_', key: { _id: 1 } }]]);
  /** In the order in which they came, as a collection without index is read. */
  private readonly byId = new Map<string, Document>();
  private readonly ids: unknown[] = [];

  constructor(readonly namespace: string) {}

  get size(): number {
    return this.byId.size;
  }

  /** @throws DuplicateKey */
  insert(document: Document): unknown {
    const withId: Document = '_id' in document ? document : { _id: new ObjectId(), ...document };
    const key = keyOf(withId._id);
    if (this.byId.has(key)) throw new DuplicateKey(this.namespace, { _id: withId._id });
    this.byId.set(key, withId);
    this.ids.splice(this.placeOf(withId._id), 0, withId._id);
    return withId._id;
  }

  /** In the order asked for; else in whatever order. */
  *find(filter: Document, sort: Document = {}): Generator<Document> {
    const [[path, direction] = [], ...more] = Object.entries(sort) as [string, number][];
    if (path === undefined || (path === '_id' && more.length === 0)) {
      yield* this.matching(filter, path !== undefined, direction === -1);
      return;
    }
    yield* [...this.matching(filter, false, false)].sort(bySortKeys(sort));
  }

  /** @throws DuplicateKey, CommandFailed */
  update(filter: Document, change: Document, options: { readonly multi?: boolean; readonly upsert?: boolean }): Change {
    const found = [...take(this.matching(filter, false, false), options.multi ? Infinity : 1)];
    if (found.length === 0 && options.upsert) return { matched: 0, modified: 0, upserted: this.upsert(filter, change) };
    let modified = 0;
    for (const document of found) {
      const changed = changedBy(document, change);
      if (BSON.calculateObjectSize(changed) === BSON.calculateObjectSize(document) && isSame(changed, document)) continue;
      this.byId.set(keyOf(document._id), changed);
      modified++;
    }
    return { matched: found.length, modified };
  }

  delete(filter: Document, limit: number): number {
    const found = [...take(this.matching(filter, false, false), limit === 0 ? Infinity : limit)];
    for (const { _id } of found) this.remove(_id);
    return found.length;
  }

  /** What indexes on a time say is over. */
  expire(now: number): void {
    for (const { key, expireAfterSeconds } of this.indexes.values()) {
      if (expireAfterSeconds === undefined) continue;
      const [path = ''] = Object.keys(key);
      for (const document of [...this.byId.values()]) {
        const time = valueAt(document, path);
        if (time instanceof Date && time.getTime() + 1000 * expireAfterSeconds <= now) this.remove(document._id);
      }
    }
  }

  private upsert(filter: Document, change: Document): unknown {
    const equal = Object.entries(filter).filter(([path, value]) => !path.startsWith('$') && !isOperators(value));
    const { $setOnInsert = {}, $set = {}, ...rest } = change;
    const { _id: id, ...base } = Object.fromEntries<unknown>(equal);
    const made: Document = id === undefined ? {} : { _id: id };
    if (!isOperators(change)) return this.insert({ ...made, ...change });
    return this.insert(changedBy(made, { $set: { ...base, ...$setOnInsert, ...$set }, ...rest }));
  }

  private remove(id: unknown): void {
    if (this.byId.delete(keyOf(id))) this.ids.splice(this.placeOf(id), 1);
  }

  private *matching(filter: Document, inOrder: boolean, reverse: boolean): Generator<Document> {
    const { _id: id, ...others } = filter;
    const found = id === undefined ? undefined : this.byIdCondition(id, reverse);
    const test = matcher(found ? others : filter);
    if (!found && !inOrder) {
      for (const document of this.byId.values()) if (test(document)) yield document;
      return;
    }
    for (const one of found ?? this.range(0, this.ids.length, reverse)) {
      const document = this.byId.get(keyOf(one));
      if (document && test(document)) yield document;
    }
  }

  /** Ids that fulfil a condition, found by the index; `undefined` where it takes a look at each document. */
  private byIdCondition(condition: unknown, reverse: boolean): Iterable<unknown> | undefined {
    if (!isOperators(condition)) return [condition];
    const { $eq, $in, $gt, $gte, $lt, $lte, ...unknown } = condition as Document;
    if (Object.keys(unknown).length > 0) return undefined;
    if ($eq !== undefined) return Object.keys(condition as Document).length === 1 ? [$eq] : undefined;
    if ($in !== undefined) {
      if (Object.keys(condition as Document).length > 1) return undefined;
      const ids = [...($in as unknown[])].sort(compareValues);
      return reverse ? ids.reverse() : ids;
    }
    const low = $gt ?? $gte;
    const high = $lt ?? $lte;
    const from = low === undefined ? 0 : this.placeOf(low, $gt !== undefined);
    const to = high === undefined ? this.ids.length : this.placeOf(high, $lt === undefined);
    return this.range(from, to, reverse);
  }

  private *range(from: number, to: number, reverse: boolean): Generator {
    const ids = this.ids.slice(from, Math.max(from, to));
    yield* reverse ? ids.reverse() : ids;
  }

  /** Number of ids before this one; `orSame`: and this one. */
  private placeOf(id: unknown, orSame = false): number {
    let [low, high] = [0, this.ids.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const order = compareValues(this.ids[middle], id);
      if (order < 0 || (orSame && order === 0)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function matcher(filter: Document): (document: Document) => boolean {
  if (Object.keys(filter).length === 0) return () => true;
  const query = new Query(filter);
  return (document) => query.test(document);
}

function bySortKeys(sort: Document): (a: Document, b: Document) => number {
  const keys = Object.entries(sort) as [string, number][];
  return (a, b) => {
    for (const [path, direction] of keys) {
      const order = compareValues(valueAt(a, path), valueAt(b, path));
      if (order !== 0) return order * direction;
    }
    return 0;
  };
}

function* take(documents: Iterable<Document>, count: number): Generator<Document> {
  let left = count;
  for (const document of documents) {
    if (left-- <= 0) return;
    yield document;
  }
}

function isSame(a: Document, b: Document): boolean {
  return Buffer.compare(BSON.serialize(a), BSON.serialize(b)) === 0;
}

function keyOf(id: unknown): string {
  return typeof id === 'string' ? `text ${id}` : BSON.EJSON.stringify({ id });
}
