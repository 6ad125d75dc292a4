import type { CollectionSpec, Document, IndexedValue } from '@souk/event-sourcing';
import type { IndexSet } from './index-entries';
import { afterPrefix, encodeValues } from './index-key';
import { type Query, UncoveredQuery, type ValueRange } from './read-store.port';

/** First byte and values of the first entry that may belong, and of the first that does not any more. */
export interface EntryRange {
  readonly from: Buffer;
  readonly to: Buffer;
}

/** A query as ranges over one index. */
export interface QueryPlan {
  /** Fields of the index: an entry's key holds so many values, then the document's id. */
  readonly fields: number;
  /** At least one; a document has an entry in each of them. */
  readonly ranges: readonly EntryRange[];
  readonly reverse: boolean;
  readonly limit: number;
  /** Stands for the query and its audience: equal texts for queries that may share cursors. */
  readonly binding: string;
}

export const DEFAULT_LIMIT = 50;
export const MAX_LIMIT = 500;

/** @throws UncoveredQuery; RangeError for a limit that is not 1–500 */
export function planQuery<Doc extends Document>(
  { name: collection, version }: CollectionSpec,
  indexes: IndexSet,
  { index, where = {}, range, ranges = [range ?? {}], order = 'ascending', limit = DEFAULT_LIMIT, audience }: Query<Doc>,
): QueryPlan {
  const found = indexes.find(index);
  if (!found) throw new UncoveredQuery(collection, index, 'is not declared');
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT)
    throw new RangeError(`limit ${limit} is not within 1–${MAX_LIMIT}`);

  const { number, fields } = found;
  const given = Object.keys(where).length;
  const values: IndexedValue[] = [];
  for (const field of fields.slice(0, given)) {
    if (!Object.hasOwn(where, field)) throw new UncoveredQuery(collection, index, `does not begin with ${quoted(where)}`);
    values.push(where[field]!);
  }
  if (given > fields.length) throw new UncoveredQuery(collection, index, `does not begin with ${quoted(where)}`);
  if (ranges.length === 0) throw new RangeError('no range is no question');
  if ((range ?? ranges.length > 1) && given === fields.length)
    throw new UncoveredQuery(collection, index, `has no field after ${quoted(where)} for a range`);

  const prefix = Buffer.concat([Buffer.of(number), encodeValues(values)]);
  const bound = (value: IndexedValue): Buffer => Buffer.concat([prefix, encodeValues([value])]);
  return {
    fields: fields.length,
    ranges: ranges.map(({ from, to }) => ({
      from: from === undefined ? prefix : bound(from),
      // There always is one: the first byte is the number of the index, which is below FF.
      to: to === undefined ? afterPrefix(prefix)! : bound(to),
    })),
    reverse: order === 'descending',
    limit,
    binding: JSON.stringify({ collection, version, index, values, ranges: ranges.map(bounds), order, audience }),
  };
}

/** Apart from what else such an object may carry. */
const bounds = ({ from, to }: ValueRange) => ({ from, to });

function quoted(where: Readonly<Record<string, IndexedValue>>): string {
  return Object.keys(where)
    .map((field) => `"${field}"`)
    .join(', ');
}
