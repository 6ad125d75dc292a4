import type { RecordedEvent } from '@souk/event-sourcing';
import { serviceOf } from './cloud-event';
import type { PublicEvent } from './event-bus.port';
import { reasonOf } from './parking/failure-reason';
import type { FailureReason } from './parking/parked-message.events';

interface Unreadable {
  /** Of the private event. */
  readonly type: string;
  readonly reason: FailureReason;
}

const FACT = 'unreadable.v0';

/** The public type of what a service could not make public. */
export function unreadableTypeOf(service: string): string {
  return `${service}.${FACT}`;
}

/**
 * Stands for an event that could not be read or mapped, where it would otherwise hold up everybody: whoever listens to the service takes it
 * for a message that fails.
 */
export function unreadableEvent(service: string, event: RecordedEvent, error: unknown): PublicEvent<string, Unreadable> {
  return {
    specversion: '1.0',
    id: event.id,
    source: `/souk/${service}`,
    type: unreadableTypeOf(service),
    subject: event.stream,
    time: event.recordedAt,
    datacontenttype: 'application/json',
    data: { type: event.type, reason: reasonOf(error) },
    soukposition: event.position,
    soukrevision: event.revision,
    soukmetadata: event.metadata,
  };
}

export function isUnreadable(event: PublicEvent): event is PublicEvent<string, Unreadable> {
  return event.type === unreadableTypeOf(serviceOf(event.type));
}

/** What went wrong where the event lies, as it was told. */
export class EventUnreadable extends Error {
  readonly code: string;
  constructor({ type, data: { reason } }: PublicEvent<string, Unreadable>) {
    super(reason.message);
    this.name = reason.name;
    this.code = reason.code ?? 'event-unreadable';
    this.stack = [`${type}: ${reason.message}`, ...reason.frames.map((frame) => `    at ${frame}`)].join('\n');
  }
}
