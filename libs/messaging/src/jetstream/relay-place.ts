import type { Position } from '@souk/event-sourcing';
import { earlier, later, type Link, PARTITIONS, type Place } from './wire';

/** How far a relay has come, as it is kept: the broker has acknowledged every message up to `upTo`, and `last` are the last ones of the partitions. */
export interface RelayPlace {
  readonly upTo: Place;
  /** A partition without a message is missing. */
  readonly last: Readonly<Record<string, Position>>;
}

export const noPlace: RelayPlace = { upTo: '', last: {} };

/** Where a relay goes on. */
export interface Resumption {
  /** The event store is read from here on. */
  readonly after: Place;
  /** By partition: messages up to here are in the stream. What is read again and lies before it is passed over. */
  readonly told: ReadonlyMap<string, Place>;
  /** By partition: somebody may know of a message here, so that it is to be said when there is none any more. */
  readonly known: ReadonlyMap<string, Place>;
  /** Up to here a message may be in the stream already: under its plain id the broker might take it for a repetition, and drop it. */
  readonly tried: Place;
  /** Partitions of which nothing is in the stream, though something was told: their end is told anew. */
  readonly lost: readonly string[];
}

/**
 * What follows from what was kept and from the last message of each partition in the stream:
 * - the stream has lost its end (the last message is before what was acknowledged): from its last message on;
 * - it has lost everything: from where the relay was; who has missed something says so, when it is told where the end is;
 * - it has more than was acknowledged: there may be holes before its end, since acknowledgements come in any order and were cut off. So it is told
 *   again from what was acknowledged on; whoever has had it drops it;
 * - nothing was kept: from the first event ever.
 */
export function resume({ upTo, last }: RelayPlace, ends: ReadonlyMap<string, Position>): Resumption {
  let [after, tried]: Place[] = [upTo, upTo];
  const told = new Map<string, Place>();
  const known = new Map<string, Place>();
  const lost: string[] = [];
  for (const partition of PARTITIONS) {
    const end = ends.get(partition);
    const acknowledged = last[partition] ?? '';
    const isCut = end !== undefined && end < acknowledged;
    if (end === undefined && acknowledged !== '') lost.push(partition);
    told.set(partition, isCut ? end : acknowledged);
    if (isCut) after = earlier(after!, end);
    known.set(partition, later(end ?? '', acknowledged));
    tried = later(tried!, end ?? '');
  }
  return { after: after!, told, known, tried: tried!, lost };
}

/** The place from which somebody has missed nothing, of those partitions. */
export function rewound({ upTo, last }: RelayPlace, wanted: ReadonlyMap<string, Place>): RelayPlace {
  const rest = new Map(Object.entries(last));
  let first = upTo;
  for (const [partition, after] of wanted) {
    if (after >= (last[partition] ?? '')) continue;
    first = earlier(first, after);
    if (after === '') rest.delete(partition);
    else rest.set(partition, after);
  }
  return { upTo: first, last: Object.fromEntries(rest) };
}

/**
 * What a consumer makes of a message, when it has had everything up to `at`. A message that only says where the end is, is its own predecessor:
 * it is never the next one.
 */
export function judge(at: Place, { previous, position }: Link): 'next' | 'repeated' | 'missed' {
  if (position <= at) return 'repeated';
  return previous <= at ? 'next' : 'missed';
}
