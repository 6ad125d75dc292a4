import { hash } from 'node:crypto';
import { AggregateReader, asEvent, type Folded, type Loaded, type SnapshotOptions } from './aggregate-reader';
import type { Aggregate } from './decider';
import { DomainError } from './domain-error';
import type { Actor, DomainEvent, EventMetadata, EventToAppend, Position } from './event';
import { type EventStore, WrongExpectedRevision } from './event-store.port';
import { inSlices } from './in-slices';
import type { PointInHistory } from './snapshot-store.port';
import type { Steps } from './steps';

/** Who asks, why, and in which chain of causes. */
export interface CommandContext {
  /** The same id again answers the original events without deciding. */
  readonly commandId: string;
  readonly correlationId: string;
  readonly causationId: string;
  readonly actor: Actor;
  readonly reason?: string;
  /** Revision the caller has seen (If-Match); another one is refused with {@link RevisionMismatch}. */
  readonly ifMatch?: number;
}

export interface CommandOutcome<State, Event extends DomainEvent> extends Loaded<State> {
  /** The facts of this command: new ones, or the original ones of a repeated command id. Empty for a repeat by value. */
  readonly events: readonly RecordedEventOf<Event>[];
  /** Where a reader must have got to in order to see this. Absent when nothing was written. */
  readonly position?: Position;
}

/** What a command's caller needs to know of an event it caused. */
export interface RecordedEventOf<Event extends DomainEvent> {
  readonly id: string;
  readonly revision: number;
  readonly event: Event;
}

/** The aggregate is not at the revision that the caller has seen. */
export class RevisionMismatch extends DomainError {
  readonly code = 'revision-mismatch';
  constructor(
    readonly expected: number,
    readonly actual: number,
  ) {
    super(`the resource is at revision ${actual}, the request was made for revision ${expected}`);
  }
}

/** Attempts before a contested command gives up; each loser has seen another writer succeed. */
const MAX_ATTEMPTS = 50;

/**
 * Runs commands against aggregates: load, decide, append at the exact revision.
 * On a conflict it decides again on the newer state, unless the caller sent a revision of its own.
 * Knows the command ids of the whole stream (from `metadata.commandId`), so that a retried command is answered with its original events,
 * however old it is, with snapshots or without.
 */
export class CommandHandler {
  private readonly reader: AggregateReader;

  /** @param snapshots where aggregates that have snapshots keep them; without, every stream is read from its start */
  constructor(
    private readonly store: EventStore,
    snapshots?: SnapshotOptions,
  ) {
    this.reader = new AggregateReader(store, snapshots);
  }

  /**
   * @param seen the aggregate as the caller has loaded it, at a revision at which this command cannot have been given yet: it is not read again,
   * unless something has happened since
   * @throws DomainError as decided, RevisionMismatch, or what the store throws
   */
  async handle<State, Command, Event extends DomainEvent>(
    aggregate: Aggregate<State, Command, Event>,
    id: string,
    command: Command,
    context: CommandContext,
    seen?: Loaded<State>,
  ): Promise<CommandOutcome<State, Event>> {
    const stream = `${aggregate.category}-${id}`;
    for (let attempt = 1; ; attempt++) {
      let before = attempt === 1 ? seen : undefined;
      if (!before) {
        const current = await this.reader.read(aggregate, stream);
        const known = await this.reader.revisionOf(aggregate, stream, context.commandId, current);
        if (known !== undefined) return this.original(stream, known, context.commandId, current);
        before = current;
      }
      if (context.ifMatch !== undefined && context.ifMatch !== before.revision)
        throw new RevisionMismatch(context.ifMatch, before.revision);

      if (aggregate.prepare) await inSlices(aggregate.prepare(command, before.state));
      const facts = aggregate.decide(command, before.state);
      if (facts.length === 0) return { state: before.state, revision: before.revision, events: [] };

      const { events, state } = await inSlices(eventSteps(aggregate, stream, before, facts, context));
      try {
        const result = await this.store.append(stream, before.revision < 0 ? 'no-stream' : before.revision, events);
        // Somebody else has made this very command succeed, perhaps with other data: what is stored is the answer.
        if (result.repeated && attempt < MAX_ATTEMPTS) continue;
        return {
          state,
          revision: result.revision,
          position: result.position,
          events: facts.map((event, i) => ({ id: events[i]!.id, revision: before.revision + 1 + i, event })),
        };
      } catch (error) {
        if (!(error instanceof WrongExpectedRevision) || attempt >= MAX_ATTEMPTS) throw error;
        if (context.ifMatch !== undefined && !(await this.knows(aggregate, stream, context.commandId)))
          throw new RevisionMismatch(context.ifMatch, error.actual);
      }
    }
  }

  /** What came of the command, where it was given before: for whoever has more to look at than the aggregate. */
  async repeated<State, Event extends DomainEvent>(
    aggregate: Aggregate<State, never, Event>,
    id: string,
    commandId: string,
  ): Promise<CommandOutcome<State, Event> | undefined> {
    const stream = `${aggregate.category}-${id}`;
    const current = await this.reader.read(aggregate, stream);
    const known = await this.reader.revisionOf(aggregate, stream, commandId, current);
    return known === undefined ? undefined : this.original(stream, known, commandId, current);
  }

  /**
   * State of an aggregate, as of the end, a revision (inclusive) or a recorded time (inclusive, ISO 8601 UTC).
   * Revision -1 and the initial state where nothing had happened by then.
   */
  async load<State, Event extends DomainEvent>(
    aggregate: Aggregate<State, never, Event>,
    id: string,
    asOf: PointInHistory = {},
  ): Promise<Loaded<State>> {
    const { state, revision } = await this.reader.read(aggregate, `${aggregate.category}-${id}`, asOf);
    return { state, revision };
  }

  /** What has become of an aggregate since it was loaded, by what has happened since alone; `known` itself where that is nothing. */
  since<State, Event extends DomainEvent>(
    aggregate: Aggregate<State, never, Event>,
    id: string,
    known: Loaded<State>,
  ): Promise<Loaded<State>> {
    return this.reader.since(aggregate, `${aggregate.category}-${id}`, known);
  }

  /** Fulfilled when no snapshot is being written: they are written in the background. */
  idle(): Promise<void> {
    return this.reader.idle();
  }

  /** The events of a command stand side by side: they came in one append. */
  private async original<State, Event extends DomainEvent>(
    stream: string,
    from: number,
    commandId: string,
    current: Folded<State>,
  ): Promise<CommandOutcome<State, Event>> {
    const events: RecordedEventOf<Event>[] = [];
    let position = current.position;
    for await (const recorded of this.store.readStream(stream, { from })) {
      if (recorded.metadata.commandId !== commandId) break;
      events.push({ id: recorded.id, revision: recorded.revision, event: asEvent<Event>(recorded) });
      position = recorded.position;
    }
    return { state: current.state, revision: current.revision, events, ...(position && { position }) };
  }

  private async knows<State, Command, Event extends DomainEvent>(
    aggregate: Aggregate<State, Command, Event>,
    stream: string,
    commandId: string,
  ): Promise<boolean> {
    const current = await this.reader.read(aggregate, stream);
    return (await this.reader.revisionOf(aggregate, stream, commandId, current)) !== undefined;
  }
}

/** What is appended, one step for each event. */
function* eventSteps<State, Command, Event extends DomainEvent>(
  aggregate: Aggregate<State, Command, Event>,
  stream: string,
  before: Loaded<State>,
  facts: readonly Event[],
  { commandId, correlationId, causationId, actor, reason }: CommandContext,
): Steps<{ events: EventToAppend<Event>[]; state: State }> {
  let state = before.state;
  const events: EventToAppend<Event>[] = [];
  for (const [index, fact] of facts.entries()) {
    if (index > 0) yield;
    state = aggregate.evolve(state, fact);
    const metadata: EventMetadata = {
      commandId,
      correlationId,
      causationId,
      actor,
      tenants: aggregate.tenants(state),
      schemaVersion: 1 + (aggregate.eventTypes[fact.type as Event['type']].upcasters?.length ?? 0),
      ...(reason !== undefined && { reason }),
    };
    events.push({ id: derivedUuid(stream, commandId, index), type: fact.type, data: fact.data, metadata });
  }
  return { events, state };
}

/**
 * A UUID (RFC 9562, version 8) that follows from these parts alone: event ids derive from (stream, command, index), so that
 * an append whose answer got lost can be repeated.
 */
export function derivedUuid(...parts: readonly (string | number)[]): string {
  const bytes = hash('sha256', JSON.stringify(parts), 'buffer');
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex', 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
