import type { ByteStore, PlacedBytes } from '../byte-store';
import { StreamDeleted } from './protocol-errors';
import { isMetastream, type RulesReader } from './stream-rules';

/** What of a stream can be read, both inclusive; `first` > `last` where nothing can. */
export interface Readable {
  readonly first: number;
  readonly last: number;
}

/** Reads streams as EventStoreDB does: without what their metadata hides. */
export class StreamReader {
  constructor(
    private readonly store: ByteStore,
    private readonly rules: RulesReader,
  ) {}

  /** `undefined` where there is no stream, or it was deleted. @throws StreamDeleted for a tombstone */
  readable(stream: string): Readable | undefined {
    const { deleted, truncateBefore, maxCount, maxAge } = this.rules.of(stream);
    if (deleted === 'hard') throw new StreamDeleted(stream);
    const last = this.store.head(stream);
    if (last < 0 || deleted === 'soft') return undefined;
    // Of metadata only the last one counts, which is how the real server reads it.
    const kept = isMetastream(stream) ? 1 : maxCount;
    const first = Math.max(truncateBefore, last - kept + 1, 0);
    return { first: maxAge === Infinity ? first : this.firstSince(stream, Date.now() - maxAge, first, last), last };
  }

  /** Last revision of the stream, whatever can be read of it. */
  head(stream: string): number {
    return this.store.head(stream);
  }

  /** The next events of a stream from one revision to another (inclusive), some of them; `from` > `to` is backwards. */
  page(stream: string, from: number, to: number): PlacedBytes[] {
    return this.store.readStream(stream, from, to);
  }

  /** First revision that was recorded at that time or later: times never go back within the store. */
  private firstSince(stream: string, time: number, first: number, last: number): number {
    let [low, high] = [first, last + 1];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.store.recordedAt(stream, middle) < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
