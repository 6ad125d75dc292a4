/**
 * Where an event stands in the log: its ordinal, and how many events of its block come before it. One number, so that it can be kept in small
 * arrays: ordinal × 65,536 + index. Good for 137 thousand million events.
 */
export type Place = number;

const INDEXES = 65_536;

export function placeOf(ordinal: number, index: number): Place {
  return ordinal * INDEXES + index;
}

export function ordinalOf(place: Place): number {
  return Math.floor(place / INDEXES);
}

export function indexOf(place: Place): number {
  return place % INDEXES;
}
