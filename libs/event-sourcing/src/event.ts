/** A fact as the domain writes it. `type` is its wire name for ever; `data` is plain JSON. */
export interface DomainEvent<Type extends string = string, Data extends object = object> {
  readonly type: Type;
  readonly data: Data;
}

/** Who did it. `system` is a process or the reconciler; its `id` is the name of that process. */
export interface Actor {
  readonly kind: 'user' | 'instance' | 'billing' | 'system';
  readonly id: string;
  readonly tenant?: string;
  readonly role?: string;
}

/** What every event carries beside its data. All ids are opaque strings. */
export interface EventMetadata {
  /** The command that led to this event; a repeated command id answers the original events. */
  readonly commandId: string;
  /** The same for everything that followed from one outside request. */
  readonly correlationId: string;
  /** Id of the event (or of the outside request) that caused the command. */
  readonly causationId: string;
  readonly actor: Actor;
  /** Tenants that are a party to the fact: owner (buyer) and provider. */
  readonly tenants: readonly string[];
  /** Version of the shape of `data`, from 1. */
  readonly schemaVersion: number;
  /** Why, in the words of the one who asked. */
  readonly reason?: string;
  /** Where traces are recorded: the span that the fact was written in, W3C Trace Context. What follows from it belongs to its trace. */
  readonly traceparent?: string;
}

/** An event on its way into a stream. `id` is a UUID; the pair (stream, id) is the key of idempotent appends. */
export interface EventToAppend<E extends DomainEvent = DomainEvent> {
  readonly id: string;
  readonly type: E['type'];
  readonly data: E['data'];
  readonly metadata: EventMetadata;
}

declare const positionBrand: unique symbol;
/**
 * Place of an event in the whole store: an opaque, ordered token that carries the store's generation.
 * Compare only with {@link comparePositions}.
 */
export type Position = string & { readonly [positionBrand]: true };

/** An event as it stands in the store. */
export type RecordedEvent<E extends DomainEvent = DomainEvent> = E extends DomainEvent
  ? {
      readonly id: string;
      readonly stream: string;
      /** Place in its stream, from 0, without gaps. */
      readonly revision: number;
      readonly position: Position;
      readonly type: E['type'];
      readonly data: E['data'];
      readonly metadata: EventMetadata;
      /** When the store recorded it: ISO 8601, UTC, milliseconds. The clock of "as of". */
      readonly recordedAt: string;
    }
  : never;

const positionPattern = /^([0-9a-z]{8})-([0-9a-f]{16})$/;

/** The `ordinal`-th place (any non-negative integer) in a store of that generation (8 characters of 0-9a-z). */
export function positionOf(generation: string, ordinal: number | bigint): Position {
  return `${generation}-${ordinal.toString(16).padStart(16, '0')}` as Position;
}

/** The parts of a position, or `undefined` for text that is none. */
export function parsePosition(text: string): { generation: string; ordinal: bigint } | undefined {
  const match = positionPattern.exec(text);
  if (!match?.[1] || !match[2]) return undefined;
  return { generation: match[1], ordinal: BigInt(`0x${match[2]}`) };
}

/**
 * How many places of its store lie before and at a position; 0 where there is none. Positions of the embedded store have no gaps: the
 * difference of two of them is a number of events.
 */
export function ordinalOf(position: Position | undefined): number {
  return Number((position && parsePosition(position)?.ordinal) ?? 0n);
}

/** Negative, zero or positive, as `Array.sort` wants it. Both must be of one generation. */
export function comparePositions(a: Position, b: Position): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Makes a `switch` over a union total at compile time, and loud at run time. */
export function assertNever(value: never): never {
  throw new Error(`unexpected value: ${JSON.stringify(value)}`);
}

/** Category of a stream: what stands before the first dash. `version-ver_01J…` → `version`. */
export function categoryOf(stream: string): string {
  const dash = stream.indexOf('-');
  return dash < 0 ? stream : stream.slice(0, dash);
}

/** Id within its category: what stands after the first dash. */
export function streamIdOf(stream: string): string {
  return stream.slice(stream.indexOf('-') + 1);
}
