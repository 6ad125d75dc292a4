import { type Document, type DomainEvent, type EventStore, keysOf, project, type Projection } from '@souk/event-sourcing';

/** What a projection has to come to, folded the slow way. */
export async function foldedFrom<Doc extends Document, Event extends DomainEvent>(
  events: EventStore,
  projection: Projection<Doc, Event>,
): Promise<Map<string, Doc>> {
  const docs = new Map<string, Doc>();
  for await (const event of events.readAll({ filter: { streamPrefixes: projection.streamPrefixes } }))
    for (const key of new Set(keysOf(projection, event as never))) {
      const doc = project(projection, docs.get(key), event as never, key);
      if (doc) docs.set(key, doc);
      else docs.delete(key);
    }
  return docs;
}
