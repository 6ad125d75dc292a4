import { DomainError } from '@souk/event-sourcing';
import type { OrderFact } from './purchase.events';

/** Billing used one sequence number for two different facts. The first one stands. */
export class SequenceConflict extends DomainError {
  readonly code = 'sequence-conflict';
  constructor(recorded: OrderFact, offered: OrderFact) {
    super(
      `order "${recorded.data.orderId}" already has another event with sequence ${recorded.data.sequence}: ` +
        `${recorded.type} is recorded, ${offered.type} with other content was sent`,
    );
  }
}
