import { streamIdOf } from '@souk/event-sourcing';
import type { HistoryEntry } from './history-entry';

/** Fields that say most about an event, the most telling first. At most two are quoted. */
const telling = [
  'serviceName',
  'node',
  'name',
  'instanceName',
  'number',
  'versionNumber',
  'kind',
  'orderId',
  'sequence',
  'api',
  'appKey',
  'role',
  'code',
  'reason',
];

const LONGEST_QUOTE = 60;

/**
 * A plain sentence about any event, from its type and its data alone:
 *   NodeBecameReady { serviceName: 'mysql' } of operation-op_1      Node became ready (mysql), operation op_1
 *   VersionReleased { number: '1.1.0' } of version-ver_1            Version released (1.1.0), version ver_1
 */
export function summaryOf({ type, data, category, stream }: Pick<HistoryEntry, 'type' | 'data' | 'category' | 'stream'>): string {
  const quotes = telling.flatMap((field) => quote((data as Record<string, unknown>)[field])).slice(0, 2);
  const details = quotes.length > 0 ? ` (${quotes.join(', ')})` : '';
  return `${words(type)}${details}, ${words(category).toLowerCase()} ${subjectOf(stream, data)}`;
}

/** `AppKeyIssued` → `App key issued`. */
function words(name: string): string {
  const spaced = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .toLowerCase();
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

function quote(value: unknown): string[] {
  if (typeof value === 'number') return [String(value)];
  if (typeof value !== 'string' || value === '') return [];
  return [value.length > LONGEST_QUOTE ? `${value.slice(0, LONGEST_QUOTE)}…` : value];
}

/** The stream's id, or, where that is a hash of a foreign id, what the event calls itself. */
function subjectOf(stream: string, data: object): string {
  const id = streamIdOf(stream);
  if (!/^[0-9a-f]{64}$/.test(id)) return id;
  const { purchaseId } = data as { purchaseId?: unknown };
  return typeof purchaseId === 'string' ? purchaseId : `${id.slice(0, 12)}…`;
}
