import { type LmdbEnvironment, type LmdbTable, SMALL } from '@souk/lmdb';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EventLog } from './event-log';
import type { Place } from './place';
import { Recent } from './recent';
import { MAX_STREAM_BYTES, revisionOf, streamOf } from './record';

/** What is known of a stream in memory. */
export interface StreamState {
  readonly name: string;
  /** Revision of the last flushed event, -1 where there is none. */
  head: number;
  /** Revision of the first of the `places`. */
  first: number;
  /** Of the events that were not merged yet; at the end those that are not flushed yet. */
  places: Place[];
  /** How many at the end of `places` are not flushed yet. */
  pending: number;
}

/** Revisions in one entry of the table. */
const CHUNK = 128;
/** Bytes of a place in a chunk: a double, little-endian. */
const WIDTH = 8;
/** Streams that one transaction merges: keeps the event loop and the writers behind it waiting for a millisecond or two. */
const SLICE = 256;

/** Streams that are remembered as not being there. */
const ABSENT = 1024;

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
  private readonly tail = new Map<string, StreamState>();
  private readonly heads: Recent<number>;
  /** Streams that were looked for and are not there: many a stream is asked for before it begins, more than once. */
  private readonly absent = new Set<string>();
  private readonly chunks: LmdbTable<readonly [string, number], Buffer>;
  private readonly marks: LmdbTable<string, Mark>;
  private marked: Mark = { ordinal: 0, streams: 0 };
  private streamCount = 0;

  private constructor(
    private readonly environment: LmdbEnvironment,
    cachedHeads: number,
  ) {
    this.heads = new Recent<number>(cachedHeads);
    this.chunks = environment.openTable('stream-index', { encoding: 'binary' });
    this.marks = environment.openTable('stream-index-mark', { encoding: 'json' });
  }

  static async open(
    environment: LmdbEnvironment,
    log: EventLog,
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

  /** Revision of the last flushed event of a stream, -1 where there is none. */
  head(stream: string): number {
    const state = this.tail.get(stream);
    if (state) return state.head;
    const known = this.heads.get(stream);
    if (known !== undefined) return known;
    if (this.absent.has(stream)) return -1;
    const head = this.mergedHead(stream);
    if (head >= 0) this.heads.set(stream, head);
    else this.rememberAbsent(stream);
    return head;
  }

  /** The stream as a writer sees it. Not kept until something is {@link add}ed. */
  state(stream: string): StreamState {
    const state = this.tail.get(stream);
    if (state) return state;
    const head = this.head(stream);
    return { name: stream, head, first: head + 1, places: [], pending: 0 };
  }

  /** Notes that the next event of this stream is to stand at that place. Readers see it after {@link flushed}. */
  add(state: StreamState, place: Place): void {
    if (state.places.length === 0) {
      this.tail.set(state.name, state);
      this.absent.delete(state.name);
    }
    state.places.push(place);
    state.pending++;
  }

  flushed(state: StreamState): void {
    if (state.head < 0) this.streamCount++;
    state.head += state.pending;
    state.pending = 0;
  }

  /** Forgets what was added since the last flush. */
  discard(state: StreamState): void {
    state.places.length -= state.pending;
    state.pending = 0;
    if (state.places.length === 0) this.tail.delete(state.name);
  }

  /** Places of the revisions `from` to `to`, both inclusive and within the stream; flushed or not. */
  places(stream: string, from: number, to: number): Place[] {
    const state = this.tail.get(stream);
    const tailFirst = state ? state.first : to + 1;
    const found: Place[] = [];
    for (let revision = from; revision <= to && revision < tailFirst;) {
      const number = Math.floor(revision / CHUNK);
      const chunk = this.chunks.get([stream, number]);
      const end = Math.min((number + 1) * CHUNK, tailFirst, to + 1);
      if (!chunk || chunk.length < (end - number * CHUNK) * WIDTH)
        throw new Error(`the index of stream "${stream}" lacks revision ${revision}`);
      for (; revision < end; revision++) found.push(chunk.readDoubleLE((revision - number * CHUNK) * WIDTH));
    }
    if (state)
      for (let revision = Math.max(from, tailFirst); revision <= to; revision++) found.push(state.places[revision - tailFirst]!);
    return found;
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
    await this.environment.writeBlind(() => this.marks.put('mark', mark), SMALL);
    this.marked = mark;
  }

  private async mergeSlice(names: readonly string[]): Promise<void> {
    const merged = names.flatMap((name) => {
      // Gone when the only append to it has failed meanwhile.
      const state = this.tail.get(name);
      return state ? [{ state, count: state.places.length - state.pending }] : [];
    });
    const changes = merged.flatMap(({ state, count }) => this.chunksOf(state, count));
    await this.environment.writeBlind(
      () => {
        for (const { key, value } of changes) this.chunks.put(key, value);
      },
      { keys: changes.length, bytes: changes.reduce((sum, { value }) => sum + value.length, 0) },
    );
    for (const { state, count } of merged) this.forget(state, count);
  }

  /** The chunks that hold the first `count` places, with what was in them before. */
  private chunksOf({ name, first, places }: StreamState, count: number): { key: readonly [string, number]; value: Buffer }[] {
    const changes: { key: readonly [string, number]; value: Buffer }[] = [];
    for (let done = 0; done < count;) {
      const number = Math.floor((first + done) / CHUNK);
      const before = first + done - number * CHUNK;
      const add = Math.min(CHUNK - before, count - done);
      const value = Buffer.allocUnsafe((before + add) * WIDTH);
      if (before > 0) this.chunks.get([name, number])!.copy(value, 0, 0, before * WIDTH);
      for (let i = 0; i < add; i++) value.writeDoubleLE(places[done + i]!, (before + i) * WIDTH);
      changes.push({ key: [name, number], value });
      done += add;
    }
    return changes;
  }

  private forget(state: StreamState, count: number): void {
    state.first += count;
    state.places = state.places.slice(count);
    // One whose append has failed is known no more; there may be another one of that name by now.
    if (state.places.length > 0 || this.tail.get(state.name) !== state) return;
    this.heads.set(state.name, state.head);
    this.tail.delete(state.name);
  }

  /** Few of them: anyone can ask for any number of streams, of any length. */
  private rememberAbsent(stream: string): void {
    if (stream.length > MAX_STREAM_BYTES) return;
    if (this.absent.size >= ABSENT) this.absent.clear();
    this.absent.add(stream);
  }

  private mergedHead(stream: string): number {
    if (Buffer.byteLength(stream) > MAX_STREAM_BYTES) return -1;
    // Most streams are short, and most of those asked for the first time are new: one look at the first chunk.
    const chunk = this.chunks.get([stream, 0]);
    if (!chunk) return -1;
    if (chunk.length < CHUNK * WIDTH) return chunk.length / WIDTH - 1;
    const [last] = this.chunks.entries({ gte: [stream, 0], lte: [stream, Number.MAX_SAFE_INTEGER], reverse: true, limit: 1 });
    return last!.key[1] * CHUNK + last!.value.length / WIDTH - 1;
  }

  private async recover(log: EventLog): Promise<void> {
    let after = this.marked.ordinal;
    while (after < log.last) {
      const { upTo } = log.scan({ direction: 'forwards', after, limit: Infinity }, (block, at, place) => {
        this.recoverOne(streamOf(block, at), revisionOf(block, at), place);
      });
      after = upTo;
      await nextTurn();
    }
  }

  private recoverOne(stream: string, revision: number, place: Place): void {
    // A merge that did not come to its end has brought in some streams already.
    const state = this.state(stream);
    if (revision <= state.head && state.places.length === 0) {
      if (revision === 0) this.streamCount++;
      return;
    }
    this.add(state, place);
    this.flushed(state);
  }
}
