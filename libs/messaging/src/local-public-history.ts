import type { EventCodec, EventStore, RecordedEvent } from '@souk/event-sourcing';
import type { PublicEvent, Publication } from './event-bus.port';
import { PublicHistory, type PublicPage } from './public-history.port';
import { Publications } from './publications';
import { unreadableEvent } from './unreadable-event';

/** What the services of this process tell, over the event store of their own. */
export class LocalPublicHistory extends PublicHistory {
  private readonly publications = new Publications();

  /** @param codec how events in the store are read; without it, as they lie */
  constructor(
    private readonly store: EventStore,
    publications: Iterable<Publication>,
    private readonly codec?: EventCodec,
  ) {
    super();
    for (const publication of publications) this.publications.add(publication);
  }

  override async read(subject: string, fromRevision: number, maxCount: number): Promise<PublicPage> {
    const events: PublicEvent[] = [];
    let upTo = fromRevision - 1;
    for await (const event of this.store.readStream(subject, { from: fromRevision, maxCount })) {
      upTo = event.revision;
      const told = await publicFormOf(event, this.publications, this.codec);
      if (told) events.push(told);
    }
    return { events, upTo };
  }
}

/** The public form of an event as it lies, an unreadable one where it has none; `undefined` where it is not told. Never fails. */
export function publicFormOf(
  event: RecordedEvent,
  publications: Publications,
  codec: EventCodec | undefined,
): PublicEvent | undefined | Promise<PublicEvent | undefined> {
  const service = publications.ownerOf(event.type);
  if (service === undefined) return undefined;
  const unreadable = (error: unknown): PublicEvent => unreadableEvent(service, event, error);
  try {
    const decoded = codec?.decode(event) ?? event;
    return decoded instanceof Promise
      ? decoded.then((plain) => publications.toPublic(plain)).catch(unreadable)
      : publications.toPublic(decoded);
  } catch (error) {
    return unreadable(error);
  }
}
