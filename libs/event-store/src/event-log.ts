import { StoreFull } from '@souk/event-sourcing';
import { type LmdbEnvironment, type LmdbTable, StorageFull } from '@souk/lmdb';
import { randomInt } from 'node:crypto';
import { recordedAtOf, type RecordBytes } from './record';

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
  readonly passes?: ((record: RecordBytes) => boolean) | undefined;
}

/** Records and bytes that one synchronous step looks at: keeps the event loop free for others. */
const STEP_RECORDS = 2000;
const STEP_BYTES = 1 << 20;

/** All records by ordinal: 1, 2, 3 … without gaps. Everything that can be read here is flushed to disk. */
export class EventLog {
  readonly table: LmdbTable<number, RecordBytes>;
  /** 8 characters of 0-9a-z, chosen when the log was made. */
  readonly generation: string;
  private lastOrdinal = 0;
  private lastTime = 0;
  private readonly listeners = new Set<(firstNew: number) => void>();

  private constructor(
    private readonly environment: LmdbEnvironment,
    generation: string,
  ) {
    this.generation = generation;
    this.table = environment.openTable('log', { encoding: 'binary' });
    for (const { key, value } of this.table.entries({ reverse: true, limit: 1 })) {
      this.lastOrdinal = key;
      this.lastTime = recordedAtOf(value);
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

  /** @throws StoreFull; nothing was kept then */
  async append(records: readonly RecordBytes[]): Promise<void> {
    const first = this.lastOrdinal + 1;
    try {
      await this.environment.writeBlind(() => {
        for (let i = 0; i < records.length; i++) this.table.put(first + i, records[i]!);
      });
    } catch (error) {
      throw error instanceof StorageFull ? new StoreFull({ cause: error }) : error;
    }
    this.lastOrdinal += records.length;
  }

  /** Tells those who wait for new records. Apart from {@link append}, since the stream index has to know them first. */
  announce(firstNew: number): void {
    for (const listener of this.listeners) listener(firstNew);
  }

  /** Calls the listener after each append, with the ordinal of its first record. Answers how to stop that. */
  onAppended(listener: (firstNew: number) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  record(ordinal: number): RecordBytes {
    const record = this.table.get(ordinal);
    if (!record) throw new Error(`the log lacks ordinal ${ordinal}`);
    return record;
  }

  /** One step through the log; looks at a bounded number of records. Nothing found and `upTo` at the end: there is no more. */
  scan<T>({ direction, after, limit, passes }: Scan, decode: (record: RecordBytes, ordinal: number) => T): Scanned<T> {
    const found: T[] = [];
    const reverse = direction === 'backwards';
    const range = reverse ? { lt: after, reverse } : { gt: after, lte: this.lastOrdinal };
    let upTo = after;
    let bytes = 0;
    for (const { key, value } of this.table.entries({ ...range, limit: Math.min(STEP_RECORDS, passes ? STEP_RECORDS : limit) })) {
      upTo = key;
      bytes += value.length;
      if (!passes || passes(value)) found.push(decode(value, key));
      if (found.length >= limit || bytes >= STEP_BYTES) break;
    }
    return { found, upTo };
  }
}

function newGeneration(): string {
  return Array.from({ length: 8 }, () => randomInt(36).toString(36)).join('');
}
