import { type Position, ordinalOf } from '@souk/event-sourcing';
import type { ModelStats, RebuildProgress } from '@souk/read-store';

/** How a rebuild stands, for operators. Why it has failed is in the log alone: what a fold throws may quote data. */
export function rebuildView({ projection: _, error, ...progress }: RebuildProgress) {
  return { ...progress, ...(error !== undefined && { problem: codeOf(error) }) };
}

/** A read model, and its rebuild that runs or ran last. */
export function readModelView(
  { projection, version, status, position, events, lagMs }: ModelStats,
  head: Position,
  rebuild: RebuildProgress | undefined,
  countsEvents: boolean,
) {
  return {
    name: projection,
    version,
    status,
    position,
    /** Events of the store that it has not looked at; most of them may not concern it. Absent where positions do not count events. */
    ...(countsEvents && { behind: Math.max(0, ordinalOf(head) - ordinalOf(position)) }),
    /** Events that touched it since the process began. */
    events,
    lagSeconds: lagMs / 1000,
    ...(rebuild && { rebuild: rebuildView(rebuild) }),
  };
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'projection-failed';
}
