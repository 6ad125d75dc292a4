import type { AppendResult, ExpectedRevision } from '@souk/event-sourcing';
import type { EventLog, RecordReader, Scan, Scanned } from './event-log';
import { readRecords } from './feeds';
import type { GroupCommit } from './group-commit';
import { ordinalOf } from './place';
import { decodeBytes, type EncodedEvent, type RecordedBytes, recordedAtOf } from './record';
import type { StreamIndex } from './stream-index';

/** With its place in the whole store: 1, 2, 3 … */
export interface PlacedBytes extends RecordedBytes {
  readonly ordinal: number;
}

/** Records that one step looks at, at most. */
const PAGE = 256;

/**
 * The embedded store by bytes and ordinals, for the server of another protocol: synchronous steps, each short, so that whoever reads
 * decides when the next one comes.
 */
export class ByteStore {
  constructor(
    private readonly log: EventLog,
    private readonly index: StreamIndex,
    private readonly commits: GroupCommit,
    private readonly assertOpen: () => void,
  ) {}

  /** Ordinal of the last event; 0 in an empty store. */
  get last(): number {
    return this.log.last;
  }

  /** Last revision of a stream, -1 where there is none. */
  head(stream: string): number {
    this.assertOpen();
    return this.index.head(stream);
  }

  /** The laws are those of `LmdbEventStore.append`. @throws WrongExpectedRevision, StoreFull */
  async append(stream: string, expected: ExpectedRevision, events: readonly EncodedEvent[]): Promise<AppendResult> {
    this.assertOpen();
    return this.commits.appendEncoded(stream, expected, events);
  }

  /** The next events of a stream from one revision to another (inclusive), at least one; `from` > `to` is backwards. */
  readStream(stream: string, from: number, to: number): PlacedBytes[] {
    this.assertOpen();
    return from <= to
      ? readRecords(this.log, this.index, stream, from, Math.min(to, from + PAGE - 1), 'forwards', placed)
      : readRecords(this.log, this.index, stream, from, Math.max(to, from - PAGE + 1), 'backwards', placed);
  }

  /** When an event of the stream was recorded, in milliseconds since 1970. */
  recordedAt(stream: string, revision: number): number {
    const [place] = this.index.places(stream, revision, revision);
    return this.log.read(place!, recordedAtOf);
  }

  /** As `EventLog.scan`; at most 256 events. */
  scan(scan: Scan): Scanned<PlacedBytes> {
    this.assertOpen();
    return this.log.scan({ ...scan, limit: Math.min(scan.limit, PAGE) }, placed);
  }

  /** Calls the listener after each append. Answers how to stop that. */
  onAppended(listener: () => void): () => void {
    return this.log.onAppended(listener);
  }
}

const placed: RecordReader<PlacedBytes> = (block, at, place) => ({ ...decodeBytes(block, at), ordinal: ordinalOf(place) });
