import { comparePositions, type Document, type Position } from '@souk/event-sourcing';
import type { WriteSize } from '@souk/lmdb';
import { type CollectionRecord, type CollectionTables, NOTHING, NUMBER_BYTES, textKey } from './collection-tables';
import { type IndexSet, UnindexableDocument } from './index-entries';
import { afterPrefix, MAX_ID_BYTES } from './index-key';
import type { Change } from './read-store.port';
import type { RecentDocuments } from './recent-documents';
import { packDocument, unpackDocument } from './stored-document';

/** Tombstones that the checkpoint has passed, and that one commit removes at most: few milliseconds of work. */
const TOMBSTONES_AT_ONCE = 250;

/** What one document is to become. */
interface Staged {
  readonly position: Position;
  readonly doc: Document | undefined;
  readonly key: Buffer;
  /** Index entries that lie in the store now, `undefined` where nothing does, and those that shall. */
  readonly stored: readonly Buffer[] | undefined;
  readonly entries: readonly Buffer[];
}

/** What a commit is worked out from. */
export interface CommitPlace {
  readonly tables: CollectionTables;
  readonly prefix: Buffer;
  readonly indexes: IndexSet;
  readonly collection: string;
  readonly recent: RecentDocuments;
  /** There may be tombstones. */
  readonly hasTombstones: boolean;
}

/** A commit that is worked out. */
export interface PreparedCommit {
  /** To be called within a write: puts and removes, all at once. */
  readonly write: () => void;
  /** To be called when it is written. */
  readonly written: () => void;
  readonly size: WriteSize;
  readonly makesTombstones: boolean;
  /** There may be more tombstones that the checkpoint has passed: the next commit removes some of them. */
  readonly leavesTombstones: boolean;
}

/** Works out what a commit writes. @throws UnindexableDocument */
export function prepareCommit(
  place: CommitPlace,
  changes: readonly Change[],
  before: CollectionRecord,
  after: CollectionRecord & { readonly checkpoint: Position },
): PreparedCommit {
  const { tables, prefix, recent } = place;
  const staged = new Map<string, Staged>();
  for (const change of changes) {
    // Everything up to the checkpoint is in: this is a repeat, perhaps of something whose tombstone is gone.
    if (before.checkpoint !== undefined && comparePositions(change.position, before.checkpoint) <= 0) continue;
    const next = stage(place, change, staged.get(change.id));
    if (next) staged.set(change.id, next);
  }
  const tombstones = place.hasTombstones ? passedTombstones(tables, prefix, after.checkpoint) : [];
  const writes = [...staged].map(([id, { position, doc, key, stored = [], entries }]) => {
    const isGone = doc === undefined && comparePositions(position, after.checkpoint) <= 0;
    return {
      key,
      packed: isGone ? undefined : packDocument(position, entries, doc),
      tombstone: doc === undefined && !isGone ? tombstoneKey(prefix, position, id) : undefined,
      removed: missing(stored, entries).map((entry) => entryKey(key, entry)),
      added: missing(entries, stored).map((entry) => entryKey(key, entry)),
    };
  });

  const write = () => {
    for (const { key, document } of tombstones) {
      tables.tombstones.remove(key);
      if (document) tables.documents.remove(document);
    }
    for (const { key, packed, tombstone, removed, added } of writes) {
      if (packed) tables.documents.put(key, packed);
      else tables.documents.remove(key);
      if (tombstone) tables.tombstones.put(tombstone, NOTHING);
      for (const entry of removed) tables.entries.remove(entry);
      for (const entry of added) tables.entries.put(entry, NOTHING);
    }
  };
  const written = () => {
    let n = 0;
    for (const [id, { position, doc, stored, entries }] of staged) {
      const { packed } = writes[n++]!;
      if (doc === undefined) recent.forget(id);
      else if (stored) recent.set(id, { position, doc, entries }, packed!.length);
    }
  };
  const size = { keys: 2 * tombstones.length, bytes: 0 };
  for (const { packed, tombstone, removed, added } of writes) {
    size.keys += 1 + (tombstone ? 1 : 0) + removed.length + added.length;
    size.bytes += (packed?.length ?? 0) + added.reduce((sum, entry) => sum + entry.length, 0);
  }
  return {
    write,
    written,
    size,
    makesTombstones: writes.some(({ tombstone }) => tombstone),
    leavesTombstones: tombstones.length === TOMBSTONES_AT_ONCE,
  };
}

/** `undefined` where the change is a repeat. */
function stage(
  { tables, prefix, indexes, collection, recent }: CommitPlace,
  { id, doc, position }: Change,
  earlier: Staged | undefined,
): Staged | undefined {
  if (Buffer.byteLength(id) > MAX_ID_BYTES)
    throw new UnindexableDocument(collection, id, `its id has more than ${MAX_ID_BYTES} bytes`);
  const key = earlier?.key ?? textKey(prefix, id);
  const known = recent.get(id);
  const found = earlier ?? (known ? { position: known.position, stored: known.entries } : load(tables, key));
  if (found && comparePositions(position, found.position) <= 0) return undefined;
  return { position, doc, key, stored: found?.stored, entries: doc === undefined ? [] : indexes.entriesOf(id, doc, known) };
}

function load(tables: CollectionTables, key: Buffer): Pick<Staged, 'position' | 'stored'> | undefined {
  const bytes = tables.documents.get(key);
  if (!bytes) return undefined;
  const { position, entries } = unpackDocument(bytes);
  return { position, stored: entries };
}

/** Those of `a` that `b` has not. Both are short. */
function missing(a: readonly Buffer[], b: readonly Buffer[]): readonly Buffer[] {
  return b.length === 0 ? a : a.filter((one) => !b.some((other) => one === other || one.equals(other)));
}

/** @param document key of the document: number | id */
function entryKey(document: Buffer, entry: Buffer): Buffer {
  const key = Buffer.allocUnsafe(document.length + entry.length);
  document.copy(key, 0, 0, NUMBER_BYTES);
  entry.copy(key, NUMBER_BYTES);
  document.copy(key, NUMBER_BYTES + entry.length, NUMBER_BYTES);
  return key;
}

function tombstoneKey(prefix: Buffer, position: Position, id: string): Buffer {
  return textKey(textKey(prefix, position), id);
}

export function hasTombstones({ tombstones }: CollectionTables, prefix: Buffer): boolean {
  for (const _ of tombstones.keys({ gte: prefix, lt: afterPrefix(prefix)!, limit: 1 })) return true;
  return false;
}

/** The oldest tombstones at or below the checkpoint; `document` unless something newer stands there by now. */
function passedTombstones(
  { tombstones, documents }: CollectionTables,
  prefix: Buffer,
  checkpoint: Position,
): readonly { readonly key: Buffer; readonly document?: Buffer }[] {
  const positionEnd = NUMBER_BYTES + checkpoint.length;
  const end = Buffer.concat([textKey(prefix, checkpoint), Buffer.of(0xff)]);
  return [...tombstones.keys({ gte: prefix, lt: end, limit: TOMBSTONES_AT_ONCE })].map((key) => {
    const document = Buffer.concat([prefix, key.subarray(positionEnd)]);
    const stored = documents.get(document);
    const position = key.toString('latin1', NUMBER_BYTES, positionEnd);
    return stored && unpackDocument(stored).position === position ? { key, document } : { key };
  });
}
