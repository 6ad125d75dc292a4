import { type EventStore, ordinalOf, parsePosition, type RecordedEvent, WrongExpectedRevision } from '@souk/event-sourcing';
import type { EventStoreDb, MovedEvent } from '../eventstoredb/event-store-db';

/** Why nothing was moved; the message is for people. */
export class MoveRefused extends Error {
  readonly code = 'move-refused';
}

export interface MoveOptions {
  /** Told how many events of the source are there, and how many it has. */
  readonly onProgress?: (moved: number, all: number) => void;
}

export interface MoveOutcome {
  /** Events that were written by this call. */
  readonly written: number;
  readonly events: number;
}

/**
 * Events on their way at the same time, at most. Everything before them is there already: a move that was killed goes on so many
 * events before the last one that arrived.
 */
const WINDOW = 2_048;
/** One append, and appends under way. */
const EVENTS = 100;
const BYTES = 512 * 1024;
const AT_ONCE = 32;

/**
 * Copies all events of an embedded store to EventStoreDB, with their ids, times and bytes, each at the same revision of the same stream. What
 * follows from one request, or happens to one stream, stays in its order, so that no history shows an effect before its cause, and read models
 * become what they were; the rest is written side by side.
 *
 * May be killed at any moment and called again: what is there is not written twice. The source must stand still.
 * @throws MoveRefused where the target holds other events than those of this source
 */
export async function moveEvents(source: EventStore, target: EventStoreDb, options: MoveOptions = {}): Promise<MoveOutcome> {
  const head = await source.head();
  const all = ordinalOf(head);
  const arrived = await arrivedOf(target, parsePosition(head)!.generation);
  if (arrived === all) return { written: 0, events: all };
  let moved = Math.max(0, arrived - WINDOW);
  let written = 0;
  const move = async (window: Window): Promise<void> => {
    const count = await window.write(target);
    written += count;
    moved += window.size;
    options.onProgress?.(moved, all);
  };
  let window = new Window();
  for await (const event of source.readAll()) {
    if (ordinalOf(event.position) <= Math.max(0, arrived - WINDOW)) continue;
    if (window.size >= WINDOW) {
      await move(window);
      window = new Window();
    }
    window.add(event);
  }
  await move(window);
  return { written, events: all };
}

/** Ordinal, in the source, of the last event that has arrived. */
async function arrivedOf(target: EventStoreDb, generation: string): Promise<number> {
  for await (const first of target.readAllMoved({ maxCount: 1 })) assertOfSource(first, generation);
  let last = 0;
  for await (const moved of target.readAllMoved({ direction: 'backwards', maxCount: WINDOW })) {
    assertOfSource(moved, generation);
    last = Math.max(last, ordinalOf(moved.sourcePosition));
  }
  return last;
}

function assertOfSource({ event, sourcePosition }: MovedEvent, generation: string): void {
  if (sourcePosition === undefined)
    throw new MoveRefused(
      `the target has events of its own (${event.stream}, revision ${event.revision}): it is in use, and takes no others`,
    );
  if (parsePosition(sourcePosition)?.generation !== generation)
    throw new MoveRefused('the target holds the events of another marketplace');
}

/**
 * Events on their way. Those of a stream keep their order, and so do those of all streams that follow from the same request, or from each
 * other: they are in one lane. Lanes are written side by side.
 */
class Window {
  private readonly events: RecordedEvent[] = [];
  /** Streams, events and requests that were joined, and to what: whatever leads to the same end is in the same lane. */
  private readonly joined = new Map<string, string>();

  get size(): number {
    return this.events.length;
  }

  add(event: RecordedEvent): void {
    const { id, stream, metadata } = event;
    this.events.push(event);
    const lane = this.laneOf(stream);
    for (const name of [id, metadata.causationId, metadata.correlationId]) {
      const other = this.laneOf(name);
      if (other !== lane) this.joined.set(other, lane);
    }
  }

  /** @returns how many of the events were not there yet */
  async write(target: EventStoreDb): Promise<number> {
    let written = 0;
    const waiting = this.lanes().values();
    const worker = async (): Promise<void> => {
      for (const events of waiting)
        for (const append of appendsOf(events)) {
          const count = await put(target, append);
          written += count;
        }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    return written;
  }

  private lanes(): ReadonlyMap<string, readonly RecordedEvent[]> {
    const lanes = new Map<string, RecordedEvent[]>();
    for (const event of this.events) {
      const lane = this.laneOf(event.stream);
      const events = lanes.get(lane);
      if (events) events.push(event);
      else lanes.set(lane, [event]);
    }
    return lanes;
  }

  private laneOf(name: string): string {
    let lane = name;
    for (let next = this.joined.get(lane); next !== undefined; next = this.joined.get(lane)) lane = next;
    if (lane !== name) this.joined.set(name, lane);
    return lane;
  }
}

/** @returns how many of the events were not there yet */
async function put(target: EventStoreDb, events: readonly RecordedEvent[]): Promise<number> {
  const { stream } = events[0]!;
  try {
    const { repeated } = await target.appendMoved(stream, events);
    return repeated ? 0 : events.length;
  } catch (error) {
    if (!(error instanceof WrongExpectedRevision)) throw error;
    // Another call has come as far as that, with other bounds between its appends.
    const there = events.filter(({ revision }) => revision <= error.actual);
    if (there.length === 0) throw error;
    await assertThere(target, there);
    const rest = events.slice(there.length);
    return rest.length > 0 ? put(target, rest) : 0;
  }
}

async function assertThere(target: EventStoreDb, events: readonly RecordedEvent[]): Promise<void> {
  const { stream, revision } = events[0]!;
  const ids: string[] = [];
  for await (const { id } of target.readStream(stream, { from: revision, maxCount: events.length })) ids.push(id);
  const other = events.find(({ id }, i) => id !== ids[i]);
  if (other) throw new MoveRefused(`the target holds another event at revision ${other.revision} of ${stream}`);
}

/** In the same order; one append is of one stream. */
function* appendsOf(events: readonly RecordedEvent[]): Generator<readonly RecordedEvent[]> {
  let append: RecordedEvent[] = [];
  let bytes = 0;
  for (const event of events) {
    const size = JSON.stringify(event).length;
    const isFull = append.length >= EVENTS || bytes + size > BYTES || append.at(-1)?.stream !== event.stream;
    if (append.length > 0 && isFull) {
      yield append;
      append = [];
      bytes = 0;
    }
    append.push(event);
    bytes += size;
  }
  yield append;
}
