import { type FileHandle, open } from 'node:fs/promises';
import { statSync } from 'node:fs';

/** Bytes that small commits take at most, several of them together, with all the pages that they copy. */
const LEAST = 256 * 1024;
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
  private free = 0;
  private isStale = true;
  /** Bytes of the writes under way. */
  private pending = 0;
  private growing: Promise<void> | undefined;

  /** @param used bytes up to the end of the last page that was committed */
  constructor(
    private readonly file: string,
    private readonly used: () => number,
  ) {
    this.size = statSync(file).size;
  }

  /** A write for which there was room has come to its end, whatever that was. */
  release(bytes: number): void {
    this.pending -= bytes;
    this.isStale = true;
  }

  /**
   * Makes sure of room for a write, until it is {@link release}d; `bytes` is about what is put, where that may be much. Nothing to wait for in
   * most cases; else a promise that is rejected with the error of the operating system where there is no room.
   */
  reserve(bytes: number): Promise<void> | undefined {
    this.pending += bytes;
    if (this.isStale) this.measure();
    const needed = LEAST + 2 * this.pending;
    if (this.free >= 2 * needed) return undefined;
    const growing = this.grow(3 * needed);
    if (this.free < needed) return growing;
    // Some is left: the next one that needs more than that learns how this has ended.
    growing.catch(() => undefined);
    return undefined;
  }

  /** Nothing is written any more when it is fulfilled. */
  async close(): Promise<void> {
    await this.growing?.catch(() => undefined);
  }

  private measure(): void {
    this.free = this.size - this.used();
    this.isStale = false;
  }

  private grow(bytes: number): Promise<void> {
    this.growing ??= this.append(bytes).finally(() => (this.growing = undefined));
    return this.growing;
  }

  private async append(bytes: number): Promise<void> {
    const step = Math.min(LARGEST_STEP, Math.max(LEAST_STEP, this.used() / 16));
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
