import type { EventFilter, ReadAllOptions, ReadStreamOptions } from '@souk/event-sourcing';
import type { Connection } from './connection';
import { ordinalOf, type StoredEvent, toStoredEvent } from './recorded-events';

/** Events of a page: who wants a few is not to pay for many. */
const FIRST_PAGE = 32;
const PAGE = 1024;

/** The events of one stream, page by page, so that a reader that stops for a while holds nothing on the server. */
export async function* streamPages(
  connection: Connection,
  stream: string,
  { direction = 'forwards', from, maxCount = Infinity }: ReadStreamOptions,
): AsyncGenerator<readonly StoredEvent[]> {
  const forwards = direction === 'forwards';
  let next: number | 'end' = forwards ? Math.max(from ?? 0, 0) : (from ?? 'end');
  let left = maxCount;
  for (let page = FIRST_PAGE; left > 0 && (next === 'end' || next >= 0); page = Math.min(PAGE, 4 * page)) {
    const count = Math.min(page, left);
    let read = await connection.readStream(stream, { from: next, direction, maxCount: count });
    // From beyond the end, a server may go through many numbers that are not there.
    if (!forwards && next !== 'end' && read.length === 0)
      read = await connection.readStream(stream, { from: 'end', direction, maxCount: count });
    const last = read.at(-1)?.event;
    if (!last) return;
    const limit: number | 'end' = next;
    yield ours(read).filter(({ revision }) => limit === 'end' || (forwards ? revision >= limit : revision <= limit));
    if (read.length < count) return;
    left -= read.length;
    next = Number(last.revision) + (forwards ? 1 : -1);
  }
}

/** Everything that passes, page by page. The filter runs here: a read of everything has none in the protocol's older versions. */
export async function* allPages(
  connection: Connection,
  after: number | undefined,
  { direction = 'forwards', maxCount = Infinity, filter }: ReadAllOptions,
): AsyncGenerator<readonly StoredEvent[]> {
  const forwards = direction === 'forwards';
  const passes = passesOf(filter);
  let place = after;
  if (!forwards && place === 0) return;
  for (let page = FIRST_PAGE, left = maxCount; left > 0; page = Math.min(PAGE, 4 * page)) {
    // Forwards a page begins with the event of its place.
    const from = place === undefined || place === 0 ? (forwards ? 'start' : 'end') : place;
    const count = forwards && typeof from === 'number' ? page + 1 : page;
    const read = await connection.readAll(from, { direction, maxCount: count });
    const before = place;
    const found = ours(read)
      .filter((event) => (before === undefined || (forwards ? event.ordinal > before : event.ordinal < before)) && passes(event))
      .slice(0, left);
    left -= found.length;
    if (found.length > 0) yield found;
    if (read.length < count) return;
    place = ordinalOf(read.at(-1)!);
  }
}

export function passesOf(
  filter: EventFilter | undefined,
): (event: { readonly stream: string; readonly type: string }) => boolean {
  if (!filter) return () => true;
  if ('types' in filter) {
    const types = new Set(filter.types);
    return ({ type }) => types.has(type);
  }
  return ({ stream }) => filter.streamPrefixes.some((prefix) => stream.startsWith(prefix));
}

function ours(read: readonly Parameters<typeof toStoredEvent>[0][]): StoredEvent[] {
  return read.flatMap((resolved) => toStoredEvent(resolved) ?? []);
}
