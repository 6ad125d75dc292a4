import {
  type AppendResult,
  type EventToAppend,
  type ExpectedRevision,
  positionOf,
  WrongExpectedRevision,
} from '@souk/event-sourcing';
import { failpoint } from '@souk/failpoints';
import type { EventLog } from './event-log';
import { BlockWriter } from './block-writer';
import { ordinalOf, type Place } from './place';
import { Recent } from './recent';
import { encodeEvent, type EncodedEvent, hasId } from './record';
import type { StreamIndex, StreamState } from './stream-index';

/** What one flush takes at most, but for a single larger append. */
const BATCH_EVENTS = 2048;
const BATCH_BYTES = 8 << 20;
/** Appends at no exact revision that are remembered, in order to recognise their repeats. */
const RECENT_APPENDS = 4096;

interface Append {
  readonly stream: string;
  readonly expected: ExpectedRevision;
  readonly events: readonly EncodedEvent[];
  /** Its repeat at no exact revision is recognised, whatever it expects itself. */
  readonly remembered: boolean;
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
  private readonly blocks = new BlockWriter();
  /** Revision of the first event of an append at no exact revision, by stream and id of that event. */
  private readonly recent = new Recent<number>(RECENT_APPENDS);

  constructor(
    private readonly log: EventLog,
    private readonly index: StreamIndex,
  ) {}

  append(stream: string, expected: ExpectedRevision, events: readonly EventToAppend[]): Promise<AppendResult> {
    return new Promise((resolve, reject) => {
      const encoded = events.map((event) => encodeEvent(stream, event));
      this.add({ stream, expected, events: encoded, remembered: false, resolve, reject });
    });
  }

  /**
   * As {@link append}, of events that were encoded for this stream. Repeats at no exact revision are recognised also where the first time
   * was at an exact one, as EventStoreDB does.
   */
  appendEncoded(stream: string, expected: ExpectedRevision, events: readonly EncodedEvent[]): Promise<AppendResult> {
    return new Promise((resolve, reject) => this.add({ stream, expected, events, remembered: true, resolve, reject }));
  }

  private add(append: Append): void {
    this.waiting.push(append);
    this.running ??= this.run();
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
    let count = 0;
    let bytes = 0;
    const end = this.waiting.findIndex(({ events }, i) => {
      count += events.length;
      for (const event of events) bytes += event.bytes;
      return i > 0 && (count > BATCH_EVENTS || bytes > BATCH_BYTES);
    });
    const appends = end < 0 ? this.waiting : this.waiting.slice(0, end);
    this.waiting = end < 0 ? [] : this.waiting.slice(end);
    return appends;
  }

  private async commit(appends: readonly Append[]): Promise<void> {
    const batch = new Batch(this.log, this.index, this.blocks, this.recent);
    try {
      const answers = appends.map((append) => batch.answer(append));
      if (!this.blocks.empty) {
        await this.log.append(this.blocks.finish(), this.blocks.lastOrdinal);
        batch.flushed();
      }
      failpoint('event-store.before-ack');
      appends.forEach(({ resolve, reject }, i) => {
        const answer = answers[i]!;
        if (answer instanceof WrongExpectedRevision) reject(answer);
        else resolve(answer);
      });
      failpoint('event-store.after-ack');
    } catch (error) {
      batch.discard();
      for (const { reject } of appends) reject(error);
    }
  }
}

/** The appends of one flush, as long as it is not known whether they will last. */
class Batch {
  private readonly touched: StreamState[] = [];
  /** Of the events in this batch, in their order. */
  private readonly ids: string[] = [];
  private readonly now: number;

  constructor(
    private readonly log: EventLog,
    private readonly index: StreamIndex,
    private readonly blocks: BlockWriter,
    private readonly recent: Recent<number>,
  ) {
    blocks.restart(log.last + 1);
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
    if (append.remembered) this.recent.set(keyOf(append), head + 1);
    return this.add(append, state, head);
  }

  flushed(): void {
    for (const state of this.touched) this.index.flushed(state);
    this.log.announce();
  }

  discard(): void {
    for (const state of this.touched) this.index.discard(state);
  }

  private add({ events }: Append, state: StreamState, head: number): AppendResult {
    if (state.pending === 0) this.touched.push(state);
    let revision = head;
    for (const event of events) {
      this.index.add(state, this.blocks.add(event, ++revision, this.now));
      this.ids.push(event.id);
    }
    return { revision, position: positionOf(this.log.generation, this.blocks.lastOrdinal), repeated: false };
  }

  /** For an empty stream, the position of the whole store's last event. */
  private result(stream: string, revision: number, repeated: boolean): AppendResult {
    const ordinal = revision < 0 ? this.log.last : ordinalOf(this.place(stream, revision));
    return { revision, position: positionOf(this.log.generation, ordinal), repeated };
  }

  /**
   * Revision of the last of these very events where the stream has them already: known from this process, or the last ones of the stream
   * (the answer may have got lost in a restart).
   */
  private recently(append: Append, head: number): number | undefined {
    const { events } = append;
    if (events.length === 0) return undefined;
    const key = keyOf(append);
    for (const first of [this.recent.get(key) ?? -1, head + 1 - events.length])
      if (first >= 0 && first + events.length - 1 <= head && this.holds(append, first)) return first + events.length - 1;
    this.recent.set(key, head + 1);
    return undefined;
  }

  /** Whether the stream has events of these ids from that revision on. */
  private holds({ stream, events }: Pick<Append, 'stream' | 'events'>, first: number): boolean {
    return events.every(({ id }, i) => {
      const place = this.place(stream, first + i);
      const ordinal = ordinalOf(place);
      if (ordinal > this.log.last) return this.ids[ordinal - this.log.last - 1] === id;
      return this.log.read(place, (block, at) => hasId(block, at, id));
    });
  }

  private place(stream: string, revision: number): Place {
    return this.index.places(stream, revision, revision)[0]!;
  }
}

function keyOf({ stream, events }: Append): string {
  return `${stream} ${events[0]!.id}`;
}
