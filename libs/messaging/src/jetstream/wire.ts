import { ordinalOf, parsePosition, type Position } from '@souk/event-sourcing';
import type { PublicEvent } from '../event-bus.port';

/** How many partitions a service's messages are dealt out to: `00` to `15`. */
export const PARTITIONS: readonly string[] = Array.from({ length: 16 }, (_, i) => i.toString().padStart(2, '0'));

/** A place of the event store, or the one before all of them. Compares as text, within a generation of the store. */
export type Place = Position | '';

/** Names on the broker. All of them begin with the name of the installation, in lower case. */
export class Names {
  readonly stream: string;

  /** @param installation lower-kebab-case: `souk` */
  constructor(readonly installation: string) {
    if (!/^[a-z][a-z0-9-]*$/.test(installation))
      throw new Error(`"${installation}" is no name for a stream: use lower-kebab-case`);
    this.stream = installation.toUpperCase();
  }

  /** Everything that is kept in the stream. */
  get all(): string {
    return `${this.installation}.>`;
  }

  /** Messages of a service (`*`: of all) in a partition. */
  subject(service: string, partition: string): string {
    return `${this.installation}.${service}.${partition}`;
  }

  /** Where a relay hears what somebody has missed. Not kept. */
  wanted(service: string): string {
    return `${this.installation}-wanted.${service}`;
  }
}

/** FNV-1a over the stream's name, folded: all messages of one stream go the same way, in every process and version. */
export function partitionOf(stream: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < stream.length; i++) hash = Math.imul(hash ^ stream.charCodeAt(i), 0x01000193);
  hash ^= hash >>> 16;
  return PARTITIONS[(hash ^ (hash >>> 8)) & 15]!;
}

export const headerNames = {
  id: 'Nats-Msg-Id',
  type: 'Souk-Type',
  previous: 'Souk-Previous',
  position: 'Souk-Position',
  revision: 'Souk-Revision',
} as const;

/**
 * The links of the chain in each partition of a service: what a message says of its place. One without a type and a body says that nothing was told
 * from `previous` to `position`; where these are the same, that it was the last message.
 */
export interface Link {
  /** Place of the last message before it, of the same service and partition: whoever has not had that one has missed something. */
  readonly previous: Place;
  readonly position: Position;
}

interface Headers {
  get(name: string): string;
}

/** `undefined` for what is no message of ours. */
export function linkOf(headers: Headers | undefined): Link | undefined {
  const position = headers?.get(headerNames.position) ?? '';
  const previous = headers?.get(headerNames.previous) ?? '';
  if (!parsePosition(position) || (previous !== '' && !parsePosition(previous))) return undefined;
  return { position: position as Position, previous: previous as Place };
}

export function isOfGeneration(place: Place, generation: string): boolean {
  return place.startsWith(`${generation}-`);
}

export function generationOf(position: Position): string {
  return parsePosition(position)!.generation;
}

export function earlier(a: Place, b: Place): Place {
  return a < b ? a : b;
}

export function later(a: Place, b: Place): Place {
  return a < b ? b : a;
}

export function ordinalOfPlace(place: Place): number {
  return place === '' ? 0 : ordinalOf(place);
}

/** @throws SyntaxError, or Error for JSON that is no public event */
export function parseEvent(json: string): PublicEvent {
  const event = JSON.parse(json) as Partial<PublicEvent> | null;
  if (typeof event?.subject !== 'string' || typeof event.soukrevision !== 'number' || typeof event.type !== 'string')
    throw new Error('a message in the stream is no public event');
  return event as PublicEvent;
}

/** Somebody has had everything of a partition up to `after`, and not what comes after it. */
export interface Wanted {
  readonly partition: string;
  readonly after: Place;
}

/** `undefined` for what is none. */
export function parseWanted(json: string): Wanted | undefined {
  try {
    const { partition, after } = JSON.parse(json) as Partial<Wanted>;
    const isPlace = after === '' || (typeof after === 'string' && parsePosition(after) !== undefined);
    return isPlace && typeof partition === 'string' && PARTITIONS.includes(partition) ? { partition, after } : undefined;
  } catch {
    return undefined;
  }
}
