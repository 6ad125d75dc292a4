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
 * Copies all events of an embedded store to EventStoreDB, with their ids, times and bytes, each at the same revision of the same stream. Streams
 * are written side by side; an event comes after all that it follows from, so that no history shows an effect before its cause.
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
    if (window.size >= WINDOW || window.holdsCauseOf(event)) {
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

/** Events that may be written in any order, but for those of the same stream. */
class Window {
  private readonly streams = new Map<string, RecordedEvent[]>();
  private readonly streamOf = new Map<string, string>();

  get size(): number {
    return this.streamOf.size;
  }

  add(event: RecordedEvent): void {
    const events = this.streams.get(event.stream);
    if (events) events.push(event);
    else this.streams.set(event.stream, [event]);
    this.streamOf.set(event.id, event.stream);
  }

  holdsCauseOf({ stream, metadata }: RecordedEvent): boolean {
    const causing = this.streamOf.get(metadata.causationId);
    return causing !== undefined && causing !== stream;
  }

  /** @returns how many of the events were not there yet */
  async write(target: EventStoreDb): Promise<number> {
    let written = 0;
    const waiting = this.streams.values();
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

function* appendsOf(events: readonly RecordedEvent[]): Generator<readonly RecordedEvent[]> {
  let append: RecordedEvent[] = [];
  let bytes = 0;
  for (const event of events) {
    const size = JSON.stringify(event).length;
    if (append.length > 0 && (append.length >= EVENTS || bytes + size > BYTES)) {
      yield append;
      append = [];
      bytes = 0;
    }
    append.push(event);
    bytes += size;
  }
  yield append;
}
