import type { Document } from '@souk/event-sourcing';
import { type CollectionTables, NUMBER_BYTES } from './collection-tables';
import { endOfValues } from './index-key';
import type { QueryPlan } from './query-plan';
import { MAX_SCANNED, type Query } from './read-store.port';
import { parseDocument, type StoredDocument, unpackDocument } from './stored-document';

interface Scan<Doc extends Document> {
  readonly items: readonly Doc[];
  /** Entry that the next page goes on after; absent where there is no next page. */
  readonly last?: Buffer;
}

/** Walks over a range of an index, in one snapshot. @param after entry where the page before has stopped */
export function runQuery<Doc extends Document>(
  tables: CollectionTables,
  prefix: Buffer,
  plan: QueryPlan,
  after: Buffer | undefined,
  filter: Query<Doc>['filter'],
): Scan<Doc> {
  const items: Doc[] = [];
  let last: Buffer | undefined;
  let scanned = 0;
  for (const key of tables.entries.keys(bounds(prefix, plan, after))) {
    const entry = key.subarray(NUMBER_BYTES);
    const idStart = endOfValues(entry, 1, plan.fields);
    const packed = tables.documents.get(Buffer.concat([prefix, entry.subarray(idStart)]));
    if (!packed) continue;
    const stored = unpackDocument(packed);
    if (!isFirstOfDocument(entry.subarray(0, idStart), stored, plan)) continue;
    if (items.length === plan.limit || scanned === MAX_SCANNED) return last ? { items, last } : { items };
    const doc = parseDocument<Doc>(stored);
    scanned++;
    last = entry;
    if (doc !== undefined && (!filter || filter(doc))) items.push(doc);
  }
  return { items };
}

function bounds(prefix: Buffer, { from, to, reverse }: QueryPlan, after: Buffer | undefined) {
  const low = Buffer.concat([prefix, from]);
  const high = Buffer.concat([prefix, to]);
  const last = after && Buffer.concat([prefix, after]);
  if (reverse) return { gte: low, lt: last ?? high, reverse };
  return last ? { gt: last, lt: high } : { gte: low, lt: high };
}

/** A document with several entries in the range (one for each element of an array) counts once: where the walk comes to it first. */
function isFirstOfDocument(values: Buffer, { entries }: StoredDocument, { from, to, reverse }: QueryPlan): boolean {
  return entries.every((other) => {
    if (other[0] !== values[0] || Buffer.compare(other, from) < 0 || Buffer.compare(other, to) >= 0) return true;
    const order = Buffer.compare(values, other);
    return reverse ? order >= 0 : order <= 0;
  });
}
