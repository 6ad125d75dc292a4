import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { CommerceEvent } from '@souk/contracts';
import { streamIdOf } from '@souk/event-sourcing';
import { FulfilmentRunner } from '../application/fulfilment.runner';

const group = { group: 'commerce-fulfilment' };

/** Whatever billing said, the whole order decides what is done: all three do the same. */
@Controller()
export class FulfilmentConsumer {
  constructor(private readonly runner: FulfilmentRunner) {}

  @EventPattern('commerce.purchase-paid.v1', group)
  async paid(@Payload() event: CommerceEvent): Promise<void> {
    await this.fulfil(event);
  }

  @EventPattern('commerce.purchase-cancelled.v1', group)
  async cancelled(@Payload() event: CommerceEvent): Promise<void> {
    await this.fulfil(event);
  }

  @EventPattern('commerce.purchase-refunded.v1', group)
  async refunded(@Payload() event: CommerceEvent): Promise<void> {
    await this.fulfil(event);
  }

  private fulfil({ id, subject, soukmetadata: { correlationId } }: CommerceEvent): Promise<void> {
    return this.runner.run(streamIdOf(subject), { eventId: id, correlationId });
  }
}
