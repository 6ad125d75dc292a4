import type { LmdbEnvironment, LmdbTable } from '@souk/lmdb';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { HeadCache } from './head-cache';
import { MAX_STREAM_BYTES, type RecordBytes, revisionOf, streamOf } from './record';

/** Ordinals of a stream's events in the log, from revision `first` on. */
export interface Run {
  first: number;
  ordinals: number[];
}

/** Revisions in one entry of the table. */
const CHUNK = 128;
/** Bytes of an ordinal in a chunk. */
const WIDTH = 6;
/** Streams that one transaction merges: keeps the event loop and the writers behind it waiting for a millisecond or two. */
const SLICE = 256;

interface Mark {
  /** Every event up to this ordinal is in the table. */
  readonly ordinal: number;
  /** Streams that began up to there. */
  readonly streams: number;
}

/**
 * Where the events of each stream are in the log. The newest ones (the tail) are known in memory alone: an append then writes nothing but the
 * log. From time to time {@link merge} brings the tail into a table, in the order of its keys, where the pages of many events are written
 * once; when the process dies before, {@link open} finds the tail again by reading the end of the log.
 */
export class StreamIndex {
  private readonly tail = new Map<string, Run>();
  private readonly heads: HeadCache;
  private readonly chunks: LmdbTable<readonly [string, number], Buffer>;
  private readonly marks: LmdbTable<string, Mark>;
  private marked: Mark = { ordinal: 0, streams: 0 };
  private streamCount = 0;

  private constructor(
    private readonly environment: LmdbEnvironment,
    cachedHeads: number,
  ) {
    this.heads = new HeadCache(cachedHeads);
    this.chunks = environment.openTable('stream-index', { encoding: 'binary' });
    this.marks = environment.openTable('stream-index-mark', { encoding: 'json' });
  }

  static async open(
    environment: LmdbEnvironment,
    log: LmdbTable<number, RecordBytes>,
    options: { readonly cachedHeads: number },
  ): Promise<StreamIndex> {
    const index = new StreamIndex(environment, options.cachedHeads);
    index.marked = index.marks.get('mark') ?? index.marked;
    index.streamCount = index.marked.streams;
    await index.recover(log);
    return index;
  }

  /** Streams with at least one event. */
  get streams(): number {
    return this.streamCount;
  }

  /** Every event up to here was merged. */
  get mergedUpTo(): number {
    return this.marked.ordinal;
  }

  /** Revision of the last event of a stream, -1 where there is none. */
  head(stream: string): number {
    const run = this.tail.get(stream);
    if (run) return run.first + run.ordinals.length - 1;
    const known = this.heads.get(stream);
    if (known !== undefined) return known;
    const head = this.mergedHead(stream);
    // Streams that do not exist are not remembered: anyone can ask for any number of them.
    if (head >= 0) this.heads.set(stream, head);
    return head;
  }

  /** Ordinals of the revisions `from` to `to`, both inclusive and within the stream. */
  ordinals(stream: string, from: number, to: number): number[] {
    const run = this.tail.get(stream);
    const tailFirst = run ? run.first : to + 1;
    const found: number[] = [];
    for (let revision = from; revision <= to && revision < tailFirst;) {
      const number = Math.floor(revision / CHUNK);
      const chunk = this.chunks.get([stream, number]);
      const end = Math.min((number + 1) * CHUNK, tailFirst, to + 1);
      if (!chunk || chunk.length < (end - number * CHUNK) * WIDTH)
        throw new Error(`the index of stream "${stream}" lacks revision ${revision}`);
      for (; revision < end; revision++) found.push(chunk.readUIntLE((revision - number * CHUNK) * WIDTH, WIDTH));
    }
    if (run && to >= run.first) {
      const start = Math.max(from, run.first) - run.first;
      for (let i = start; i <= to - run.first; i++) found.push(run.ordinals[i]!);
    }
    return found;
  }

  /** Takes in what was appended to a stream and flushed. */
  add(stream: string, { first, ordinals }: Run): void {
    if (first === 0) this.streamCount++;
    const run = this.tail.get(stream);
    if (!run) this.tail.set(stream, { first, ordinals });
    else if (ordinals.length === 1) run.ordinals.push(ordinals[0]!);
    else run.ordinals = run.ordinals.concat(ordinals);
  }

  /** Brings into the table what was added so far; `ordinal` is the last one added. One at a time. */
  async merge(ordinal: number): Promise<void> {
    const streams = this.streamCount;
    const names = [...this.tail.keys()].sort();
    for (let i = 0; i < names.length; i += SLICE) {
      await this.mergeSlice(names.slice(i, i + SLICE));
      await nextTurn();
    }
    const mark = { ordinal, streams };
    await this.environment.writeBlind(() => this.marks.put('mark', mark));
    this.marked = mark;
  }

  private async mergeSlice(names: readonly string[]): Promise<void> {
    const merged = names.map((name) => this.tail.get(name)!.ordinals.length);
    const changes = names.flatMap((name, i) => this.chunksOf(name, this.tail.get(name)!, merged[i]!));
    await this.environment.writeBlind(() => {
      for (const { key, value } of changes) this.chunks.put(key, value);
    });
    names.forEach((name, i) => this.forget(name, merged[i]!));
  }

  /** The chunks that hold the first `count` ordinals of a run, with what was in them before. */
  private chunksOf(stream: string, { first, ordinals }: Run, count: number): { key: readonly [string, number]; value: Buffer }[] {
    const changes: { key: readonly [string, number]; value: Buffer }[] = [];
    for (let done = 0; done < count;) {
      const number = Math.floor((first + done) / CHUNK);
      const before = first + done - number * CHUNK;
      const add = Math.min(CHUNK - before, count - done);
      const value = Buffer.allocUnsafe((before + add) * WIDTH);
      if (before > 0) this.chunks.get([stream, number])!.copy(value, 0, 0, before * WIDTH);
      for (let i = 0; i < add; i++) value.writeUIntLE(ordinals[done + i]!, (before + i) * WIDTH, WIDTH);
      changes.push({ key: [stream, number], value });
      done += add;
    }
    return changes;
  }

  private forget(stream: string, count: number): void {
    const run = this.tail.get(stream)!;
    if (run.ordinals.length > count) {
      run.first += count;
      run.ordinals = run.ordinals.slice(count);
      return;
    }
    this.heads.set(stream, run.first + count - 1);
    this.tail.delete(stream);
  }

  private mergedHead(stream: string): number {
    if (Buffer.byteLength(stream) > MAX_STREAM_BYTES) return -1;
    for (const { key, value } of this.chunks.entries({
      gte: [stream, 0],
      lte: [stream, Number.MAX_SAFE_INTEGER],
      reverse: true,
      limit: 1,
    }))
      return key[1] * CHUNK + value.length / WIDTH - 1;
    return -1;
  }

  private async recover(log: LmdbTable<number, RecordBytes>): Promise<void> {
    for (let after = this.marked.ordinal; ;) {
      let read = 0;
      for (const { key, value } of log.entries({ gt: after, limit: 1000 })) {
        this.recoverOne(streamOf(value), revisionOf(value), key);
        after = key;
        read++;
      }
      if (read === 0) return;
      await nextTurn();
    }
  }

  private recoverOne(stream: string, revision: number, ordinal: number): void {
    if (revision === 0) this.streamCount++;
    const run = this.tail.get(stream);
    if (run) run.ordinals.push(ordinal);
    // A merge that did not come to its end has brought in some streams already.
    else if (this.mergedHead(stream) < revision) this.tail.set(stream, { first: revision, ordinals: [ordinal] });
  }
}
