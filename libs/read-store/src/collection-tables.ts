import type { CollectionSpec, Position } from '@souk/event-sourcing';
import type { LmdbEnvironment, LmdbTable } from '@souk/lmdb';

/** What is known of a collection beside its documents. */
export interface CollectionRecord {
  /** Begins every key of its data. Another version, or a rebuild, gets another number: the old data is just not looked at any more. */
  readonly number: number;
  readonly version: number;
  readonly indexes: CollectionSpec['indexes'];
  readonly checkpoint?: Position;
}

/**
 * The tables that all collections share. Keys of data begin with the collection's number (u32, big-endian):
 * - documents: number | id → stored document
 * - entries: number | index (u8) | values | id → nothing
 * - tombstones: number | position | id → nothing
 */
export interface CollectionTables {
  readonly environment: LmdbEnvironment;
  /** By name the generation that serves, by {@link buildingKey} the one that is being built. */
  readonly collections: LmdbTable<string, CollectionRecord>;
  /** Numbers whose data is still to be removed. */
  readonly dropped: LmdbTable<number, true>;
  readonly documents: LmdbTable<Buffer, Buffer>;
  readonly entries: LmdbTable<Buffer, Buffer>;
  readonly tombstones: LmdbTable<Buffer, Buffer>;
}

export function openTables(environment: LmdbEnvironment): CollectionTables {
  const data = { encoding: 'binary', keys: 'binary' } as const;
  return {
    environment,
    collections: environment.openTable('collections', { encoding: 'json' }),
    dropped: environment.openTable('dropped', { encoding: 'json' }),
    documents: environment.openTable('documents', data),
    entries: environment.openTable('entries', data),
    tombstones: environment.openTable('tombstones', data),
  };
}

const BUILDING = '/building';

/** Key of the record of a generation that is being built. No collection has such a name. */
export function buildingKey(collection: string): string {
  return `${collection}${BUILDING}`;
}

export function isBuildingKey(key: string): boolean {
  return key.endsWith(BUILDING);
}

/** A value for tables whose keys say everything. LMDB takes empty ones, its binding reads them as missing in places. */
export const NOTHING = Buffer.of(1);

export function numberPrefix(number: number): Buffer {
  const prefix = Buffer.allocUnsafe(NUMBER_BYTES);
  prefix.writeUInt32BE(number);
  return prefix;
}

export const NUMBER_BYTES = 4;

/** prefix | text */
export function textKey(prefix: Buffer, text: string): Buffer {
  const key = Buffer.allocUnsafe(prefix.length + Buffer.byteLength(text));
  prefix.copy(key);
  key.write(text, prefix.length, 'utf8');
  return key;
}
