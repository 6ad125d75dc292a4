import { InvalidInput } from '@souk/platform';
import { orderIds } from '../application/order-ids';
import type { RegisteredBillingSource } from '../domain/billing-source';
import type { OrderFact, OrderReference } from '../domain/purchase.events';
import { CANCELLED, type OrderEvent, PAID } from './order-event.dto';

/**
 * A billing system's event in our own words.
 * @throws InvalidInput where it says to come from another source than it was signed by
 */
export function orderFact(event: OrderEvent, { source, tenant }: RegisteredBillingSource): OrderFact {
  if (event.source !== source)
    throw new InvalidInput([{ code: 'not-one-of', pointer: '/source', message: `must be "${source}", as registered` }], 'event');
  const reference: OrderReference = {
    purchaseId: orderIds(source, event.subject).purchaseId,
    source,
    orderId: event.subject,
    billingTenant: tenant,
    sequence: Number(event.sequence),
  };
  if (event.type === PAID) {
    const { parameters = {}, secrets = {}, ...order } = event.data;
    return { type: 'OrderPaid', data: { ...reference, ...order, parameters, secrets } };
  }
  const reason = event.data?.reason;
  return {
    type: event.type === CANCELLED ? 'OrderCancelled' : 'OrderRefunded',
    data: { ...reference, ...(reason !== undefined && { reason }) },
  };
}
