import type { ExpectedRevision } from '@souk/event-sourcing';
import type {
  AllStreamSubscription,
  AppendExpectedRevision,
  EventStoreDBClient,
  Filter,
  JSONEventData,
  ReadPosition,
  ReadRevision,
  ResolvedEvent,
  StreamingRead,
  StreamSubscription,
} from '@eventstore/db-client';
import { checkConnectionString } from './connection-string';
import type { Driver } from './driver';
import { EventStoreUnavailable, InvalidConnectionString } from './errors';
import { failure, isNotFound } from './failures';

export type Direction = 'forwards' | 'backwards';

/** What the driver adds to the patience asked for, until it is taken for hanging: milliseconds. */
const GRACE = 250;

/**
 * One connection to EventStoreDB, or to one node of its cluster, by the official driver. Every call has its own time-out, since the driver
 * waits for a frozen server as long as the connection stands; every error is one of this lib, but for the refusal of an expectation.
 *
 * Appends go out as a call each. The driver's batch append would take a third of the time, but keeps all that wait for an answer in one table
 * for the whole process: when any stream of any client breaks, everything in it fails, and an answer that comes later ends the process.
 */
export class Connection {
  private readonly client: EventStoreDBClient;
  private closing = false;

  /** @throws InvalidConnectionString */
  constructor(
    readonly driver: Driver,
    connectionString: string,
    private readonly readTimeoutMs: number,
  ) {
    checkConnectionString(connectionString);
    try {
      this.client = driver.EventStoreDBClient.connectionString(connectionString);
    } catch (error) {
      // The driver's message quotes the string.
      const expected = error instanceof Error && / expected (.*)\.$/.exec(error.message)?.[1];
      throw new InvalidConnectionString(expected ? `expected ${expected}` : 'a file that it names was not found');
    }
    Object.assign(this.client, { supports: () => Promise.resolve(false) });
  }

  /** @param from inclusive @returns fewer than `maxCount` at the end only */
  async readStream(
    stream: string,
    { from, direction, maxCount }: { readonly from: number | 'end'; readonly direction: Direction; readonly maxCount: number },
  ): Promise<readonly ResolvedEvent[]> {
    const fromRevision: ReadRevision = from === 'end' ? 'end' : BigInt(from);
    try {
      return await this.page(() => this.client.readStream(stream, { fromRevision, direction, maxCount }));
    } catch (error) {
      if (isNotFound(error)) return [];
      throw failure(error, { what: 'reading a stream', stream });
    }
  }

  /** @param from inclusive forwards, exclusive backwards @returns fewer than `maxCount` at the end only */
  async readAll(
    from: number | 'start' | 'end',
    { direction, maxCount }: { readonly direction: Direction; readonly maxCount: number },
  ): Promise<readonly ResolvedEvent[]> {
    try {
      return await this.page(() => this.client.readAll({ fromPosition: placeOf(from), direction, maxCount }));
    } catch (error) {
      throw failure(error, { what: 'reading' });
    }
  }

  /** @returns the revision of the last event. @throws the driver's WrongExpectedVersionError; errors of this lib otherwise */
  async append(stream: string, expected: ExpectedRevision, events: readonly JSONEventData[], timeoutMs: number): Promise<number> {
    const appending = this.client.appendToStream(stream, [...events], {
      expectedRevision: expectedOf(expected),
      deadline: Math.ceil(timeoutMs),
    });
    return Number((await within(timeoutMs + GRACE, 'an append', appending)).nextExpectedRevision);
  }

  /** Where there is none yet. @throws as {@link append} */
  async setMaxCount(stream: string, maxCount: number): Promise<void> {
    const setting = this.client.setStreamMetadata(
      stream,
      { maxCount },
      { expectedRevision: 'no_stream', deadline: this.readTimeoutMs },
    );
    await within(this.readTimeoutMs + GRACE, 'setting how many events a stream keeps', setting);
  }

  /** @param after exclusive */
  subscribeToAll(after: number, filter: Filter, buffered: number): AllStreamSubscription {
    const fromPosition = placeOf(after > 0 ? after : 'start');
    return this.client.subscribeToAll({ fromPosition, filter }, { highWaterMark: buffered });
  }

  /** @param from inclusive */
  subscribeToStream(stream: string, from: number, buffered: number): StreamSubscription {
    const fromRevision: ReadRevision = from > 0 ? BigInt(from - 1) : 'start';
    return this.client.subscribeToStream(stream, { fromRevision }, { highWaterMark: buffered });
  }

  async close(): Promise<void> {
    if (this.closing) return;
    this.closing = true;
    await this.client.dispose();
    // The driver has no way to give its channel back.
    const { getChannel } = this.client as unknown as { getChannel: () => Promise<{ close(): void }> };
    const channel = await within(GRACE, 'closing', getChannel()).catch(() => undefined);
    channel?.close();
  }

  private page(open: () => StreamingRead<ResolvedEvent>): Promise<readonly ResolvedEvent[]> {
    return new Promise((resolve, reject) => {
      const events: ResolvedEvent[] = [];
      const read = open();
      const timer = setTimeout(() => {
        void read.cancel().catch(() => undefined);
        reject(new EventStoreUnavailable(`a read took more than ${this.readTimeoutMs} ms`));
      }, this.readTimeoutMs);
      read.on('data', (event: ResolvedEvent) => events.push(event));
      // Stays: an error may come after the time-out, and would end the process if nobody listened.
      read.on('error', (error) => {
        clearTimeout(timer);
        reject(error);
      });
      read.on('end', () => {
        clearTimeout(timer);
        resolve(events);
      });
    });
  }
}

/** The promise, or EventStoreUnavailable when it takes longer: what it does goes on unheard. */
export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new EventStoreUnavailable(`${what} took more than ${Math.round(ms)} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function placeOf(place: number | 'start' | 'end'): ReadPosition {
  if (typeof place === 'string') return place;
  return { commit: BigInt(place), prepare: BigInt(place) };
}

function expectedOf(expected: ExpectedRevision): AppendExpectedRevision {
  if (typeof expected === 'number') return BigInt(expected);
  if (expected === 'no-stream') return 'no_stream';
  return expected === 'stream-exists' ? 'stream_exists' : 'any';
}
