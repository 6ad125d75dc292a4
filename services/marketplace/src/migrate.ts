import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  compareStores,
  LmdbEventStore,
  moveEvents,
  MoveRefused,
  openEventStoreDb,
  type StoreComparison,
} from '@souk/event-store';

export interface MigrationOptions {
  /** Of a marketplace that is stopped. */
  readonly dataDir: string;
  /** `esdb://…` */
  readonly connectionString: string;
}

export interface MigrationOutcome extends StoreComparison {
  /** Events that were not there yet. */
  readonly written: number;
}

/** Told how far a part has come, in events. */
export type OnMigrationProgress = (part: 'moving' | 'comparing', done: number, all: number) => void;

/** EventStoreDB is asked for this long before it is given up, in milliseconds. */
const OPEN_WITHIN = 10_000;

/**
 * Moves the events of a data folder to EventStoreDB and compares both sides afterwards; see `moveEvents` for what may be relied on. The folder
 * stays as it is.
 * @throws MoveRefused; StoreLocked while a marketplace runs on the folder; what EventStoreDB refuses
 */
export async function migrate(
  { dataDir, connectionString }: MigrationOptions,
  onProgress: OnMigrationProgress,
): Promise<MigrationOutcome> {
  const directory = join(dataDir, 'events');
  if (!existsSync(join(directory, 'data.mdb'))) throw new MoveRefused(`"${dataDir}" holds no data of a marketplace`);
  const source = await LmdbEventStore.open({ directory });
  try {
    const target = await openEventStoreDb({ connectionString, openTimeoutMs: OPEN_WITHIN, appendTimeoutMs: 60_000 });
    try {
      const { written, events } = await moveEvents(source, target, {
        onProgress: (moved, all) => onProgress('moving', moved, all),
      });
      const comparison = await compareStores(source, target, (read) => onProgress('comparing', read, 2 * events));
      return { ...comparison, written };
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}
