import {
  EventTooLarge,
  type EventMetadata,
  type EventToAppend,
  MAX_EVENT_BYTES,
  type Position,
  positionOf,
  type RecordedEvent,
} from '@souk/event-sourcing';
import type { JSONEventData, JSONEventType, ResolvedEvent } from '@eventstore/db-client';

/** Stream of the one event whose id makes positions of this store different from those of any other. Readers never see it. */
export const GENERATION_STREAM = 'soukGeneration';

/** Where an event was before it moved house. */
export interface Origin {
  readonly position: Position;
  readonly recordedAt: string;
}

/**
 * Metadata as it lies in EventStoreDB: ours, the names by which its own tools know cause and correlation, and what only this adapter reads.
 * Of these, readers see ours.
 */
interface StoredMetadata extends EventMetadata {
  readonly $correlationId: string;
  readonly $causationId: string;
  /** The same for all events of an append, and another for each: tells who has written, where the ids are the same. */
  readonly soukAppend?: string;
  readonly soukSourcePosition?: string;
  readonly soukRecordedAt?: string;
}

/** An event as the driver hands it out, with what the adapter needs of it. */
export interface StoredEvent extends RecordedEventWithoutPosition {
  readonly ordinal: number;
  readonly append: string | undefined;
  readonly sourcePosition: string | undefined;
}
type RecordedEventWithoutPosition = Omit<RecordedEvent, 'position'>;

/** @throws EventTooLarge; TypeError for a stream or type without a name, or with one of the system's */
export function toEventData(
  stream: string,
  { id, type, data, metadata }: EventToAppend,
  append: string,
  origin?: Origin,
): JSONEventData {
  if (stream === '' || stream.startsWith('$')) throw new TypeError(`"${stream}" is no name for a stream`);
  if (type === '' || type.startsWith('$')) throw new TypeError(`"${type}" is no type of an event`);
  const bytes = Buffer.byteLength(JSON.stringify({ id, type, data, metadata }));
  if (bytes > MAX_EVENT_BYTES) throw new EventTooLarge(type, bytes, MAX_EVENT_BYTES);
  const stored: StoredMetadata = {
    ...metadata,
    $correlationId: metadata.correlationId,
    $causationId: metadata.causationId,
    soukAppend: append,
    ...(origin && { soukSourcePosition: origin.position, soukRecordedAt: origin.recordedAt }),
  };
  return { id, type, contentType: 'application/json', data: data as JSONEventType['data'], metadata: { ...stored } };
}

/** `undefined` for what is none of ours: events of the system, of other applications, and the one of the generation. */
export function toStoredEvent({ event, commitPosition }: ResolvedEvent): StoredEvent | undefined {
  if (!event?.isJson || event.streamId.startsWith('$') || event.streamId === GENERATION_STREAM) return undefined;
  const metadata = event.metadata as Partial<StoredMetadata> | undefined;
  if (typeof metadata?.commandId !== 'string') return undefined;
  const { $correlationId, $causationId, soukAppend, soukSourcePosition, soukRecordedAt, ...own } = metadata as StoredMetadata;
  return {
    id: event.id,
    stream: event.streamId,
    revision: Number(event.revision),
    ordinal: ordinalOf({ event, ...(commitPosition !== undefined && { commitPosition }) }),
    type: event.type,
    data: event.data as object,
    metadata: own,
    recordedAt: soukRecordedAt ?? event.created.toISOString(),
    append: soukAppend,
    sourcePosition: soukSourcePosition,
  };
}

/** Commit position: below 2^53 for a log of nine petabytes. */
export function ordinalOf({ event, commitPosition }: Pick<ResolvedEvent, 'event' | 'commitPosition'>): number {
  const commit = event?.position?.commit ?? commitPosition;
  if (commit === undefined) throw new Error('the server tells no positions: EventStoreDB 22.6 or newer is needed');
  return Number(commit);
}

export function toRecorded(stored: StoredEvent, generation: string): RecordedEvent {
  const { id, stream, revision, ordinal, type, data, metadata, recordedAt } = stored;
  return { id, stream, revision, position: positionOf(generation, ordinal), type, data, metadata, recordedAt };
}
