import { type FileHandle, open } from 'node:fs/promises';
import { statSync } from 'node:fs';

/** About how much a write puts and touches. */
export interface WriteSize {
  /** Keys that are put or removed: each may have a page copied, at most as many as there are. */
  readonly keys: number;
  /** Bytes of the values that are put. */
  readonly bytes: number;
}

/** Some keys, and values of some KB: room for such writes is always kept. */
export const SMALL: WriteSize = { keys: 0, bytes: 0 };

/** Bytes that small commits take at most, several of them together, with all the pages that they copy. */
const LEAST = 256 * 1024;
const PAGE = 4096;
const ZEROS = Buffer.alloc(1 << 20);
/** The file grows by a sixteenth of what is in it, within these bounds. */
const LEAST_STEP = 512 * 1024;
const LARGEST_STEP = 16 << 20;

/**
 * Room in the data file ahead of what is written, so that a commit never meets a full disk. Not only to refuse early: a write that fails in
 * the middle of a commit makes LMDB (lmdb 3.5.6, `mdb_page_flush`) put a message of up to 112 bytes into 100, and the process dies of it
 * sooner or later.
 *
 * The file is made longer by appending zeros, which the operating system puts behind whatever LMDB has written by then. LMDB takes no notice
 * of what lies behind its last page. On file systems that write to a new place each time (Btrfs, ZFS) the room is no promise.
 */
export class Room {
  private size: number;
  private used: number;
  private free = 0;
  private isStale = true;
  /** Bytes of the writes under way. */
  private pending = 0;
  private growing: Promise<void> | undefined;

  /** @param usedBytes up to the end of the last page that was committed */
  constructor(
    private readonly file: string,
    private readonly usedBytes: () => number,
  ) {
    this.size = statSync(file).size;
    this.used = usedBytes();
  }

  /**
   * Makes sure of room for a write, until it is released, whatever its end was. `made`, where there is something to wait for, is rejected
   * with the error of the operating system where there is no room.
   */
  reserve({ keys, bytes }: WriteSize): { readonly made: Promise<void> | undefined; readonly release: () => void } {
    if (this.isStale) this.measure();
    const expected = bytes + Math.min(keys * PAGE, this.used);
    this.pending += expected;
    return {
      made: this.make(),
      release: () => {
        this.pending -= expected;
        this.isStale = true;
      },
    };
  }

  /** Nothing is written any more when it is fulfilled. */
  async close(): Promise<void> {
    await this.growing?.catch(() => undefined);
  }

  private make(): Promise<void> | undefined {
    // Twice: pages are split, and those above the copied ones are copied as well.
    const needed = LEAST + 2 * this.pending;
    if (this.free >= 2 * needed) return undefined;
    const growing = this.grow(3 * needed);
    if (this.free < needed) return growing;
    // Some is left: the next one that needs more than that learns how this has ended.
    growing.catch(() => undefined);
    return undefined;
  }

  private measure(): void {
    this.used = this.usedBytes();
    this.free = this.size - this.used;
    this.isStale = false;
  }

  private grow(bytes: number): Promise<void> {
    this.growing ??= this.append(bytes).finally(() => (this.growing = undefined));
    return this.growing;
  }

  private async append(bytes: number): Promise<void> {
    const step = Math.min(LARGEST_STEP, Math.max(LEAST_STEP, this.used / 16));
    const file = await open(this.file, 'a');
    try {
      for (let left = Math.ceil(Math.max(bytes, step)); left > 0;) left -= await writeZeros(file, left);
    } finally {
      this.size = (await file.stat()).size;
      this.measure();
      await file.close();
    }
  }
}

async function writeZeros(file: FileHandle, left: number): Promise<number> {
  const { bytesWritten } = await file.write(ZEROS, 0, Math.min(left, ZEROS.length));
  return bytesWritten;
}
