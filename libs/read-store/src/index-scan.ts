import type { Document } from '@souk/event-sourcing';
import { type CollectionTables, NUMBER_BYTES } from './collection-tables';
import { endOfValues } from './index-key';
import type { EntryRange, QueryPlan } from './query-plan';
import { MAX_CHOICES, MAX_PAGE_BYTES, MAX_SCANNED, type Query } from './read-store.port';
import { everyEntry, parseDocument, unpackDocument } from './stored-document';

interface Scan<Doc extends Document> {
  readonly items: readonly Doc[];
  /** Where the next page goes on: number of the range that was walked over (one byte), last entry. Absent where there is no next page. */
  readonly stop?: Buffer;
}

/** Walks over a range of an index, in one snapshot. @param after where the page before has stopped */
export function runQuery<Doc extends Document>(
  tables: CollectionTables,
  prefix: Buffer,
  plan: QueryPlan,
  after: Buffer | undefined,
  filter: Query<Doc>['filter'],
): Scan<Doc> {
  const number = after?.[0] ?? narrowest(tables, prefix, plan.ranges);
  const walked = plan.ranges[number]!;
  const others = plan.ranges.filter((range) => range !== walked);
  const items: Doc[] = [];
  let last: Buffer | undefined;
  let entries = 0;
  let bytes = 0;
  const stopped = (): Scan<Doc> => (last ? { items, stop: Buffer.concat([Buffer.of(number), last]) } : { items });
  for (const key of tables.entries.keys(bounds(prefix, walked, plan.reverse, after?.subarray(1)))) {
    if (entries++ === MAX_SCANNED) return stopped();
    const entry = key.subarray(NUMBER_BYTES);
    const idStart = endOfValues(entry, 1, plan.fields);
    const packed = tables.documents.peek(Buffer.concat([prefix, entry.subarray(idStart)]));
    if (packed && isCalledFor(packed, entry.subarray(0, idStart), walked, others, plan.reverse)) {
      if (items.length === plan.limit || bytes >= MAX_PAGE_BYTES) return stopped();
      const stored = unpackDocument(packed);
      const doc = parseDocument<Doc>(stored);
      bytes += stored.json.length;
      if (doc !== undefined && (!filter || filter(doc))) items.push(doc);
    }
    last = entry;
  }
  return { items };
}

/** Sizes of ranges that are told apart. Passing over as many entries as the last one takes about a millisecond. */
export const RANGE_SIZES = [0, 30, 250, 2_000, 16_000];

/** Number of the range with the fewest entries, roughly; of equal ones the first. */
function narrowest({ entries }: CollectionTables, prefix: Buffer, ranges: readonly EntryRange[]): number {
  if (ranges.length === 1) return 0;
  const choices = ranges.slice(0, MAX_CHOICES).map((range) => bounds(prefix, range, false, undefined));
  for (const offset of RANGE_SIZES) {
    const found = choices.findIndex((range) => [...entries.keys({ ...range, offset, limit: 1 })].length === 0);
    if (found >= 0) return found;
  }
  return 0;
}

function bounds(prefix: Buffer, { from, to }: EntryRange, reverse: boolean, after: Buffer | undefined) {
  const low = Buffer.concat([prefix, from]);
  const high = Buffer.concat([prefix, to]);
  const last = after && Buffer.concat([prefix, after]);
  if (reverse) return { gte: low, lt: last ?? high, reverse };
  return last ? { gt: last, lt: high } : { gte: low, lt: high };
}

/**
 * Whether a document belongs to the answer because of these values. One with several entries in the range (one for each element of an
 * array) counts once: where the walk comes to it first. It has an entry in each of the other ranges as well.
 */
function isCalledFor(
  packed: Buffer,
  values: Buffer,
  walked: EntryRange,
  others: readonly EntryRange[],
  reverse: boolean,
): boolean {
  const missing = new Set(others);
  const isFirst = everyEntry(packed, (start, end) => {
    if (packed[start] !== values[0]) return true;
    for (const range of missing) if (isWithin(packed, start, end, range)) missing.delete(range);
    if (!isWithin(packed, start, end, walked)) return true;
    const order = compareBytes(packed, start, end, values);
    return reverse ? order <= 0 : order >= 0;
  });
  return isFirst && missing.size === 0;
}

function isWithin(bytes: Buffer, start: number, end: number, { from, to }: EntryRange): boolean {
  return compareBytes(bytes, start, end, from) >= 0 && compareBytes(bytes, start, end, to) < 0;
}

/** As Buffer.compare does, of a part of a buffer: most keys differ early, where a call into the runtime costs more than the loop. */
function compareBytes(bytes: Buffer, start: number, end: number, other: Buffer): number {
  const length = Math.min(end - start, other.length);
  for (let i = 0; i < length; i++) {
    const difference = bytes[start + i]! - other[i]!;
    if (difference !== 0) return difference;
  }
  return end - start - other.length;
}
