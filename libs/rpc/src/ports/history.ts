import { type PublicEvent, PublicHistory, type PublicPage } from '@souk/messaging';
import { field, fromJsonBytes, internalPort, jsonBytes, type Part } from '../internal-port';

const eventsUpTo: Part<PublicPage> = {
  write: ({ events, upTo }) => ({ events: events.map(jsonBytes), upTo }),
  read: ({ events, upTo }) => ({
    events: (events as readonly Buffer[]).map((bytes) => fromJsonBytes(bytes) as PublicEvent),
    upTo: upTo as number,
  }),
};

export const historyPort = internalPort(undefined, PublicHistory, {
  read: { args: [field('subject'), field('fromRevision'), field('maxCount')], answer: eventsUpTo },
});
