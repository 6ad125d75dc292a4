import { positionOf, type RecordedEvent, StoreFull } from '@souk/event-sourcing';
import { failpoint } from '@souk/failpoints';
import { type LmdbEnvironment, type LmdbTable, StorageFull } from '@souk/lmdb';
import { randomInt } from 'node:crypto';
import type { Block } from './block-writer';
import { NewestEvents } from './newest-events';
import { indexOf, ordinalOf, type Place, placeOf } from './place';
import { decodeRecord, endOf, recordedAtOf } from './record';

/** What is to be done with the record that starts at `at` in a block. */
export type RecordReader<T> = (block: Buffer, at: number, place: Place) => T;

/** A part of the log, and where the next part starts. */
export interface Scanned<T> {
  readonly found: readonly T[];
  /** Ordinal of the last record looked at. */
  readonly upTo: number;
}

export interface Scan {
  readonly direction: 'forwards' | 'backwards';
  /** Exclusive. */
  readonly after: number;
  /** Most records to answer. */
  readonly limit: number;
  /** Goes no further than that ordinal; only forwards. */
  readonly upTo?: number;
  readonly passes?: RecordReader<boolean> | undefined;
}

/** Bytes and records that one synchronous step looks at: keeps the event loop free for others. */
const STEP_BYTES = 1 << 20;
const STEP_RECORDS = 2000;
/** More than most blocks have. */
const ROOM = 32_768;

/** Bytes of blocks that stay in memory, for the subscriptions that read them next. */
const LATEST_BYTES = 256 * 1024;

/** All records by ordinal: 1, 2, 3 … without gaps. Everything that can be read here is flushed to disk. */
export class EventLog {
  /** Blocks of records by the ordinal of the first in them. */
  private readonly blocks: LmdbTable<number, Buffer>;
  private lastOrdinal = 0;
  private lastTime = 0;
  /** Blocks at the end of the log, one after the other. */
  private latest: Block[] = [];
  private latestBytes = 0;
  private lastRead: Block | undefined;
  /** Where it lies, unless it is a large one. */
  private readonly room = Buffer.allocUnsafeSlow(ROOM);
  private readonly listeners = new Set<() => void>();
  private readonly newestEvents = new NewestEvents();

  private constructor(
    private readonly environment: LmdbEnvironment,
    /** 8 characters of 0-9a-z, chosen when the log was made. */
    readonly generation: string,
  ) {
    this.blocks = environment.openTable('log', { encoding: 'binary' });
    for (const { key, value } of this.blocks.entries({ reverse: true, limit: 1 })) {
      const starts = startsOf(value);
      this.lastOrdinal = key + starts.length - 1;
      this.lastTime = recordedAtOf(value, starts.at(-1)!);
    }
  }

  static async open(environment: LmdbEnvironment): Promise<EventLog> {
    const facts = environment.openTable<string, string>('store', { encoding: 'text' });
    const generation = await environment.write(() => {
      const known = facts.get('generation');
      if (known !== undefined) return known;
      const made = newGeneration();
      facts.put('generation', made);
      return made;
    });
    return new EventLog(environment, generation);
  }

  /** Ordinal of the last flushed record, 0 in an empty log. */
  get last(): number {
    return this.lastOrdinal;
  }

  /** Now, but never before the time of an earlier record: clocks are set back at times. */
  now(): number {
    this.lastTime = Math.max(this.lastTime, Date.now());
    return this.lastTime;
  }

  /** The blocks follow each other and the log; `last` is the ordinal of their last record. @throws StoreFull; nothing was kept then */
  async append(blocks: readonly Block[], last: number): Promise<void> {
    try {
      failpoint('event-store.before-write');
      const size = { keys: blocks.length, bytes: blocks.reduce((sum, { bytes }) => sum + bytes.length, 0) };
      const flushing = this.environment.writeBlind(() => {
        for (const { firstOrdinal, bytes } of blocks) this.blocks.put(firstOrdinal, bytes);
      }, size);
      failpoint('event-store.before-flush');
      await flushing;
      failpoint('event-store.after-flush');
    } catch (error) {
      throw error instanceof StorageFull ? new StoreFull({ cause: error }) : error;
    }
    this.lastOrdinal = last;
    this.keepLatest(blocks);
  }

  /** Tells those who wait for new records. Apart from {@link append}, since the stream index has to know them first. */
  announce(): void {
    for (const listener of this.listeners) listener();
  }

  /** Calls the listener after each append. Answers how to stop that. */
  onAppended(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Makes an event of a record; of a new one, always the same. */
  readonly decode: RecordReader<RecordedEvent> = (block, at, place) => {
    const ordinal = ordinalOf(place);
    const known = this.newestEvents.get(ordinal);
    if (known) return known;
    const event = decodeRecord(block, at, positionOf(this.generation, ordinal));
    this.newestEvents.keep(ordinal, event, endOf(block, at) - at, this.lastOrdinal);
    return event;
  };

  /** The event at a place, where that is a new one that was read before. */
  newest(place: Place): RecordedEvent | undefined {
    return this.newestEvents.get(ordinalOf(place));
  }

  /** Reads the record at a place. The reader must have done with the block when it answers. */
  read<T>(place: Place, reader: RecordReader<T>): T {
    const ordinal = ordinalOf(place);
    const { bytes } = this.block(ordinal - indexOf(place));
    let at = 0;
    for (let i = indexOf(place); i > 0; i--) at = endOf(bytes, at);
    return reader(bytes, at, place);
  }

  /** One step through the log; looks at a bounded number of records. Nothing found and `upTo` at the end: there is no more. */
  scan<T>({ direction, after, limit, upTo: end = Infinity, passes }: Scan, reader: RecordReader<T>): Scanned<T> {
    const found: T[] = [];
    let upTo = after;
    let seen = 0;
    let bytes = 0;
    for (const { firstOrdinal, bytes: block } of this.blocksFrom(direction, after)) {
      const starts = startsOf(block);
      const first =
        direction === 'forwards' ? Math.max(0, after + 1 - firstOrdinal) : Math.min(starts.length, after - firstOrdinal) - 1;
      const step = direction === 'forwards' ? 1 : -1;
      for (let i = first; i >= 0 && i < starts.length; i += step) {
        const at = starts[i]!;
        upTo = firstOrdinal + i;
        seen++;
        const place = placeOf(upTo, i);
        if (!passes || passes(block, at, place)) found.push(reader(block, at, place));
        if (found.length >= limit || upTo >= end) return { found, upTo };
      }
      bytes += block.length;
      if (bytes >= STEP_BYTES || seen >= STEP_RECORDS) break;
    }
    return { found, upTo };
  }

  /** From the block on that holds the next record in that direction. */
  private *blocksFrom(direction: 'forwards' | 'backwards', after: number): Iterable<Block> {
    const inMemory = direction === 'forwards' ? this.latest.findLastIndex(({ firstOrdinal }) => firstOrdinal <= after + 1) : -1;
    if (inMemory >= 0) return yield* this.latest.slice(inMemory);
    const [start = 0] = direction === 'forwards' ? this.blocks.keys({ lte: after + 1, reverse: true, limit: 1 }) : [];
    const range = direction === 'forwards' ? { gte: start, lte: this.lastOrdinal } : { lt: after, reverse: true };
    for (const { key, value } of this.blocks.entries(range)) yield { firstOrdinal: key, bytes: value };
  }

  private keepLatest(blocks: readonly Block[]): void {
    for (const { firstOrdinal, bytes } of blocks) {
      if (this.latestBytes + bytes.length > LATEST_BYTES) {
        this.latest = [];
        this.latestBytes = 0;
      }
      this.latest.push({ firstOrdinal, bytes: Buffer.from(bytes) });
      this.latestBytes += bytes.length;
    }
  }

  /** Neighbours in a stream often share a block. */
  private block(firstOrdinal: number): Block {
    if (this.lastRead?.firstOrdinal === firstOrdinal) return this.lastRead;
    this.lastRead = undefined;
    const bytes = this.blocks.getInto(firstOrdinal, this.room);
    if (!bytes) throw new Error(`the log lacks the block of ordinal ${firstOrdinal}`);
    return (this.lastRead = { firstOrdinal, bytes });
  }
}

/** Where the records of a block start. */
function startsOf(block: Buffer): number[] {
  const starts: number[] = [];
  for (let at = 0; at < block.length; at = endOf(block, at)) starts.push(at);
  return starts;
}

function newGeneration(): string {
  return Array.from({ length: 8 }, () => randomInt(36).toString(36)).join('');
}
