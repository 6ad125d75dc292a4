import { comparePositions, type Document, type Position } from '@souk/event-sourcing';
import { type CollectionRecord, type CollectionTables, NOTHING, NUMBER_BYTES, textKey } from './collection-tables';
import { type IndexSet, UnindexableDocument } from './index-entries';
import { MAX_ID_BYTES } from './index-key';
import type { Change } from './read-store.port';
import { packDocument, unpackDocument } from './stored-document';

/** What one document is to become. */
interface Staged {
  readonly position: Position;
  readonly doc: Document | undefined;
  readonly key: Buffer;
  /** Index entries that lie in the store now, and those that shall. */
  readonly stored: readonly Buffer[];
  readonly entries: readonly Buffer[];
}

/**
 * Works out what a commit writes, and answers the function that does so within a write, all at once.
 * @throws UnindexableDocument
 */
export function prepareCommit(
  tables: CollectionTables,
  prefix: Buffer,
  indexes: IndexSet,
  collection: string,
  changes: readonly Change[],
  before: CollectionRecord,
  after: CollectionRecord & { readonly checkpoint: Position },
): () => void {
  const staged = new Map<string, Staged>();
  for (const change of changes) {
    // Everything up to the checkpoint is in: this is a repeat, perhaps of something whose tombstone is gone.
    if (before.checkpoint !== undefined && comparePositions(change.position, before.checkpoint) <= 0) continue;
    const next = stage(tables, prefix, indexes, collection, change, staged.get(change.id));
    if (next) staged.set(change.id, next);
  }
  const tombstones = passedTombstones(tables, prefix, after.checkpoint);
  const writes = [...staged].map(([id, one]) => ({
    ...one,
    id,
    packed: one.doc === undefined && comparePositions(one.position, after.checkpoint) <= 0 ? undefined : packed(one),
  }));

  return () => {
    for (const { key, document } of tombstones) {
      tables.tombstones.remove(key);
      if (document) tables.documents.remove(document);
    }
    for (const { id, key, doc, position, stored, entries, packed } of writes) {
      if (packed) tables.documents.put(key, packed);
      else tables.documents.remove(key);
      if (packed && doc === undefined) tables.tombstones.put(tombstoneKey(prefix, position, id), NOTHING);
      for (const entry of missing(stored, entries)) tables.entries.remove(textKey(Buffer.concat([prefix, entry]), id));
      for (const entry of missing(entries, stored)) tables.entries.put(textKey(Buffer.concat([prefix, entry]), id), NOTHING);
    }
  };
}

/** `undefined` where the change is a repeat. */
function stage(
  tables: CollectionTables,
  prefix: Buffer,
  indexes: IndexSet,
  collection: string,
  { id, doc, position }: Change,
  earlier: Staged | undefined,
): Staged | undefined {
  if (Buffer.byteLength(id) > MAX_ID_BYTES)
    throw new UnindexableDocument(collection, id, `its id has more than ${MAX_ID_BYTES} bytes`);
  const key = earlier?.key ?? textKey(prefix, id);
  const found = earlier ?? load(tables, key);
  if (found && comparePositions(position, found.position) <= 0) return undefined;
  return { position, doc, key, stored: found?.stored ?? [], entries: doc === undefined ? [] : indexes.entriesOf(id, doc) };
}

function load(tables: CollectionTables, key: Buffer): Pick<Staged, 'position' | 'stored'> | undefined {
  const bytes = tables.documents.get(key);
  if (!bytes) return undefined;
  const { position, entries } = unpackDocument(bytes);
  return { position, stored: entries };
}

function packed({ position, entries, doc }: Staged): Buffer {
  return packDocument(position, entries, doc);
}

/** Those of `a` that `b` has not. Both are short. */
function missing(a: readonly Buffer[], b: readonly Buffer[]): readonly Buffer[] {
  return b.length === 0 ? a : a.filter((one) => !b.some((other) => one.equals(other)));
}

function tombstoneKey(prefix: Buffer, position: Position, id: string): Buffer {
  return textKey(textKey(prefix, position), id);
}

/** Tombstones at or below the checkpoint; `document` unless something newer stands there by now. */
function passedTombstones(
  { tombstones, documents }: CollectionTables,
  prefix: Buffer,
  checkpoint: Position,
): readonly { readonly key: Buffer; readonly document?: Buffer }[] {
  const positionEnd = NUMBER_BYTES + checkpoint.length;
  const end = Buffer.concat([textKey(prefix, checkpoint), Buffer.of(0xff)]);
  return [...tombstones.keys({ gte: prefix, lt: end })].map((key) => {
    const document = Buffer.concat([prefix, key.subarray(positionEnd)]);
    const stored = documents.get(document);
    const position = key.toString('latin1', NUMBER_BYTES, positionEnd);
    return stored && unpackDocument(stored).position === position ? { key, document } : { key };
  });
}
