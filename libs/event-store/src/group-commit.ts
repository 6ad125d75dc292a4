import {
  type AppendResult,
  type EventToAppend,
  type ExpectedRevision,
  positionOf,
  WrongExpectedRevision,
} from '@souk/event-sourcing';
import type { EventLog } from './event-log';
import { encodeRecord, hasId, type RecordBytes, stampRecord } from './record';
import type { StreamIndex, StreamState } from './stream-index';

/** What one flush takes at most, but for a single larger append. */
const BATCH_EVENTS = 2048;
const BATCH_BYTES = 8 << 20;
/** Newest events of a stream in which an append at no exact revision is recognised as a repeat. */
const RECENT_EVENTS = 16;

interface Append {
  readonly stream: string;
  readonly expected: ExpectedRevision;
  readonly events: readonly EventToAppend[];
  readonly records: readonly RecordBytes[];
  readonly resolve: (result: AppendResult) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * All appends that wait at the same time become one transaction with one flush. Expected revisions are checked in the order of the calls,
 * each on what those before it leave. Nobody is answered (not even with a refusal, which tells of others' events) before the flush.
 */
export class GroupCommit {
  private waiting: Append[] = [];
  private running: Promise<void> | undefined;

  constructor(
    private readonly log: EventLog,
    private readonly index: StreamIndex,
  ) {}

  append(stream: string, expected: ExpectedRevision, events: readonly EventToAppend[]): Promise<AppendResult> {
    return new Promise((resolve, reject) => {
      const records = events.map((event) => encodeRecord(stream, event));
      this.waiting.push({ stream, expected, events, records, resolve, reject });
      this.running ??= this.run();
    });
  }

  /** Fulfilled when nothing waits and nothing is under way. */
  async idle(): Promise<void> {
    await this.running;
  }

  private async run(): Promise<void> {
    do {
      // Lets everyone who is ready in this turn of the event loop come along.
      await new Promise(setImmediate);
      await this.commit(this.next());
    } while (this.waiting.length > 0);
    this.running = undefined;
  }

  private next(): readonly Append[] {
    let events = 0;
    let bytes = 0;
    const count = this.waiting.findIndex(({ records }, i) => {
      events += records.length;
      for (const record of records) bytes += record.length;
      return i > 0 && (events > BATCH_EVENTS || bytes > BATCH_BYTES);
    });
    const appends = count < 0 ? this.waiting : this.waiting.slice(0, count);
    this.waiting = count < 0 ? [] : this.waiting.slice(count);
    return appends;
  }

  private async commit(appends: readonly Append[]): Promise<void> {
    const batch = new Batch(this.log, this.index);
    try {
      const answers = appends.map((append) => batch.answer(append));
      if (batch.records.length > 0) {
        await this.log.append(batch.records);
        batch.flushed();
      }
      appends.forEach(({ resolve, reject }, i) => {
        const answer = answers[i]!;
        if (answer instanceof WrongExpectedRevision) reject(answer);
        else resolve(answer);
      });
    } catch (error) {
      batch.discard();
      for (const { reject } of appends) reject(error);
    }
  }
}

/** The appends of one flush, as long as it is not known whether they will last. */
class Batch {
  readonly records: RecordBytes[] = [];
  private readonly touched: StreamState[] = [];
  private readonly firstOrdinal: number;
  private readonly now: number;

  constructor(
    private readonly log: EventLog,
    private readonly index: StreamIndex,
  ) {
    this.firstOrdinal = log.last + 1;
    this.now = log.now();
  }

  answer(append: Append): AppendResult | WrongExpectedRevision {
    const { stream, expected, events } = append;
    const state = this.index.state(stream);
    const head = state.head + state.pending;
    if (expected === 'any' || expected === 'stream-exists') {
      if (expected === 'stream-exists' && head < 0) return new WrongExpectedRevision(stream, expected, head);
      const repeated = this.recently(append, head);
      if (repeated !== undefined) return this.result(stream, repeated, true);
    } else {
      const exact = expected === 'no-stream' ? -1 : expected;
      if (head !== exact) {
        const repeated = events.length > 0 && head >= exact + events.length && this.holds(append, exact + 1);
        return repeated ? this.result(stream, exact + events.length, true) : new WrongExpectedRevision(stream, expected, head);
      }
    }
    if (events.length === 0) return this.result(stream, head, false);
    return this.add(append, state, head);
  }

  flushed(): void {
    for (const state of this.touched) this.index.flushed(state);
    this.log.announce(this.firstOrdinal);
  }

  discard(): void {
    for (const state of this.touched) this.index.discard(state);
  }

  private add({ records }: Append, state: StreamState, head: number): AppendResult {
    if (state.pending === 0) this.touched.push(state);
    let revision = head;
    for (const record of records) {
      stampRecord(record, ++revision, this.now);
      this.index.add(state, this.firstOrdinal + this.records.length);
      this.records.push(record);
    }
    return { revision, position: positionOf(this.log.generation, this.log.last + this.records.length), repeated: false };
  }

  /** For an empty stream, the position of the whole store's last event. */
  private result(stream: string, revision: number, repeated: boolean): AppendResult {
    const ordinal = revision < 0 ? this.log.last : this.ordinal(stream, revision);
    return { revision, position: positionOf(this.log.generation, ordinal), repeated };
  }

  /** Revision of the last event when these very events are among the newest ones of the stream. */
  private recently({ stream, events }: Append, head: number): number | undefined {
    if (events.length === 0) return undefined;
    const oldest = Math.max(0, head + 1 - Math.max(RECENT_EVENTS, events.length));
    for (let first = head - events.length + 1; first >= oldest; first--)
      if (this.holds({ stream, events }, first)) return first + events.length - 1;
    return undefined;
  }

  /** Whether the stream has events of these ids from that revision on. */
  private holds({ stream, events }: Pick<Append, 'stream' | 'events'>, first: number): boolean {
    return events.every(({ id }, i) => hasId(this.record(this.ordinal(stream, first + i)), id));
  }

  private ordinal(stream: string, revision: number): number {
    return this.index.ordinals(stream, revision, revision)[0]!;
  }

  private record(ordinal: number): RecordBytes {
    return ordinal >= this.firstOrdinal ? this.records[ordinal - this.firstOrdinal]! : this.log.record(ordinal);
  }
}
