import { idPrefixes, idsIn, type IdKind } from '@souk/contracts';
import { type Actor, categoryOf, type Position, type RecordedEvent } from '@souk/event-sourcing';
import { withoutSealed } from './sealed';

/** One event of any service, as the history keeps it. */
export interface HistoryEntry {
  readonly eventId: string;
  readonly position: Position;
  readonly stream: string;
  readonly category: string;
  /** Place in its stream, from 0. */
  readonly revision: number;
  readonly type: string;
  readonly recordedAt: string;
  readonly actor: Actor;
  readonly tenants: readonly string[];
  readonly reason?: string;
  readonly commandId: string;
  readonly correlationId: string;
  readonly causationId: string;
  readonly schemaVersion: number;
  /** Everything of ours that it is about, by id. */
  readonly about: readonly string[];
  /** As it lies in the store: personal fields are sealed, and shown as such. */
  readonly data: object;
}

/**
 * What is a part of what: an event of an operation belongs to the history of its instance, whose id stands in the first event
 * of the operation's stream only.
 */
const partOf: Readonly<Record<string, IdKind>> = {
  operation: 'instance',
  credential: 'instance',
  health: 'instance',
  configuration: 'version',
  version: 'app',
};

/** Whether the first event of the stream must be known for {@link entryOf}. */
export function isPart(stream: string): boolean {
  return Object.hasOwn(partOf, categoryOf(stream));
}

/** Ids that all events of a stream are about, because its first one is. */
export function wholesOf(first: RecordedEvent): readonly string[] {
  const kind = partOf[categoryOf(first.stream)];
  if (!kind) return [];
  return [...idsIn([first.stream, first.data])].filter((id) => id.startsWith(`${idPrefixes[kind]}_`));
}

/**
 * @param event as it lies in the store, undecoded
 * @param wholes what {@link wholesOf} says of the first event of its stream
 */
export function entryOf(event: RecordedEvent, wholes: readonly string[]): HistoryEntry {
  const { id, stream, position, revision, type, recordedAt, metadata } = event;
  const { actor, tenants, reason, commandId, correlationId, causationId, schemaVersion } = metadata;
  const about = new Set(wholes);
  for (const found of idsIn([stream, event.data, actor.id, tenants])) about.add(found);
  return {
    eventId: id,
    position,
    stream,
    category: categoryOf(stream),
    revision,
    type,
    recordedAt,
    actor,
    tenants,
    ...(reason !== undefined && { reason }),
    commandId,
    correlationId,
    causationId,
    schemaVersion,
    about: [...about].sort(),
    data: withoutSealed(event.data),
  };
}
