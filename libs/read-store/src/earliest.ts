import { comparePositions, type Position } from '@souk/event-sourcing';

/** The first of these; `undefined`, the place before all events, is before all of them. */
export function earliest(positions: readonly (Position | undefined)[]): Position | undefined {
  if (positions.length === 0) return undefined;
  return positions.reduce((a, b) => (a === undefined || b === undefined ? undefined : comparePositions(a, b) <= 0 ? a : b));
}
