import type { Aggregate, Snapshots } from './decider';
import type { DomainEvent, Position, RecordedEvent } from './event';
import type { EventStore } from './event-store.port';
import type { PointInHistory, Snapshot, SnapshotStore } from './snapshot-store.port';
import { SnapshotWriter } from './snapshot-writer';
import { assertNothingPersonal, packState, unpackState, versionOf } from './snapshots';

/** An aggregate as of some revision. */
export interface Loaded<State> {
  readonly state: State;
  /** Last revision folded in; -1 where the stream is empty. */
  readonly revision: number;
}

/** An aggregate with what else its events tell. */
export interface Folded<State> extends Loaded<State> {
  /** Of the last event. */
  readonly position: Position | undefined;
  /** Of the events that were read: all of the stream, or those after `base`. */
  readonly commands: Commands;
  /** The snapshot on top of which it was folded. */
  readonly base: Snapshot | undefined;
}

/** Commands in the order of their events, each with the revision of its first one. */
interface Commands {
  readonly ids: readonly string[];
  readonly revisions: readonly number[];
}

/** What is needed to fold the events of an aggregate. */
export type Foldable<State, Event extends DomainEvent> = Pick<
  Aggregate<State, never, Event>,
  'category' | 'eventTypes' | 'initial' | 'evolve' | 'snapshots'
>;

export interface SnapshotOptions {
  readonly store: SnapshotStore;
  /** Reading or writing a snapshot has failed, which costs nothing but time; called again only after the same has worked in between. */
  readonly onTrouble?: (error: unknown) => void;
}

/** Events after which there is another snapshot, where the aggregate does not say. */
const EVERY = 100;
/** Characters of a state that weigh as much as one event: snapshots of a growing state stay smaller, all in all, than its stream. */
const EVENT_WEIGHT = 256;

interface Base<State> {
  readonly snapshot: Snapshot;
  readonly state: State;
}

/**
 * Folds streams, from a snapshot where there is one. A snapshot is believed only when the event that it was taken at stands in the stream,
 * at the same position and time: one of another history, of another version, or one that cannot be read costs the time of reading the stream
 * from its start. Whoever had to read many events leaves a snapshot behind for the next one.
 */
export class AggregateReader {
  private readonly writer: SnapshotWriter | undefined;
  private failing = false;

  constructor(
    private readonly events: EventStore,
    private readonly snapshots: SnapshotOptions | undefined,
  ) {
    this.writer = snapshots && new SnapshotWriter(snapshots.store, (error) => snapshots.onTrouble?.(error));
  }

  async read<State, Event extends DomainEvent>(
    aggregate: Foldable<State, Event>,
    stream: string,
    upTo: PointInHistory = {},
  ): Promise<Folded<State>> {
    const base = await this.newest(aggregate, stream, upTo);
    return (base && (await this.fold(aggregate, stream, upTo, base))) ?? (await this.fold(aggregate, stream, upTo))!;
  }

  /** What it has become since; `known` itself where nothing has happened. */
  async since<State, Event extends DomainEvent>(
    aggregate: Foldable<State, Event>,
    stream: string,
    known: Loaded<State>,
  ): Promise<Loaded<State>> {
    let latest = known;
    for await (const recorded of this.events.readStream(stream, { from: known.revision + 1 }))
      latest = { state: aggregate.evolve(latest.state, asEvent<Event>(recorded)), revision: recorded.revision };
    return latest;
  }

  /** First revision of that command in the whole stream, of which `folded` was read. */
  async revisionOf<State, Event extends DomainEvent>(
    aggregate: Foldable<State, Event>,
    stream: string,
    commandId: string,
    { commands, base }: Folded<State>,
  ): Promise<number | undefined> {
    const recent = revisionIn(commands, commandId);
    if (recent !== undefined || !base) return recent;
    const known = await this.attempt(async (snapshots) => ({ revision: await snapshots.revisionOf(stream, commandId) }));
    // The snapshot vouches for the commands before it; what it says of one, the event itself confirms.
    if (known && known.revision === undefined) return undefined;
    if (known?.revision !== undefined && (await this.stands(commandId, stream, known.revision))) return known.revision;
    return revisionIn((await this.fold(aggregate, stream, {}))!.commands, commandId);
  }

  /** Fulfilled when no snapshot is being written. */
  async idle(): Promise<void> {
    await this.writer?.idle();
  }

  private async stands(commandId: string, stream: string, revision: number): Promise<boolean> {
    for await (const { metadata } of this.events.readStream(stream, { from: revision, maxCount: 1 }))
      return metadata.commandId === commandId;
    return false;
  }

  private async newest<State, Event extends DomainEvent>(
    { category, eventTypes, snapshots }: Foldable<State, Event>,
    stream: string,
    upTo: PointInHistory,
  ): Promise<Base<State> | undefined> {
    if (!snapshots || !this.snapshots) return undefined;
    assertNothingPersonal({ category, eventTypes, snapshots });
    return this.attempt(async (store) => {
      const snapshot = await store.newest(stream, versionOf(snapshots, eventTypes), upTo);
      return snapshot && { snapshot, state: unpackState(snapshots, snapshot.state) };
    });
  }

  /** `undefined` where the base is no part of this stream. */
  private async fold<State, Event extends DomainEvent>(
    aggregate: Foldable<State, Event>,
    stream: string,
    upTo: PointInHistory,
    base?: Base<State>,
  ): Promise<Folded<State> | undefined> {
    let state = base ? base.state : aggregate.initial;
    let last: RecordedEvent | undefined;
    let amidCommand = false;
    const ids: string[] = [];
    const revisions: number[] = [];
    for await (const recorded of this.events.readStream(stream, rangeOf(upTo, base))) {
      if (base && !last) {
        if (!isTakenAt(base.snapshot, recorded) || isAfter(upTo, recorded)) return undefined;
      } else if (isAfter(upTo, recorded)) {
        amidCommand = recorded.metadata.commandId === last?.metadata.commandId;
        break;
      } else {
        const { commandId } = recorded.metadata;
        state = aggregate.evolve(state, asEvent<Event>(recorded));
        if (commandId !== ids.at(-1)) {
          ids.push(commandId);
          revisions.push(recorded.revision);
        }
      }
      last = recorded;
    }
    if (base && !last) return undefined;
    const commands = { ids, revisions };
    if (last && !amidCommand && aggregate.snapshots) this.leave(aggregate, aggregate.snapshots, state, last, commands, base);
    return { state, revision: last?.revision ?? -1, position: last?.position, commands, base: base?.snapshot };
  }

  private leave<State, Event extends DomainEvent>(
    { eventTypes }: Foldable<State, Event>,
    snapshots: Snapshots<State>,
    state: State,
    last: RecordedEvent,
    commands: Commands,
    base: Base<State> | undefined,
  ): void {
    const read = last.revision - (base?.snapshot.revision ?? -1);
    if (read < Math.max(snapshots.every ?? EVERY, (base?.snapshot.state.length ?? 0) / EVENT_WEIGHT)) return;
    const { id: eventId, stream, revision, position, recordedAt } = last;
    this.writer?.offer({
      stream,
      version: versionOf(snapshots, eventTypes),
      revision,
      make: (most) => {
        const packed = packState(snapshots, state, most);
        return packed === undefined ? undefined : { revision, eventId, position, recordedAt, state: packed };
      },
      commands: () => new Map(commands.ids.map((id, i) => [id, commands.revisions[i]!] as const).reverse()),
    });
  }

  /** `undefined` where the store of snapshots fails. */
  private async attempt<T>(ask: (store: SnapshotStore) => Promise<T>): Promise<T | undefined> {
    try {
      const answer = await ask(this.snapshots!.store);
      this.failing = false;
      return answer;
    } catch (error) {
      if (!this.failing) this.snapshots!.onTrouble?.(error);
      this.failing = true;
      return undefined;
    }
  }
}

function revisionIn({ ids, revisions }: Commands, commandId: string): number | undefined {
  return revisions[ids.indexOf(commandId)];
}

/** One event more than needed: it tells whether the last command is complete. */
function rangeOf({ revision }: PointInHistory, base: Base<unknown> | undefined): { from: number; maxCount?: number } {
  const from = base?.snapshot.revision ?? 0;
  return { from, ...(revision !== undefined && { maxCount: Math.max(0, revision - from + 2) }) };
}

function isAfter({ revision, time }: PointInHistory, recorded: RecordedEvent): boolean {
  return (revision !== undefined && recorded.revision > revision) || (time !== undefined && recorded.recordedAt > time);
}

/** An id alone proves nothing: ids follow from commands, and a repeated command may have come to the same revision of another history. */
function isTakenAt({ revision, eventId, position, recordedAt }: Snapshot, recorded: RecordedEvent): boolean {
  return (
    recorded.revision === revision &&
    recorded.id === eventId &&
    recorded.position === position &&
    recorded.recordedAt === recordedAt
  );
}

export function asEvent<Event extends DomainEvent>(recorded: RecordedEvent): Event {
  return { type: recorded.type, data: recorded.data } as unknown as Event;
}
