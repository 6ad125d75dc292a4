import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type AppendResult,
  type EventToAppend,
  type ExpectedRevision,
  positionOf,
  WrongExpectedRevision,
} from '@souk/event-sourcing';
import type { JSONEventData } from '@eventstore/db-client';
import type { Connection } from './connection';
import { EventStoreUnavailable } from './errors';
import { actualRevision, failure } from './failures';
import { InFlight } from './in-flight';
import { ReadBack } from './read-back';
import { type Origin, type StoredEvent, toEventData, toStoredEvent } from './recorded-events';
import type { Retention } from './retention';

export interface AppenderOptions {
  readonly generation: string;
  /** One attempt, and all of them together: milliseconds. */
  readonly attemptTimeoutMs: number;
  readonly timeoutMs: number;
  readonly inFlight: number;
  readonly waiting: number;
  readonly retention: Retention;
  /** The log is as long as that at least. */
  readonly onAppended: (ordinal: number) => void;
}

interface Append {
  readonly stream: string;
  readonly expected: ExpectedRevision;
  readonly events: readonly JSONEventData[];
  /** Stands in the metadata of its events. */
  readonly name: string;
  /** On the monotonic clock. */
  readonly until: number;
}

/** Pause before an attempt after one whose answer got lost: milliseconds, twice as long each time, half of it by chance. */
const FIRST_PAUSE = 50;
const LAST_PAUSE = 1_000;
/** Streams of leases. */
const LEASES = 'lease-';
/** How far back from the end the events of an append are looked for, whose answer got lost. */
const LOOK_BACK = 1_024;

/**
 * Appends, and what became of them. The answer is always read back: EventStoreDB acknowledges the same events at the same expectation a second
 * time as if it had written them, and only what stands there (the name of the append in the metadata) tells whether it was this call.
 *
 * An append without an answer may have been written, or may yet be. At an exact expectation it is made again, which the server takes once.
 * At another one it is looked for first, and then made at the exact revision at which it was not there: never blindly again, since at
 * a new revision it would be written twice.
 */
export class Appender {
  private readonly inFlight: InFlight;
  /** Of renewals: behind all others in an overload, every lease would run out at once. */
  private readonly leases: InFlight;
  private readonly readBack: ReadBack;

  constructor(
    private readonly connection: Connection,
    private readonly options: AppenderOptions,
  ) {
    this.inFlight = new InFlight(options.inFlight, options.waiting);
    this.leases = new InFlight(options.inFlight, options.waiting);
    this.readBack = new ReadBack(connection);
  }

  async append(
    stream: string,
    expected: ExpectedRevision,
    events: readonly EventToAppend[],
    origins: readonly Origin[] = [],
  ): Promise<AppendResult> {
    const name = randomBytes(9).toString('base64url');
    const data = events.map((event, i) => toEventData(stream, event, name, origins[i]));
    const until = performance.now() + this.options.timeoutMs;
    const lane = stream.startsWith(LEASES) ? this.leases : this.inFlight;
    return lane.run(() => this.settle({ stream, expected, events: data, name, until }));
  }

  async idle(): Promise<void> {
    await Promise.all([this.inFlight.idle(), this.leases.idle()]);
  }

  private async settle(append: Append): Promise<AppendResult> {
    if (performance.now() >= append.until) throw new EventStoreUnavailable('an append has waited too long for others');
    let { expected } = append;
    for (let pause = FIRST_PAUSE, unknown = false; ; pause = Math.min(LAST_PAUSE, 2 * pause), unknown = true) {
      try {
        if (unknown && typeof expected !== 'number' && expected !== 'no-stream') {
          const { found, head } = await this.lookBack(append);
          if (found) return found;
          expected = head < 0 ? 'no-stream' : head;
        }
        return await this.attempt({ ...append, expected });
      } catch (error) {
        // Somebody else was faster than the append at the revision that was only chosen here: it is looked again.
        const beaten = error instanceof WrongExpectedRevision && expected !== append.expected;
        if (beaten) expected = append.expected;
        else if (!(error instanceof EventStoreUnavailable)) throw error;
        const ms = pause * (0.5 + Math.random() / 2);
        if (performance.now() + ms >= append.until) throw beaten ? new EventStoreUnavailable('an append was beaten') : error;
        await delay(ms);
      }
    }
  }

  private async attempt(append: Append): Promise<AppendResult> {
    const { stream, expected, events, until } = append;
    const timeout = Math.max(1, Math.min(this.options.attemptTimeoutMs, until - performance.now()));
    let revision: number;
    try {
      revision = await this.connection.append(stream, expected, events, timeout);
    } catch (error) {
      const actual = actualRevision(error);
      if (actual === undefined) throw failure(error, { what: 'an append', stream });
      const original = await this.original(append, actual);
      if (original) return original;
      throw new WrongExpectedRevision(stream, expected, actual);
    }
    const last = await this.readBack.find(stream, revision, events.length);
    // Gone already: a stream that keeps a few events had others since. Then nobody can have asked for the answer of another call.
    if (!last) throw new EventStoreUnavailable(`what was appended to "${stream}" can't be found`);
    await this.options.retention.apply(stream);
    return this.answer(append, last);
  }

  /** The result of the same append, made before, where the stream holds its events at that very place. */
  private async original(append: Append, actual: number): Promise<AppendResult | undefined> {
    const { stream, expected, events } = append;
    if (expected === 'any' || expected === 'stream-exists') return undefined;
    const from = expected === 'no-stream' ? 0 : expected + 1;
    if (actual < from + events.length - 1) return undefined;
    const read = await this.connection.readStream(stream, { from, direction: 'forwards', maxCount: events.length });
    return this.same(
      append,
      read.flatMap((resolved) => toStoredEvent(resolved) ?? []),
    );
  }

  private async lookBack(append: Append): Promise<{ readonly found?: AppendResult; readonly head: number }> {
    const { stream, events } = append;
    const read = await this.connection.readStream(stream, { from: 'end', direction: 'backwards', maxCount: LOOK_BACK });
    const stored = read.flatMap((resolved) => toStoredEvent(resolved) ?? []).reverse();
    const first = stored.findIndex(({ id }) => id === events[0]!.id);
    const found = first < 0 ? undefined : this.same(append, stored.slice(first, first + events.length));
    return { head: stored.at(-1)?.revision ?? -1, ...(found && { found }) };
  }

  private same(append: Append, stored: readonly StoredEvent[]): AppendResult | undefined {
    const { events } = append;
    const last = stored.at(-1);
    if (!last || stored.length !== events.length || stored.some(({ id }, i) => id !== events[i]!.id)) return undefined;
    return this.answer(append, last);
  }

  private answer({ name }: Append, { revision, ordinal, append }: StoredEvent): AppendResult {
    this.options.onAppended(ordinal);
    return { revision, position: positionOf(this.options.generation, ordinal), repeated: append !== name };
  }
}
