import type { HistoryEntry } from '../domain/history-entry';
import { summaryOf } from '../domain/summary';
import { sightOf, type Viewer, visibleData } from '../domain/visibility';

/** An event in an answer, as far as this viewer may see it. */
export function historyView(entry: HistoryEntry, viewer: Viewer) {
  const { eventId, data, reason, ...metadata } = entry;
  const sight = sightOf(viewer, entry);
  const visible = visibleData(sight, data);
  return {
    id: eventId,
    ...metadata,
    // Why somebody asked for it is told where the buyer runs it, and no further.
    ...(reason !== undefined && sight !== 'state' && { reason }),
    summary: summaryOf({ ...entry, data: visible ?? {} }),
    ...(visible && { data: visible }),
  };
}
