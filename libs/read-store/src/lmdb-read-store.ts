import type { CollectionSpec, Document } from '@souk/event-sourcing';
import { type LmdbEnvironment, type LmdbTable, openEnvironment, SMALL } from '@souk/lmdb';
import { type CollectionTables, openTables } from './collection-tables';
import { CursorSigner } from './cursor';
import { DroppedCollections } from './dropped-collections';
import { LmdbClaims } from './lmdb-claims';
import { LmdbCollection } from './lmdb-collection';
import { LmdbSnapshotStore } from './lmdb-snapshot-store';
import { assertValueKeys, isSameSpec } from './read-store-keys';
import { type CollectionWriter, ReadStore } from './read-store.port';

export interface LmdbReadStoreOptions {
  /** Made where there is none; for this process alone. */
  readonly directory: string;
  /** Signs cursors; at least 32 bytes. Cursors of another key are refused. */
  readonly signingKey: Buffer;
}

/**
 * All collections in one LMDB environment, so that a commit takes documents, index entries and checkpoint together or not at all, and
 * collections that commit at the same time share the work. Nothing waits for a flush: after a power failure the last commits may be
 * missing, whole and in order, and are made again from the events.
 */
export class LmdbReadStore extends ReadStore {
  override readonly shared = false;
  /** Of aggregates: derived from events as read models are, and kept with them. */
  readonly snapshots: LmdbSnapshotStore;
  private readonly claims: LmdbClaims;
  private readonly opened = new Map<string, LmdbCollection<Document>>();

  private constructor(
    private readonly environment: LmdbEnvironment,
    private readonly tables: CollectionTables,
    private readonly values: LmdbTable<string, unknown>,
    private readonly dropped: DroppedCollections,
    private readonly cursors: CursorSigner,
  ) {
    super();
    this.snapshots = new LmdbSnapshotStore(environment);
    this.claims = new LmdbClaims(environment);
  }

  /** @throws StoreLocked while another process has the directory open; RangeError for a short signing key */
  static async open({ directory, signingKey }: LmdbReadStoreOptions): Promise<LmdbReadStore> {
    const cursors = new CursorSigner(signingKey);
    const environment = await openEnvironment(directory, { durability: 'ordered' });
    const tables = openTables(environment);
    const values = environment.openTable<string, unknown>('values', { encoding: 'json' });
    const dropped = new DroppedCollections(tables);
    await dropped.dropHalfBuilt();
    return new LmdbReadStore(environment, tables, values, dropped, cursors);
  }

  override open<Doc extends Document>(spec: CollectionSpec): CollectionWriter<Doc> {
    const known = this.opened.get(spec.name);
    if (known && !isSameSpec(known.spec, spec)) throw new Error(`collection "${spec.name}" is open with another specification`);
    if (known) return known as unknown as CollectionWriter<Doc>;
    const collection = new LmdbCollection<Document>(spec, this.tables, this.dropped, this.cursors);
    this.opened.set(spec.name, collection);
    return collection as unknown as CollectionWriter<Doc>;
  }

  override async getValue(key: string): Promise<unknown> {
    return this.values.get(key);
  }

  override async putValues(values: Readonly<Record<string, unknown>>): Promise<void> {
    assertValueKeys(Object.keys(values));
    await this.environment.writeBlind(() => {
      for (const [key, value] of Object.entries(values)) this.values.put(key, value);
    }, SMALL);
  }

  override async claim(key: string, ttlMs: number): Promise<boolean> {
    assertValueKeys([key]);
    return this.claims.take(key, ttlMs);
  }

  /** Bytes on disk. */
  stats(): { readonly bytes: number } {
    return this.environment.stats();
  }

  /** Whether a commit would find no room on the disk. */
  isFull(): boolean {
    return this.environment.isFull();
  }

  /** Waits for the commits under way; nothing can be read or written afterwards. */
  async close(): Promise<void> {
    await this.dropped.stop();
    await this.environment.close();
  }
}
