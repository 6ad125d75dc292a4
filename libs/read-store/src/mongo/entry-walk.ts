import { comparePositions, type Document } from '@souk/event-sourcing';
import { endOfValues } from '../index-key';
import { RANGE_SIZES } from '../index-scan';
import type { EntryRange, QueryPlan } from '../query-plan';
import { MAX_CHOICES, MAX_PAGE_BYTES, MAX_SCANNED, type Query } from '../read-store.port';
import { type MongoGeneration, parseDocument } from './mongo-generation';
import { bytesOf, type StoredDocument, type StoredEntry, textOf } from './stored';

interface Walk<Doc extends Document> {
  readonly items: readonly Doc[];
  /** Where the next page goes on, as the embedded store has it: number of the range (one byte), last entry. */
  readonly stop?: Buffer;
}

/** Values and document of an entry. */
interface Found {
  readonly key: string;
  readonly values: string;
  readonly stored: StoredDocument | undefined;
}

/** Entries that are read at once. */
const ENTRIES_AT_ONCE = 100;
/** Entries and documents are not read at the same moment: how often both are read again where a document has moved in between. */
const MAX_LOOKS = 3;

/** Walks over a range of an index. @param after where the page before has stopped */
export async function walkEntries<Doc extends Document>(
  generation: MongoGeneration<Doc>,
  plan: QueryPlan,
  after: Buffer | undefined,
  filter: Query<Doc>['filter'],
): Promise<Walk<Doc>> {
  const number = after?.[0] ?? (await narrowest(generation, plan.ranges));
  const walked = textRange(plan.ranges[number]!);
  const others = plan.ranges.filter((_, n) => n !== number).map(textRange);
  const items: Doc[] = [];
  let last = after && textOf(after.subarray(1));
  let entries = 0;
  let bytes = 0;
  // Never at the first entry, so there is a last one.
  const stop = (): Walk<Doc> => ({ items, stop: Buffer.concat([Buffer.of(number), bytesOf(last!)]) });
  for (let atOnce = Math.min(plan.limit + 1, ENTRIES_AT_ONCE); ; atOnce = ENTRIES_AT_ONCE) {
    const found = await look(generation, plan, bounds(walked, plan.reverse, last), atOnce);
    for (const { key, values, stored } of found) {
      if (entries++ === MAX_SCANNED) return stop();
      if (stored && isCalledFor(stored.entries, values, walked, others, plan.reverse)) {
        if (items.length === plan.limit || bytes >= MAX_PAGE_BYTES) return stop();
        bytes += stored.bytes;
        const doc = parseDocument<Doc>(stored)!;
        if (!filter || filter(doc)) items.push(doc);
      }
      last = key;
    }
    if (found.length < atOnce) return { items };
  }
}

/** The next entries with their documents; without, where the document has not these values (any more). */
async function look<Doc extends Document>(
  generation: MongoGeneration<Doc>,
  { fields, reverse }: QueryPlan,
  range: object,
  limit: number,
): Promise<Found[]> {
  for (let looks = 1; ; looks++) {
    const entries = await generation.entriesBetween(range, reverse ? -1 : 1, limit);
    const parts = entries.map((entry) => ({ entry, ...partsOf(entry._id, fields) }));
    const documents = await generation.readAll([...new Set(parts.map(({ id }) => id))]);
    const stale = parts.filter(({ id, values }) => documents.get(id)?.entries.includes(values) === false);
    // Of a document that is deleted, nothing else can be found than that.
    const isMoving = stale.some(({ id }) => documents.get(id)!.entries.length > 0);
    if (isMoving && looks < MAX_LOOKS) continue;
    const left = stale.map(({ entry, id }) => ({ entry, document: documents.get(id)! }));
    forget(generation, left);
    return parts.map(({ entry, id, values }) => {
      const stored = documents.get(id);
      return { key: entry._id, values, stored: stored?.entries.includes(values) ? stored : undefined };
    });
  }
}

/**
 * A process that ends between two writes leaves entries that no document has; who comes across them removes them. Those that are newer than
 * the document are on their way: the document is about to have them.
 */
function forget<Doc extends Document>(
  generation: MongoGeneration<Doc>,
  stale: readonly { readonly entry: StoredEntry; readonly document: StoredDocument }[],
): void {
  const left = stale.filter(({ entry, document }) => comparePositions(entry.position, document.position) < 0);
  // It is not what was asked for: where it fails, the next one will come across them.
  if (left.length > 0) generation.removeEntries(left.map(({ entry }) => entry)).catch(() => undefined);
}

/** Number of the range with the fewest entries, roughly; of equal ones the first. */
async function narrowest<Doc extends Document>(generation: MongoGeneration<Doc>, ranges: readonly EntryRange[]): Promise<number> {
  if (ranges.length === 1) return 0;
  const choices = ranges.slice(0, MAX_CHOICES).map((range) => bounds(textRange(range), false, undefined));
  for (const size of RANGE_SIZES) {
    const small = await Promise.all(choices.map((range) => generation.hasAtMost(range, size)));
    if (small.includes(true)) return small.indexOf(true);
  }
  return 0;
}

interface TextRange {
  readonly from: string;
  readonly to: string;
}

function textRange({ from, to }: EntryRange): TextRange {
  return { from: textOf(from), to: textOf(to) };
}

function bounds({ from, to }: TextRange, reverse: boolean, last: string | undefined): object {
  if (reverse) return { $gte: from, $lt: last ?? to };
  return last === undefined ? { $gte: from, $lt: to } : { $gt: last, $lt: to };
}

function partsOf(key: string, fields: number): { readonly values: string; readonly id: string } {
  const bytes = bytesOf(key);
  const idStart = endOfValues(bytes, 1, fields);
  return { values: key.slice(0, idStart), id: bytes.toString('utf8', idStart) };
}

/**
 * Whether a document belongs to the answer because of these values. One with several entries in the range (one for each element of an
 * array) counts once: where the walk comes to it first. It has an entry in each of the other ranges as well.
 */
function isCalledFor(
  entries: readonly string[],
  values: string,
  walked: TextRange,
  others: readonly TextRange[],
  reverse: boolean,
): boolean {
  const isFirst = entries.every((one) => !isWithin(one, walked) || (reverse ? one <= values : one >= values));
  return isFirst && others.every((range) => entries.some((one) => isWithin(one, range)));
}

function isWithin(entry: string, { from, to }: TextRange): boolean {
  return entry >= from && entry < to;
}
