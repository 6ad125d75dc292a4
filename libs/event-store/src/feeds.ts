import { type EventFilter, type Position, positionOf, type RecordedEvent } from '@souk/event-sourcing';
import type { EventLog, RecordReader } from './event-log';
import type { Place } from './place';
import { endOf, streamOf, typeOf } from './record';
import type { StreamIndex } from './stream-index';
import type { Feed } from './subscription';

/** The whole log after an ordinal, or what of it passes the filter. */
export class LogFeed implements Feed {
  private readonly passes: RecordReader<boolean> | undefined;

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
      this.log.decode,
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
  return readRecords(log, index, stream, from, to, direction, log.decode, (place) => log.newest(place));
}

/** As {@link readRevisions}, of what the reader makes of the records; they are not looked at where it is `known`. */
export function readRecords<T>(
  log: EventLog,
  index: StreamIndex,
  stream: string,
  from: number,
  to: number,
  direction: 'forwards' | 'backwards',
  reader: RecordReader<T>,
  known: (place: Place) => T | undefined = () => undefined,
): T[] {
  const places = direction === 'forwards' ? index.places(stream, from, to) : index.places(stream, to, from).reverse();
  const events: T[] = [];
  let bytes = 0;
  for (const place of places) {
    events.push(
      known(place) ??
        log.read(place, (block, at) => {
          bytes += endOf(block, at) - at;
          return reader(block, at, place);
        }),
    );
    if (bytes >= STEP_BYTES) break;
  }
  return events;
}

/** Looks at no more of a record than the filter needs. */
export function filterOf(filter: EventFilter): RecordReader<boolean> {
  if ('types' in filter) {
    const types = new Set(filter.types);
    return (block, at) => types.has(typeOf(block, at));
  }
  const prefixes = filter.streamPrefixes;
  return (block, at) => {
    const stream = streamOf(block, at);
    return prefixes.some((prefix) => stream.startsWith(prefix));
  };
}
