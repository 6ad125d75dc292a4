import { assertNever } from '@souk/event-sourcing';
import type { MessageParked, ParkedMessageEvent } from './parked-message.events';

/** `none → parked → releasing → released`, and from the last two back to `parked`. */
export type ParkedMessage =
  | { readonly status: 'none' }
  | (MessageParked['data'] & { readonly status: 'parked' })
  /** Everything of the subject from revision `from` on is being handled, in order. */
  | (MessageParked['data'] & { readonly status: 'releasing'; readonly from: number })
  | (MessageParked['data'] & { readonly status: 'released' });

export type ExistingParkedMessage = Exclude<ParkedMessage, { status: 'none' }>;

export const noParkedMessage: ParkedMessage = { status: 'none' };

export function evolve(state: ParkedMessage, event: ParkedMessageEvent): ParkedMessage {
  if (event.type === 'MessageParked') return { ...event.data, status: 'parked' };
  if (state.status === 'none') return state;
  const parked = partsOf(state);
  switch (event.type) {
    case 'MessageReplayRequested':
      return { ...parked, status: 'releasing', from: event.data.revision };
    case 'MessageDiscarded':
      return { ...parked, status: 'releasing', from: event.data.revision + 1 };
    case 'SubjectReleased':
      return { ...parked, status: 'released' };
    default:
      return assertNever(event);
  }
}

function partsOf({ status: _, ...parked }: ExistingParkedMessage): MessageParked['data'] {
  if (!('from' in parked)) return parked;
  const { from: __, ...rest } = parked;
  return rest;
}
