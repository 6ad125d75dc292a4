import type { CollectionSpec, Document } from '@souk/event-sourcing';
import type { MongoConnection } from '@souk/mongo';
import { CursorSigner } from '../cursor';
import { assertValueKeys, isSameSpec } from '../read-store-keys';
import { type CollectionWriter, ReadStore } from '../read-store.port';
import { MongoCollection } from './mongo-collection';
import { MongoSnapshotStore } from './mongo-snapshot-store';
import { MongoValues } from './mongo-values';

export interface MongoReadStoreOptions {
  /** To a database for this service alone; the store closes it. */
  readonly connection: MongoConnection;
  /** Signs cursors; at least 32 bytes. The same in all processes of the service: cursors of another key are refused. */
  readonly signingKey: Buffer;
}

/** @throws RangeError for a short signing key; MongoUnavailable */
export async function openMongoReadStore({ connection, signingKey }: MongoReadStoreOptions): Promise<MongoReadStore> {
  const cursors = new CursorSigner(signingKey);
  const values = new MongoValues(connection);
  await values.prepare();
  return new MongoReadStore(connection, values, cursors);
}

/**
 * All collections in one MongoDB database, for all processes of a service. No transactions: a commit writes index entries, then documents, then
 * the checkpoint, each guarded by position; whatever is missing after a crash is made again from the events, and what is there twice is a no-op.
 */
export class MongoReadStore extends ReadStore {
  override readonly shared = true;
  /** Of aggregates: derived from events as read models are, and kept with them. */
  readonly snapshots: MongoSnapshotStore;
  private readonly opened = new Map<string, MongoCollection<Document>>();

  /** Use {@link openMongoReadStore}. */
  constructor(
    private readonly connection: MongoConnection,
    private readonly values: MongoValues,
    private readonly cursors: CursorSigner,
  ) {
    super();
    this.snapshots = new MongoSnapshotStore(connection);
  }

  override open<Doc extends Document>(spec: CollectionSpec): CollectionWriter<Doc> {
    const known = this.opened.get(spec.name);
    if (known && !isSameSpec(known.spec, spec)) throw new Error(`collection "${spec.name}" is open with another specification`);
    if (known) return known as unknown as CollectionWriter<Doc>;
    const collection = new MongoCollection<Document>(spec, this.connection, this.cursors);
    this.opened.set(spec.name, collection);
    return collection as unknown as CollectionWriter<Doc>;
  }

  override getValue(key: string): Promise<unknown> {
    return this.values.get(key);
  }

  override async putValues(values: Readonly<Record<string, unknown>>): Promise<void> {
    assertValueKeys(Object.keys(values));
    await this.values.put(values);
  }

  override async claim(key: string, ttlMs: number): Promise<boolean> {
    assertValueKeys([key]);
    return this.values.claim(key, ttlMs);
  }

  /** Waits for the commits under way, then closes the connection. */
  async close(): Promise<void> {
    await Promise.all([this.values.close(), ...[...this.opened.values()].map((collection) => collection.close())]);
    await this.connection.close();
  }
}
