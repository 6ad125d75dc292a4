import { type EventMetadata, type EventStore, type EventToAppend, type RecordedEvent } from '@souk/event-sourcing';
import { randomUUID } from 'node:crypto';

const metadata: EventMetadata = {
  commandId: 'cmd-1',
  correlationId: 'cor-1',
  causationId: 'cmd-1',
  actor: { kind: 'user', id: 'usr_1', tenant: 'ten_1', role: 'operator' },
  tenants: ['ten_1', 'ten_2'],
  schemaVersion: 1,
  reason: 'für einen Test – ✓',
};

/** An event with an id of its own. */
export function sampleEvent(overrides: Partial<EventToAppend> = {}): EventToAppend {
  return { id: randomUUID(), type: 'NodeBecameReady', data: { node: 'web' }, metadata, ...overrides };
}

/** That many of them; `data.n` counts from 0. */
export function sampleEvents(count: number, overrides: Partial<EventToAppend> = {}): EventToAppend[] {
  return Array.from({ length: count }, (_, n) => sampleEvent({ data: { n }, ...overrides }));
}

/** The same, as they follow from a request of their own. */
export function requestedEvents(count: number): EventToAppend[] {
  const request = randomUUID();
  return sampleEvents(count, { metadata: { ...metadata, commandId: request, correlationId: request, causationId: request } });
}

export async function collect<T>(sequence: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of sequence) items.push(item);
  return items;
}

export function revisionsOf(events: readonly RecordedEvent[]): number[] {
  return events.map(({ revision }) => revision);
}

export function idsOf(events: readonly { readonly id: string }[]): string[] {
  return events.map(({ id }) => id);
}

/** Everything in the store, by a plain read. */
export function everything(store: EventStore): Promise<RecordedEvent[]> {
  return collect(store.readAll());
}
