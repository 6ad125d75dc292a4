import { streamIdOf, type DomainEvent, type RecordedEvent } from './event';

/** Value of an indexed field. An array is indexed by each of its elements. */
export type IndexedValue = string | number | boolean | null;

/**
 * Fields of an index, in order, by name; dots reach into objects. A query gives equal values for the first fields and may
 * give a range over the next one; it is answered in index order, then by document id.
 * At most one field may hold an array (one entry for each element, each indexed once).
 */
export type IndexFields = readonly string[];

/** What a read model keeps: documents by id, and the indexes that its queries need. */
export interface CollectionSpec {
  /** Unique in the installation, lower-kebab-case: `instances`. */
  readonly name: string;
  /** Counts up whenever the fold or the indexes change: another version is built anew from the events. */
  readonly version: number;
  readonly indexes: Readonly<Record<string, IndexFields>>;
}

/** Documents are plain JSON. */
export type Document = object;

/**
 * A read model: a fold of events into documents. Its handlers are its subscription. It never throws and never asks anybody.
 * One event touches the documents named by `keys` (default: the one with the id of the event's stream); for each of them the
 * handler gets the document as it stands (or `undefined`) and answers it as it stands afterwards (`undefined`: none).
 */
export interface Projection<Doc extends Document, Event extends DomainEvent> extends CollectionSpec {
  /** Prefixes of the streams that it reads: `['instance-', 'operation-']`. */
  readonly streamPrefixes: readonly string[];
  readonly keys?: (event: RecordedEvent<Event>) => readonly string[];
  /** One entry for every type of event that it may meet: a new type is thought of by every read model of its streams. */
  readonly on: {
    readonly [T in Event['type']]:
      'ignored' | ((doc: Doc | undefined, event: RecordedEvent<Extract<Event, { type: T }>>, key: string) => Doc | undefined);
  };
}

/** Ids of the documents that this event touches; none where the projection has no handler for it. */
export function keysOf<Doc extends Document, Event extends DomainEvent>(
  projection: Projection<Doc, Event>,
  event: RecordedEvent<Event>,
): readonly string[] {
  if (!Object.hasOwn(projection.on, event.type) || projection.on[event.type as Event['type']] === 'ignored') return [];
  return projection.keys?.(event) ?? [streamIdOf(event.stream)];
}

/** The document after this event. */
export function project<Doc extends Document, Event extends DomainEvent>(
  projection: Projection<Doc, Event>,
  doc: Doc | undefined,
  event: RecordedEvent<Event>,
  key: string,
): Doc | undefined {
  const handler = projection.on[event.type as Event['type']] as
    'ignored' | ((doc: Doc | undefined, event: RecordedEvent<Event>, key: string) => Doc | undefined) | undefined;
  return handler === undefined || handler === 'ignored' ? doc : handler(doc, event, key);
}
