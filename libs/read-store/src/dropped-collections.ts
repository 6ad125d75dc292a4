import { type LmdbTable, SMALL } from '@souk/lmdb';
import { type CollectionTables, isBuildingKey, numberPrefix } from './collection-tables';
import { afterPrefix } from './index-key';

/** Keys removed in one commit: few enough not to hold up the commits of others. */
const CHUNK = 500;

/** Removes, in the background, the data of collections that nobody looks at any more, and gives out the numbers of new ones. */
export class DroppedCollections {
  private nextNumber: number;
  private stopping = false;
  private working: Promise<void> | undefined;

  constructor(private readonly tables: CollectionTables) {
    const used = [...tables.dropped.keys(), ...[...tables.collections.entries()].map(({ value }) => value.number)];
    this.nextNumber = Math.max(0, ...used) + 1;
    this.work();
  }

  /** A number that no data has. */
  takeNumber(): number {
    return this.nextNumber++;
  }

  /** To be called within a write: from its commit on, that data is nobody's. */
  put(number: number): void {
    this.tables.dropped.put(number, true);
  }

  /** What was being built when the process before ended is nobody's. To be called before any collection is opened. */
  async dropHalfBuilt(): Promise<void> {
    const { collections, environment } = this.tables;
    const halfBuilt = [...collections.entries()].filter(({ key }) => isBuildingKey(key));
    if (halfBuilt.length === 0) return;
    await environment.writeBlind(() => {
      for (const { key, value } of halfBuilt) {
        collections.remove(key);
        this.put(value.number);
      }
    }, SMALL);
    this.work();
  }

  /** Goes to work on what was dropped, unless it is at it. What fails is tried again with the next drop or start. */
  work(): void {
    if (this.stopping) return;
    this.working ??= this.removeAll().then(
      () => {
        this.working = undefined;
        if (this.firstDropped() !== undefined) this.work();
      },
      () => {
        this.working = undefined;
      },
    );
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.working;
  }

  private async removeAll(): Promise<void> {
    const { documents, entries, tombstones, dropped, environment } = this.tables;
    for (let number = this.firstDropped(); number !== undefined; number = this.firstDropped()) {
      const done = number;
      for (const table of [entries, documents, tombstones]) {
        while (await this.removeChunk(table, numberPrefix(done))) if (this.stopping) return;
      }
      await environment.writeBlind(() => dropped.remove(done), SMALL);
    }
  }

  private firstDropped(): number | undefined {
    for (const number of this.tables.dropped.keys({ limit: 1 })) return number;
    return undefined;
  }

  /** `false` when nothing was left to remove. */
  private async removeChunk(table: LmdbTable<Buffer, Buffer>, prefix: Buffer): Promise<boolean> {
    const keys = [...table.keys({ gte: prefix, lt: afterPrefix(prefix)!, limit: CHUNK })];
    if (keys.length === 0) return false;
    const remove = () => {
      for (const key of keys) table.remove(key);
    };
    await this.tables.environment.writeBlind(remove, { keys: keys.length, bytes: 0 });
    return true;
  }
}
