import type { CollectionSpec, Document, IndexedValue, IndexFields } from '@souk/event-sourcing';
import { MAX_INDEX_FIELDS, MAX_VALUE_BYTES, writeValue } from './index-key';

/** A document that its indexes cannot take: a mistake in the projection that made it. */
export class UnindexableDocument extends Error {
  readonly code = 'unindexable-document';
  constructor(
    readonly collection: string,
    readonly id: string,
    detail: string,
  ) {
    super(`collection "${collection}", document "${id}": ${detail}`);
    this.name = new.target.name;
  }
}

/** A document and its index entries. */
export interface Indexed {
  readonly doc: Document;
  readonly entries: readonly Buffer[];
}

/** An index's number is one byte, and FF is kept free: whatever begins with a number is followed by something. */
const MAX_INDEXES = 255;

/** The indexes of a collection, made ready: `entriesOf` is called for every write. */
export class IndexSet {
  private readonly indexes: readonly (readonly (readonly string[])[])[];
  private readonly names: readonly string[];

  /** @throws RangeError for more fields or indexes than a key has room for */
  constructor(private readonly spec: CollectionSpec) {
    this.names = Object.keys(spec.indexes);
    if (this.names.length > MAX_INDEXES) throw new RangeError(`collection "${spec.name}" has more than ${MAX_INDEXES} indexes`);
    this.indexes = Object.values(spec.indexes).map((fields) => fields.map((field) => field.split('.')));
    for (const [name, fields] of Object.entries(spec.indexes))
      if (fields.length === 0 || fields.length > MAX_INDEX_FIELDS)
        throw new RangeError(
          `collection "${spec.name}": index "${name}" has ${fields.length} fields, it takes 1 to ${MAX_INDEX_FIELDS}`,
        );
  }

  /** Number and fields of an index; `undefined` where there is none of that name. */
  find(name: string): { readonly number: number; readonly fields: IndexFields } | undefined {
    const number = this.names.indexOf(name);
    return number < 0 ? undefined : { number, fields: this.spec.indexes[name]! };
  }

  /**
   * Index entries of a document: for each index its number (one byte) and the values of its fields. A field that is not there is `null`;
   * an array gives one entry for each of its distinct elements, so none when empty.
   * @param before the document as it was: entries of indexes whose fields have not changed are taken from it
   * @throws UnindexableDocument
   */
  entriesOf(id: string, doc: Document, before?: Indexed): Buffer[] {
    try {
      return this.indexes.flatMap((fields, number) =>
        before && fields.every((path) => valueAt(doc, path) === valueAt(before.doc, path))
          ? before.entries.filter((one) => one[0] === number)
          : entriesOfIndex(number, fields, doc),
      );
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw new UnindexableDocument(this.spec.name, id, error.message);
    }
  }
}

const scratch = Buffer.allocUnsafe(1 + MAX_INDEX_FIELDS * MAX_VALUE_BYTES);

function entriesOfIndex(number: number, fields: readonly (readonly string[])[], doc: Document): Buffer[] {
  const values = fields.map((path) => valueAt(doc, path));
  const spread = values.findIndex(Array.isArray);
  if (spread < 0) return [entry(number, values)];
  if (values.findLastIndex(Array.isArray) !== spread) throw new TypeError('two fields of one index hold an array');
  const entries = (values[spread] as unknown[]).map((element) => entry(number, values.with(spread, element)));
  return entries.length < 2 ? entries : distinct(entries);
}

function entry(number: number, values: readonly unknown[]): Buffer {
  scratch[0] = number;
  let at = 1;
  for (const value of values) at = writeValue(scratch, at, (value ?? null) as IndexedValue);
  return Buffer.from(scratch.subarray(0, at));
}

function distinct(entries: readonly Buffer[]): Buffer[] {
  return [...new Map(entries.map((one) => [one.toString('latin1'), one])).values()];
}

function valueAt(doc: Document, path: readonly string[]): unknown {
  let value: unknown = doc;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return null;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}
