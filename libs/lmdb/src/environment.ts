import { type Database, open, type RootDatabase } from 'lmdb';
import { failpoint } from '@souk/failpoints';
import { join } from 'node:path';
import { FolderLock } from './folder-lock';
import { commitFailure, hasRoom } from './commit-failure';
import { Room, SMALL, type WriteSize } from './room';
import { StorageClosed, StorageFull } from './storage-error';
import { LmdbTable, type TableKey, type TableOptions, type ValueEncoding } from './table';

export interface EnvironmentOptions {
  /**
   * `flushed` (default): a write is fulfilled, and becomes visible, only when fsynced to disk.
   * `ordered`: it is fulfilled when committed and flushed soon after. Survives kill -9; a power failure may undo the last writes, always
   * the newest first and never a part of one. For what can be derived again.
   */
  readonly durability?: 'flushed' | 'ordered';
  /** How many tables may be opened. Default 64. */
  readonly maxTables?: number;
}

/** Size of what is stored. */
export interface EnvironmentStats {
  /** Bytes of the data file that are in use or were, once. */
  readonly bytes: number;
}

/**
 * Opens (makes, if need be) the environment in that folder, for this process alone.
 * @throws StoreLocked while another one has it open; StorageFull
 */
export async function openEnvironment(folder: string, options: EnvironmentOptions = {}): Promise<LmdbEnvironment> {
  const lock = FolderLock.take(folder);
  try {
    const settings = {
      encoding: 'binary' as const,
      noSubdir: false,
      maxDbs: options.maxTables ?? 64,
      // Off: a commit is flushed before it is visible, and before its promise is fulfilled.
      overlappingSync: options.durability === 'ordered',
      // On, a failed commit rejects a promise of the library's own that nobody can handle.
      eventTurnBatching: false,
      // What is small begins when the turn of the event loop ends, all of it together, where nobody waits for each flush: to begin wakes a
      // thread. Its types lack this option.
      ...(options.durability === 'ordered' && { txnStartThreshold: LARGE }),
    };
    return new LmdbEnvironment(folder, open<unknown>(folder, settings) as RootDatabase<unknown> & UntypedRoot, lock);
  } catch (error) {
    lock.release();
    throw await commitFailure(folder, error);
  }
}

/** Keys put or removed, after which a write begins at once. */
const LARGE = 500;

const encodings: Record<ValueEncoding, 'binary' | 'string' | 'json' | 'ordered-binary'> = {
  binary: 'binary',
  text: 'string',
  json: 'json',
  key: 'ordered-binary',
};

/** What the types of the library leave out. */
interface UntypedRoot {
  readonly env: { info(): { readonly lastPageNumber: number }; stat(): { readonly pageSize: number } };
}

/** Tables in one file with atomic writes. All writes that wait at the same time share one commit and one flush. */
export class LmdbEnvironment {
  private readonly tables = new Map<string, { readonly table: unknown; readonly options: string }>();
  private writing = false;
  /** The last write found no room. */
  private foundFull = false;
  private readonly room: Room;
  private readonly pageSize: number;
  private closing: Promise<void> | undefined;

  /** Use {@link openEnvironment}. */
  constructor(
    readonly folder: string,
    private readonly root: RootDatabase<unknown> & UntypedRoot,
    private readonly lock: FolderLock,
  ) {
    this.pageSize = root.env.stat().pageSize;
    this.room = new Room(join(folder, 'data.mdb'), () => this.usedBytes());
  }

  /** The table of that name; made where there is none. The same one again for the same name and options. */
  openTable<K extends TableKey, V>(name: string, options: TableOptions): LmdbTable<K, V> {
    this.assertOpen();
    const fingerprint = JSON.stringify([options.encoding, options.duplicates ?? false, options.keys ?? 'ordered']);
    const known = this.tables.get(name);
    if (known && known.options !== fingerprint) throw new Error(`table "${name}" is open with other options`);
    if (known) return known.table as LmdbTable<K, V>;
    const database: Database<V> = this.root.openDB<V>(name, {
      encoding: encodings[options.encoding],
      dupSort: options.duplicates ?? false,
      ...(options.keys !== undefined && options.keys !== 'ordered' && { keyEncoding: options.keys }),
    });
    const table = new LmdbTable<K, V>(database, {
      assertWriting: () => this.assertWriting(),
      assertOpen: () => this.assertOpen(),
    });
    this.tables.set(name, { table, options: fingerprint });
    return table;
  }

  /**
   * Runs `change` in a write transaction, in the order of the calls: it reads what stands there (its own changes included) and puts and
   * removes. Fulfilled with its answer when it is durable. Where `change` throws, nothing of it is kept and the promise is rejected
   * with what it threw. `change` is synchronous.
   * @param size what it puts and removes, where that is more than some keys
   * @throws StorageFull, StorageFailed, StorageClosed
   */
  write<T>(change: () => T, size: WriteSize = SMALL): Promise<T> {
    return this.guarded(size, () =>
      this.root.childTransaction(() =>
        this.whileWriting(() => {
          const answer = change();
          if (answer instanceof Promise) throw new TypeError('a write is synchronous: nothing may be awaited in it');
          return answer;
        }),
      ),
    );
  }

  /**
   * Like `write`, for changes that were worked out before: `change` runs now, and only puts and removes; reads in it do not see them.
   * Faster, since the whole transaction runs on a thread of its own. `change` must not throw: what it did before stays.
   * @param size about what it puts and removes: a write that has room for less may meet the full disk within LMDB, see {@link Room}
   * @throws StorageFull, StorageFailed, StorageClosed
   */
  async writeBlind(change: () => void, size: WriteSize): Promise<void> {
    await this.guarded(size, () => this.root.batch(() => this.whileWriting(change)));
  }

  stats(): EnvironmentStats {
    this.assertOpen();
    return { bytes: this.usedBytes() };
  }

  /** Whether a write would find no room: none has since the last one that did not, and there still is none. For health checks. */
  isFull(): boolean {
    this.assertOpen();
    this.foundFull &&= !hasRoom(this.folder);
    return this.foundFull;
  }

  /** Waits for the writes under way. The same promise again when called again. */
  close(): Promise<void> {
    this.closing ??= (async () => {
      await this.room.close();
      await this.root.close();
      this.lock.release();
    })();
    return this.closing;
  }

  private async guarded<T>(size: WriteSize, start: () => Promise<T>): Promise<T> {
    this.assertOpen();
    const { made, release } = this.room.reserve(size);
    try {
      if (made) await made;
      failpoint('lmdb.before-commit');
      const answer = await start();
      this.foundFull = false;
      return answer;
    } catch (error) {
      const failure = await commitFailure(this.folder, error);
      if (failure instanceof StorageFull) this.foundFull = true;
      throw failure;
    } finally {
      release();
    }
  }

  /** Without `getStats`, which walks through the list of free pages. */
  private usedBytes(): number {
    return this.pageSize * (this.root.env.info().lastPageNumber + 1);
  }

  private whileWriting<T>(change: () => T): T {
    const outer = this.writing;
    this.writing = true;
    try {
      return change();
    } finally {
      this.writing = outer;
    }
  }

  private assertWriting(): void {
    if (!this.writing) throw new Error('tables change only within LmdbEnvironment.write');
  }

  private assertOpen(): void {
    if (this.closing) throw new StorageClosed(this.folder);
  }
}
