import { setImmediate as nextTurn } from 'node:timers/promises';
import { comparePositions, type Position } from '@souk/event-sourcing';
import { type IndexSet, UnindexableDocument } from '../index-entries';
import { MAX_ID_BYTES } from '../index-key';
import type { Change } from '../read-store.port';
import { plainValue } from './plain-value';
import { type StoredDocument, textOf } from './stored';

/** MongoDB takes 16 MB; entries and what else is stored with a document need some of it. */
const MAX_DOCUMENT_BYTES = 12 << 20;

/** Documents that are worked out between two turns of the event loop: some milliseconds of work. */
const STAGED_AT_ONCE = 100;

/** A tombstone lives for so long, whatever the checkpoint: longer than any process stands still and then goes on with a commit of before. */
const TOMBSTONE_MS = 24 * 60 * 60_000;

/** What a document is to become, and on what that was worked out. */
export interface DocumentWrite {
  readonly next: StoredDocument;
  /** Where the document stands now; `undefined` where there is none. */
  readonly base: Position | undefined;
  /** Keys of index entries that the document comes to have, and has no more. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/**
 * The last change of each document, as it will be stored. What is at or below the checkpoint is a repeat, perhaps of something whose tombstone
 * is gone.
 * @throws UnindexableDocument
 */
export async function stage(
  collection: string,
  indexes: IndexSet,
  changes: readonly Change[],
  checkpoint: Position | undefined,
  now: number,
): Promise<StoredDocument[]> {
  const staged = new Map<string, StoredDocument>();
  for (const [n, change] of changes.entries()) {
    if (n % STAGED_AT_ONCE === STAGED_AT_ONCE - 1) await nextTurn();
    if (checkpoint !== undefined && comparePositions(change.position, checkpoint) <= 0) continue;
    const earlier = staged.get(change.id);
    if (earlier && comparePositions(change.position, earlier.position) <= 0) continue;
    staged.set(change.id, storedDocument(collection, indexes, change, now));
  }
  return [...staged.values()];
}

/** What has to be written to get from one to the other; `undefined` where there is something as new already. */
export function writeOver(
  base: Pick<StoredDocument, 'position' | 'entries'> | undefined,
  next: StoredDocument,
): DocumentWrite | undefined {
  if (base && comparePositions(next.position, base.position) <= 0) return undefined;
  const key = (entry: string): string => entryKey(entry, next._id);
  return {
    next,
    base: base?.position,
    added: missing(next.entries, base?.entries ?? []).map(key),
    removed: missing(base?.entries ?? [], next.entries).map(key),
  };
}

/** Key of an entry: its values, then the document's id. */
export function entryKey(entry: string, id: string): string {
  return entry + textOf(Buffer.from(id));
}

function storedDocument(collection: string, indexes: IndexSet, { id, doc, position }: Change, now: number): StoredDocument {
  if (Buffer.byteLength(id) > MAX_ID_BYTES)
    throw new UnindexableDocument(collection, id, `its id has more than ${MAX_ID_BYTES} bytes`);
  if (doc === undefined) return { _id: id, bytes: 0, position, entries: [], expireAt: new Date(now + TOMBSTONE_MS) };
  const json = JSON.stringify(doc);
  if (json.length > MAX_DOCUMENT_BYTES)
    throw new UnindexableDocument(collection, id, `it has more than ${MAX_DOCUMENT_BYTES} bytes`);
  const entries = indexes.entriesOf(id, doc).map(textOf);
  const value = plainValue(json);
  const content = 'json' in value ? value : { doc: value.plain as object };
  return { _id: id, ...content, bytes: json.length, position, entries };
}

/** Those of `a` that `b` has not. Both are short. */
function missing(a: readonly string[], b: readonly string[]): readonly string[] {
  return b.length === 0 ? a : a.filter((one) => !b.includes(one));
}
