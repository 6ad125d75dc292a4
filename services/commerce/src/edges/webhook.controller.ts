import { createHash } from 'node:crypto';
import { Body, Controller, HttpCode, Post, Req, UseFilters, UseGuards } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiExtraModels, ApiOperation, ApiParam, ApiSecurity, ApiTags, refs } from '@nestjs/swagger';
import { type CommandContext, CommandHandler, derivedUuid } from '@souk/event-sourcing';
import { Ctx, problemsOf, Public, RequestContext } from '@souk/platform';
import { instanceIdOf, orderIds } from '../application/order-ids';
import type { Fulfilment, OrderStatus, Purchase } from '../domain/purchase';
import { gapsIn } from '../domain/purchase';
import { purchaseAggregate } from '../domain/purchase.decide';
import { type BillingRequest, BillingSignatureGuard } from './billing-signature.guard';
import { commerceErrors } from './http-errors';
import { OrderClosedEvent, type OrderEvent, OrderPaidEvent } from './order-event.dto';
import { OrderEventPipe } from './order-event.pipe';
import { orderFact } from './order-fact';

@ApiTags('commerce')
@ApiSecurity({})
@Controller('v1/billing-sources/:billingSourceId/events')
@UseFilters(problemsOf(commerceErrors))
export class WebhookController {
  constructor(private readonly commands: CommandHandler) {}

  @Post()
  @HttpCode(202)
  @Public()
  @UseGuards(BillingSignatureGuard)
  @ApiOperation({
    summary: 'What a billing system says about an order',
    description:
      'CloudEvents 1.0 in structured mode with the extension `sequence`, signed as of https://www.standardwebhooks.com.',
  })
  @ApiParam({ name: 'billingSourceId' })
  @ApiConsumes('application/cloudevents+json', 'application/json')
  @ApiExtraModels(OrderPaidEvent, OrderClosedEvent)
  @ApiBody({ schema: { oneOf: refs(OrderPaidEvent, OrderClosedEvent) } })
  async receive(@Body(new OrderEventPipe()) event: OrderEvent, @Req() request: BillingRequest, @Ctx() ctx: RequestContext) {
    const fact = orderFact(event, request.billingSource);
    const { purchaseId, streamId } = orderIds(fact.data.source, fact.data.orderId);
    const command = { type: 'record-order-fact', fact } as const;
    const outcome = await this.commands.handle(purchaseAggregate, streamId, command, contextOf(request, ctx));
    ctx.written(outcome);
    return { purchaseId, ...receipt(outcome.state, purchaseId) };
  }
}

interface Receipt {
  readonly status?: OrderStatus;
  readonly fulfilment?: Fulfilment['status'];
  readonly instanceId?: string;
  /** Numbers of events that were not received yet. */
  readonly gaps?: readonly number[];
}

function receipt(purchase: Purchase, purchaseId: string): Receipt {
  if (purchase.status === 'unknown') return {};
  const { status, fulfilment, received } = purchase;
  const hasInstance = status === 'paid' || fulfilment.status === 'started' || fulfilment.status === 'withdrawn';
  return {
    status,
    fulfilment: fulfilment.status,
    ...(hasInstance && { instanceId: instanceIdOf(purchaseId) }),
    gaps: gapsIn(received.keys()),
  };
}

/** The same bytes again are the same command. Other bytes with the same sequence number are for the rules to judge. */
function contextOf({ billingSource, rawBody }: BillingRequest, { correlationId, requestId }: RequestContext): CommandContext {
  const { billingSourceId, tenant } = billingSource;
  const digest = createHash('sha256')
    .update(rawBody ?? '')
    .digest('hex');
  return {
    commandId: derivedUuid('billing-webhook', billingSourceId, digest),
    correlationId,
    causationId: requestId,
    actor: { kind: 'billing', id: billingSourceId, tenant, role: 'billing' },
  };
}
