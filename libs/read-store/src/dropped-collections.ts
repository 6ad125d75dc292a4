import type { LmdbTable } from '@souk/lmdb';
import { type CollectionTables, numberPrefix } from './collection-tables';
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
    for (let number = this.firstDropped(); number !== undefined && !this.stopping; number = this.firstDropped()) {
      const { documents, entries, tombstones } = this.tables;
      for (const table of [entries, documents, tombstones]) await this.removeData(table, numberPrefix(number));
      if (this.stopping) return;
      const done = number;
      await this.tables.environment.writeBlind(() => this.tables.dropped.remove(done));
    }
  }

  private firstDropped(): number | undefined {
    for (const number of this.tables.dropped.keys({ limit: 1 })) return number;
    return undefined;
  }

  private async removeData(table: LmdbTable<Buffer, Buffer>, prefix: Buffer): Promise<void> {
    const end = afterPrefix(prefix);
    while (!this.stopping) {
      const keys = [...table.keys({ gte: prefix, ...(end && { lt: end }), limit: CHUNK })];
      if (keys.length === 0) return;
      await this.tables.environment.writeBlind(() => {
        for (const key of keys) table.remove(key);
      });
    }
  }
}
