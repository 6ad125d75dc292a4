import type { RecordedEvent } from '@souk/event-sourcing';
import { serviceOf } from '../cloud-event';
import type { MessageForms } from '../delivery';
import type { PublicEvent } from '../event-bus.port';
import { EventUnreadable, isUnreadable, unreadableTypeOf } from '../unreadable-event';

/** Events that are public already when they arrive: messages as they are, under their public types. */
export const publicMessages: MessageForms = {
  sourcesOf: (publicTypes) => {
    const types = [...publicTypes];
    return [...new Set([...types, ...types.map((type) => unreadableTypeOf(serviceOf(type)))])];
  },
  toPublic: (event) => {
    const message = publicOf(event);
    if (isUnreadable(message)) throw new EventUnreadable(message);
    return message;
  },
};

/** A public event in the shape in which consumers hold events. */
export function heldFormOf(event: PublicEvent): RecordedEvent {
  return {
    id: event.id,
    stream: event.subject,
    revision: event.soukrevision,
    position: event.soukposition,
    type: event.type,
    data: event.data,
    metadata: event.soukmetadata,
    recordedAt: event.time,
  };
}

function publicOf(event: RecordedEvent): PublicEvent {
  return {
    specversion: '1.0',
    id: event.id,
    source: `/souk/${serviceOf(event.type)}`,
    type: event.type,
    subject: event.stream,
    time: event.recordedAt,
    datacontenttype: 'application/json',
    data: event.data,
    soukposition: event.position,
    soukrevision: event.revision,
    soukmetadata: event.metadata,
  };
}
