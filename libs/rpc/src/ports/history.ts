import { type PublicEvent, PublicHistory, type PublicPage } from '@souk/messaging';
import { field, fromJsonBytes, internalPort, jsonBytes, type Part } from '../internal-port';

/** Events are up to 256 KB each: a page ends early, rather than being more than a message may be. */
const PAGE_BYTES = 8 * 1024 * 1024;

const page: Part<PublicPage> = {
  write: ({ events, upTo }) => {
    const sent = events.map(jsonBytes);
    let room = PAGE_BYTES;
    const over = sent.findIndex((bytes, index) => (room -= bytes.length) < 0 && index > 0);
    if (over < 0) return { events: sent, upTo };
    return { events: sent.slice(0, over), upTo: events[over - 1]!.soukrevision };
  },
  read: ({ events, upTo }) => ({
    events: (events as readonly Buffer[]).map((bytes) => fromJsonBytes(bytes) as PublicEvent),
    upTo: upTo as number,
  }),
};

export const historyPort = internalPort(undefined, PublicHistory, {
  read: { args: [field('subject'), field('fromRevision'), field('maxCount')], answer: page },
});
