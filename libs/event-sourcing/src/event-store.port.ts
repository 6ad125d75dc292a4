import type { EventToAppend, Position, RecordedEvent } from './event';

/**
 * What the writer believes about the stream: anything, nothing there, something there, or exactly this last revision (from 0).
 */
export type ExpectedRevision = 'any' | 'no-stream' | 'stream-exists' | number;

export interface AppendResult {
  /** Revision of the last event of this append; for an empty append, of the stream's last event (-1 where there is none). */
  readonly revision: number;
  readonly position: Position;
  /** The append had been made before: nothing was written, and this is the original result. */
  readonly repeated: boolean;
}

/** Prefixes *or* types, never both; prefixes are of whole stream names: `['version-', 'snapshot-']`. */
export type EventFilter = { readonly streamPrefixes: readonly string[] } | { readonly types: readonly string[] };

export interface ReadStreamOptions {
  readonly direction?: 'forwards' | 'backwards';
  /** First revision to read, inclusive. Default: the start (forwards) or the end (backwards). */
  readonly from?: number;
  readonly maxCount?: number;
}

export interface ReadAllOptions {
  readonly direction?: 'forwards' | 'backwards';
  /** Exclusive: reading goes on after (forwards) or before (backwards) this position. */
  readonly after?: Position;
  readonly maxCount?: number;
  readonly filter?: EventFilter;
}

export interface SubscribeOptions {
  /** Exclusive. Without it the subscription starts at the first event. */
  readonly after?: Position;
  readonly filter?: EventFilter;
  /** How many events a batch may hold. Default 256. */
  readonly batchSize?: number;
  /**
   * Once live, a batch comes no sooner after the one before than this, so that what arrives in between comes together: milliseconds,
   * default 0. After a quiet time the first one comes at once.
   */
  readonly pauseMs?: number;
}

export interface SubscriptionHandler {
  /**
   * The next events in order, at least one. The next batch comes only when this promise is fulfilled (back-pressure);
   * a rejection ends the subscription.
   */
  onEvents(events: readonly RecordedEvent[]): Promise<void> | void;
  /** Everything up to here was seen, whether or not it passed the filter. Comes with the switch to live and from time to time. */
  onCheckpoint?(position: Position): Promise<void> | void;
  /** Called once when the subscription ends by itself; never after `close()`. */
  onEnd?(error: unknown): void;
}

export interface Subscription {
  /** Fulfilled when no handler runs any more. */
  close(): Promise<void>;
}

/**
 * The one source of truth. Its laws, checked for every adapter by `eventStoreContract`:
 * - *expected revision*: any / no-stream / stream-exists / exact; of all writers at one revision exactly one wins,
 *   the others get {@link WrongExpectedRevision};
 * - *idempotency*: the same event ids at the same exact expectation again answer the original result and write nothing;
 * - an *empty append* writes nothing and answers where the stream stands (the expectation is checked);
 * - an append is *atomic*, and acknowledged only when it is flushed to disk;
 * - events of a stream have revisions 0, 1, 2 … without gaps; `$all` is ordered by position; both read in both directions;
 * - a *subscription* misses nothing and repeats nothing, in order, over the switch from catching up to live;
 * - a position of another generation of the store is refused with {@link PositionGone}.
 */
export abstract class EventStore {
  /** Whether positions are numbers of events. Where not, they have gaps, and tell the order alone: bytes of a log, say. */
  get countsEvents(): boolean {
    return true;
  }

  abstract append(stream: string, expected: ExpectedRevision, events: readonly EventToAppend[]): Promise<AppendResult>;

  /** Events of one stream; an empty sequence where there is no such stream. */
  abstract readStream(stream: string, options?: ReadStreamOptions): AsyncIterable<RecordedEvent>;

  abstract readAll(options?: ReadAllOptions): AsyncIterable<RecordedEvent>;

  /** Catch-up subscription to everything that passes the filter. */
  abstract subscribe(options: SubscribeOptions, handler: SubscriptionHandler): Subscription;

  /** Catch-up subscription to one stream, from a revision (inclusive, default 0). `onCheckpoint` is not called. */
  abstract subscribeToStream(stream: string, from: number, handler: SubscriptionHandler): Subscription;

  /** Position of the last event, or a position before all events in an empty store. */
  abstract head(): Promise<Position>;

  /** @throws PositionGone for text that is no position of this store's generation. */
  abstract parsePosition(text: string): Position;
}

/** The stream does not stand where the writer believed. `actual` is the last revision, -1 for no stream. */
export class WrongExpectedRevision extends Error {
  readonly code = 'wrong-expected-revision';
  constructor(
    readonly stream: string,
    readonly expected: ExpectedRevision,
    readonly actual: number,
  ) {
    super(`stream "${stream}" is at revision ${actual}, expected ${expected}`);
    this.name = new.target.name;
  }
}

/** A position token of another store, or of this store before it was made anew. */
export class PositionGone extends Error {
  readonly code = 'position-gone';
  constructor(readonly position: string) {
    super(`position "${position}" does not belong to this generation of the event store`);
    this.name = new.target.name;
  }
}

/** The disk took no more. Nothing of the append was kept. */
export class StoreFull extends Error {
  readonly code = 'insufficient-storage';
  constructor(options?: ErrorOptions) {
    super('the event store has no space left on its disk', options);
    this.name = new.target.name;
  }
}

/** An event above the limit of one event or message. */
export class EventTooLarge extends Error {
  readonly code = 'event-too-large';
  constructor(
    readonly type: string,
    readonly bytes: number,
    readonly limit: number,
  ) {
    super(`event "${type}" has ${bytes} bytes, the limit is ${limit}`);
    this.name = new.target.name;
  }
}

/** One event or message, metadata included, in bytes of JSON. */
export const MAX_EVENT_BYTES = 256 * 1024;
