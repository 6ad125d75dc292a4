import type { HistoryEntry } from '../domain/history-entry';
import { summaryOf } from '../domain/summary';
import { sightOf, type Viewer, visibleData } from '../domain/visibility';

/** An event in an answer, as far as this viewer may see it. */
export function historyView(entry: HistoryEntry, viewer: Viewer) {
  const { eventId, data, ...metadata } = entry;
  const visible = visibleData(sightOf(viewer, entry), data);
  return {
    id: eventId,
    ...metadata,
    summary: summaryOf({ ...entry, data: visible ?? {} }),
    ...(visible && { data: visible }),
  };
}
