import { EventEmitter } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { type LmdbEnvironment, type LmdbTable, openEnvironment } from '@souk/lmdb';
import {
  type KeptLine,
  LINE_OVERHEAD,
  type LogLine,
  type LogPage,
  type LogSearch,
  type LogStart,
  LogStore,
  type LogUsage,
} from './log-store.port';

export interface LogBounds {
  /** For one instance. */
  readonly bytes: number;
  /** For all of them together: beyond it, an instance keeps no more than `leastBytes` when it writes. */
  readonly totalBytes: number;
  readonly leastBytes: number;
  /** In milliseconds since a line came. */
  readonly age: number;
}

export const defaultBounds: LogBounds = {
  bytes: 8 * 1024 * 1024,
  totalBytes: 2 * 1024 * 1024 * 1024,
  leastBytes: 256 * 1024,
  age: 14 * 24 * 3600 * 1000,
};

export interface LmdbLogStoreOptions {
  /** Made where there is none; for this process alone. */
  readonly directory: string;
  readonly bounds?: Partial<LogBounds>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Lines and bytes of one transaction: what has to give way is about as much, and the thread is not held for long. */
const BATCH_LINES = 500;
const BATCH_BYTES = 64 * 1024;
/** Lines and bytes that are read at once, and lines that are looked at for one page. */
const SLICE = 500;
const SLICE_BYTES = 256 * 1024;
const LOOKED_AT = 20_000;
const FOLLOWED_AT_ONCE = 200;

/** A ring of lines for each instance, in an LMDB environment of its own. */
export class LmdbLogStore extends LogStore {
  private readonly changes = new EventEmitter().setMaxListeners(0);
  private total: number;

  private constructor(
    private readonly environment: LmdbEnvironment,
    private readonly lines: LmdbTable<readonly [string, number], StoredLine>,
    private readonly rings: LmdbTable<string, Ring>,
    private readonly bounds: LogBounds,
    private readonly now: () => number,
  ) {
    super();
    this.total = 0;
    for (const { value } of rings.entries()) this.total += value.bytes;
  }

  /** @throws StoreLocked while another process has the directory open */
  static async open({ directory, bounds, now }: LmdbLogStoreOptions): Promise<LmdbLogStore> {
    const environment = await openEnvironment(directory, { durability: 'ordered' });
    const lines = environment.openTable<readonly [string, number], StoredLine>('lines', { encoding: 'json' });
    const rings = environment.openTable<string, Ring>('rings', { encoding: 'json' });
    return new LmdbLogStore(environment, lines, rings, { ...defaultBounds, ...bounds }, now);
  }

  override async append(instanceId: string, lines: readonly LogLine[]): Promise<void> {
    for (const batch of batchesOf(lines)) {
      const bytes = batch.reduce((sum, line) => sum + sizeOf(line), 0);
      this.total += await this.environment.write(() => this.added(instanceId, batch), {
        bytes: bytes * 2,
        keys: batch.length * 2,
      });
      this.changes.emit(instanceId);
    }
  }

  override async search(instanceId: string, search: LogSearch): Promise<LogPage> {
    const { limit, since } = search;
    // What came before that time was written before it.
    const oldest = Math.max(this.now() - this.bounds.age, since === undefined ? 0 : Date.parse(since));
    const fits = matcherOf(search);
    const found: KeptLine[] = [];
    let before = search.before;
    for (let looked = 0; looked < LOOKED_AT;) {
      let [read, bytes] = [0, 0];
      for (const { key, value } of this.newest(instanceId, before, SLICE)) {
        read++;
        bytes += sizeOf(value);
        before = key[1];
        if (value.came < oldest) return { lines: found };
        if (fits(value)) found.push(lineOf(before, value));
        if (found.length === limit) return { lines: found, next: before };
        if (bytes >= SLICE_BYTES) break;
      }
      if (read < SLICE && bytes < SLICE_BYTES) return { lines: found };
      looked += read;
      await turn();
    }
    return { lines: found, ...(before !== undefined && { next: before }) };
  }

  override async *follow(
    instanceId: string,
    from: LogStart,
    signal: AbortSignal,
    quietMs: number,
  ): AsyncGenerator<readonly KeptLine[]> {
    let position = 'after' in from ? from.after : this.before(instanceId, from.recent);
    while (!signal.aborted) {
      const lines = this.after(instanceId, position);
      if (lines.length > 0) {
        position = lines.at(-1)!.position;
        yield lines;
        await turn();
        continue;
      }
      // Nothing comes between the look and the waiting: a change is told later than it can be seen.
      if ((await this.changed(instanceId, signal, quietMs)) === 'quiet') yield [];
    }
  }

  override usage(instanceId: string): LogUsage {
    const { first, next, bytes, dropped } = this.rings.get(instanceId) ?? EMPTY;
    return { lines: next - first, bytes, dropped };
  }

  override async forget(instanceId: string): Promise<void> {
    for (let left = true; left;) {
      left = await this.environment.write(() => {
        const ring = this.rings.get(instanceId);
        if (!ring) return false;
        const before = ring.bytes;
        this.shrink(instanceId, ring, 0, BATCH_LINES);
        this.total += ring.bytes - before;
        if (ring.first < ring.next) this.rings.put(instanceId, ring);
        else this.rings.remove(instanceId);
        return ring.first < ring.next;
      });
    }
  }

  override async close(): Promise<void> {
    await this.environment.close();
  }

  /** Within a write. By how many bytes there is more than before. */
  private added(instanceId: string, lines: readonly LogLine[]): number {
    const ring = { ...(this.rings.get(instanceId) ?? EMPTY) };
    const before = ring.bytes;
    const came = this.now();
    for (const line of lines) {
      this.lines.put([instanceId, ring.next], { ...line, came });
      ring.next++;
      ring.bytes += sizeOf(line);
    }
    const { bytes, leastBytes, totalBytes } = this.bounds;
    const crowded = this.total + ring.bytes - before > totalBytes;
    this.shrink(instanceId, ring, crowded ? leastBytes : bytes, BATCH_LINES * 2);
    this.rings.put(instanceId, ring);
    return ring.bytes - before;
  }

  /** Within a write: takes the oldest lines away until the ring is small and young enough, so many at most. */
  private shrink(instanceId: string, ring: Ring, bytes: number, most: number): void {
    const oldest = this.now() - this.bounds.age;
    const gone: number[] = [];
    for (const { key, value } of this.lines.entries({
      gte: [instanceId, ring.first],
      lt: [instanceId, ring.next],
      limit: most,
    })) {
      if (ring.bytes <= bytes && value.came >= oldest) break;
      gone.push(key[1]);
      ring.bytes -= sizeOf(value);
    }
    for (const position of gone) this.lines.remove([instanceId, position]);
    ring.first += gone.length;
    ring.dropped += gone.length;
  }

  private changed(instanceId: string, signal: AbortSignal, quietMs: number): Promise<'changed' | 'quiet' | 'stopped'> {
    return new Promise((fulfil) => {
      const end = (what: 'changed' | 'quiet' | 'stopped') => () => {
        clearTimeout(timer);
        this.changes.off(instanceId, changed);
        signal.removeEventListener('abort', stopped);
        fulfil(what);
      };
      const [changed, stopped] = [end('changed'), end('stopped')];
      const timer = setTimeout(end('quiet'), quietMs);
      this.changes.once(instanceId, changed);
      signal.addEventListener('abort', stopped, { once: true });
    });
  }

  private newest(instanceId: string, before: number | undefined, limit: number) {
    const end = before ?? Number.MAX_SAFE_INTEGER;
    return this.lines.entries({ gte: [instanceId, 0], lt: [instanceId, end], reverse: true, limit });
  }

  private after(instanceId: string, position: number): KeptLine[] {
    const range = { gt: [instanceId, position], lt: [instanceId, Number.MAX_SAFE_INTEGER], limit: FOLLOWED_AT_ONCE } as const;
    const lines: KeptLine[] = [];
    let bytes = 0;
    for (const { key, value } of this.lines.entries(range)) {
      lines.push(lineOf(key[1], value));
      if ((bytes += sizeOf(value)) >= SLICE_BYTES) break;
    }
    return lines;
  }

  private before(instanceId: string, lines: number): number {
    return (this.rings.get(instanceId) ?? EMPTY).next - lines - 1;
  }
}

interface StoredLine extends LogLine {
  /** Milliseconds since 1970. */
  readonly came: number;
}

interface Ring {
  /** Position of the oldest line, and of the next one to come. */
  first: number;
  next: number;
  bytes: number;
  dropped: number;
}

const EMPTY: Readonly<Ring> = { first: 1, next: 1, bytes: 0, dropped: 0 };

function sizeOf({ text, node, pod = '', file = '' }: LogLine): number {
  return Buffer.byteLength(text) + node.length + pod.length + file.length + LINE_OVERHEAD;
}

function* batchesOf(lines: readonly LogLine[]): Generator<readonly LogLine[]> {
  let batch: LogLine[] = [];
  let bytes = 0;
  for (const line of lines) {
    batch.push(line);
    bytes += sizeOf(line);
    if (batch.length < BATCH_LINES && bytes < BATCH_BYTES) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}

function matcherOf({ node, contains, since, until }: LogSearch): (line: LogLine) => boolean {
  const part = contains?.toLowerCase();
  const [from, to] = [since, until].map((time) => (time === undefined ? undefined : new Date(time).toISOString()));
  return (line) =>
    (node === undefined || line.node === node) &&
    (part === undefined || line.text.toLowerCase().includes(part)) &&
    (from === undefined || line.at >= from) &&
    (to === undefined || line.at <= to);
}

function lineOf(position: number, { came: _, ...line }: StoredLine): KeptLine {
  return { position, ...line };
}
