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
import { connectMongo } from '@souk/mongo';
import { LmdbSecretVault, moveVault, openMongoSecretVault, parseMasterKeys, type VaultMoveOutcome } from '@souk/secrets';

export interface MigrationOptions {
  /** Of a marketplace that is stopped. */
  readonly dataDir: string;
  /** `esdb://…` */
  readonly connectionString: string;
}

export interface VaultMigrationOptions {
  readonly dataDir: string;
  /** `mongodb://…` */
  readonly url: string;
  /** Databases of the installation begin with it. */
  readonly prefix: string;
  /** Of the distributed installation, the first one wraps; keys of the folder's own file are found there. */
  readonly masterKeys: string;
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

/**
 * Moves the vault of a data folder to MongoDB; see `moveVault`. The folder stays as it is.
 * @throws MoveRefused, VaultMoveRefused, KeyRingUnusable, StoreLocked; what MongoDB refuses
 */
export async function migrateVault({ dataDir, url, prefix, masterKeys }: VaultMigrationOptions): Promise<VaultMoveOutcome> {
  const directory = join(dataDir, 'vault');
  if (!existsSync(join(directory, 'data.mdb'))) throw new MoveRefused(`"${dataDir}" holds no vault`);
  const keys = parseMasterKeys(masterKeys);
  const source = await LmdbSecretVault.open({ directory, masterKeys: keys, keepWrapping: true });
  try {
    const connection = await connectMongo({ url, database: `${prefix}_vault` });
    const target = await openMongoSecretVault({ connection, masterKeys: keys }).catch(async (error: unknown) => {
      await connection.close();
      throw error;
    });
    try {
      return await moveVault(source, target);
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}
