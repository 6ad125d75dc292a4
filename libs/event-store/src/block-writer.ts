import { type EncodedEvent, writeRecord } from './record';
import { type Place, placeOf } from './place';

/** Records one after the other; kept under the ordinal of the first. */
export interface Block {
  readonly firstOrdinal: number;
  readonly bytes: Buffer;
}

/** A block takes no more records beyond that; one record alone may be larger. */
const BLOCK_BYTES = 16_384;
const SLAB_BYTES = 1 << 20;

/**
 * Puts the events of one flush into blocks: one value of the log for many events costs a fraction of a value for each.
 * The blocks lie in memory that is used again after {@link restart}, when they are on disk.
 */
export class BlockWriter {
  private slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  /** Where the current block starts in the slab, and where it ends so far. */
  private start = 0;
  private end = 0;
  private blockOrdinal = 1;
  private nextOrdinal = 1;
  private blocks: Block[] = [];

  /** The next event gets that ordinal; earlier blocks are gone. */
  restart(ordinal: number): void {
    this.start = this.end = 0;
    this.blockOrdinal = this.nextOrdinal = ordinal;
    this.blocks = [];
  }

  get empty(): boolean {
    return this.nextOrdinal === this.blockOrdinal && this.blocks.length === 0;
  }

  /** Ordinal of the event that was added last. */
  get lastOrdinal(): number {
    return this.nextOrdinal - 1;
  }

  add(event: EncodedEvent, revision: number, recordedAt: number): Place {
    if (this.end - this.start + event.bytes > BLOCK_BYTES) this.endBlock();
    if (this.end + event.bytes > this.slab.length) this.takeNewSlab(event.bytes);
    writeRecord(event, revision, recordedAt, this.slab, this.end);
    this.end += event.bytes;
    const ordinal = this.nextOrdinal++;
    return placeOf(ordinal, ordinal - this.blockOrdinal);
  }

  /** All blocks since the restart. */
  finish(): readonly Block[] {
    this.endBlock();
    return this.blocks;
  }

  private endBlock(): void {
    if (this.end > this.start)
      this.blocks.push({ firstOrdinal: this.blockOrdinal, bytes: this.slab.subarray(this.start, this.end) });
    this.start = this.end;
    this.blockOrdinal = this.nextOrdinal;
  }

  private takeNewSlab(bytes: number): void {
    this.endBlock();
    this.slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, bytes));
    this.start = this.end = 0;
  }
}
