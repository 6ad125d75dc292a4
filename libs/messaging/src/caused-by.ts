import { type CommandContext, derivedUuid } from '@souk/event-sourcing';
import type { PublicEvent } from './event-bus.port';

/**
 * Context of a command that a service gives itself because of a public event: its id follows from the event and `parts`, so that the
 * event twice is one effect; the chain of causes goes on through the event.
 * @param service who reacts: the actor of what follows
 */
export function causedBy(event: PublicEvent, service: string, ...parts: readonly string[]): CommandContext {
  return {
    commandId: derivedUuid('event', event.id, service, ...parts),
    correlationId: event.soukmetadata.correlationId,
    causationId: event.id,
    actor: { kind: 'system', id: service },
    ...(event.soukmetadata.reason !== undefined && { reason: event.soukmetadata.reason }),
  };
}
