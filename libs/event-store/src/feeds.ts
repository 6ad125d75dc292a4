import { type EventFilter, type Position, positionOf, type RecordedEvent } from '@souk/event-sourcing';
import type { EventLog } from './event-log';
import { decodeRecord, type RecordBytes, streamOf, typeOf } from './record';
import type { StreamIndex } from './stream-index';
import type { Feed } from './subscription';

/** The whole log after an ordinal, or what of it passes the filter. */
export class LogFeed implements Feed {
  private readonly passes: ((record: RecordBytes) => boolean) | undefined;

  constructor(
    private readonly log: EventLog,
    private after: number,
    private readonly limit: number,
    filter?: EventFilter,
  ) {
    this.passes = filter && filterOf(filter);
  }

  read(): { events: readonly RecordedEvent[]; atEnd: boolean } {
    const { found, upTo } = this.log.scan(
      { direction: 'forwards', after: this.after, limit: this.limit, passes: this.passes },
      (record, ordinal) => decodeRecord(record, positionOf(this.log.generation, ordinal)),
    );
    this.after = upTo;
    return { events: found, atEnd: upTo >= this.log.last };
  }

  seen(): Position {
    return positionOf(this.log.generation, this.after);
  }

  onMore(listener: () => void): () => void {
    return this.log.onAppended(listener);
  }
}

/** One stream from a revision on. */
export class StreamFeed implements Feed {
  constructor(
    private readonly log: EventLog,
    private readonly index: StreamIndex,
    private readonly stream: string,
    private revision: number,
    private readonly limit: number,
  ) {}

  read(): { events: readonly RecordedEvent[]; atEnd: boolean } {
    const head = this.index.head(this.stream);
    const to = Math.min(head, this.revision + this.limit - 1);
    const events = readRevisions(this.log, this.index, this.stream, this.revision, to);
    this.revision += events.length;
    return { events, atEnd: this.revision > head };
  }

  seen(): undefined {
    return undefined;
  }

  onMore(listener: () => void): () => void {
    return this.log.onAppended(() => {
      if (this.index.head(this.stream) >= this.revision) listener();
    });
  }
}

/** Bytes of a stream's records that one synchronous step reads. */
const STEP_BYTES = 1 << 20;

/** Events of the revisions `from` to `to`, both inclusive, in that order (`from` > `to` in a reversed one); fewer where they are large. */
export function readRevisions(
  log: EventLog,
  index: StreamIndex,
  stream: string,
  from: number,
  to: number,
  direction: 'forwards' | 'backwards' = 'forwards',
): RecordedEvent[] {
  const ordinals = direction === 'forwards' ? index.ordinals(stream, from, to) : index.ordinals(stream, to, from).reverse();
  const events: RecordedEvent[] = [];
  let bytes = 0;
  for (const ordinal of ordinals) {
    const record = log.record(ordinal);
    events.push(decodeRecord(record, positionOf(log.generation, ordinal)));
    bytes += record.length;
    if (bytes >= STEP_BYTES) break;
  }
  return events;
}

/** Looks at no more of a record than the filter needs. */
export function filterOf(filter: EventFilter): (record: RecordBytes) => boolean {
  if ('types' in filter) {
    const types = new Set(filter.types);
    return (record) => types.has(typeOf(record));
  }
  const prefixes = filter.streamPrefixes;
  return (record) => {
    const stream = streamOf(record);
    return prefixes.some((prefix) => stream.startsWith(prefix));
  };
}
