import type { RecordedEvent } from '@souk/event-sourcing';
import type { Publication } from '@souk/messaging';
import { instanceIdOf } from '../application/order-ids';
import type { OrderCancelled, OrderPaid, OrderRefunded } from '../domain/purchase.events';

export const publication: Publication = {
  service: 'commerce',
  on: {
    OrderPaid: ({ data: { purchaseId, sequence, buyerTenant, appId } }: RecordedEvent<OrderPaid>) => ({
      type: 'commerce.purchase-paid.v1',
      data: { purchaseId, sequence, buyerTenant, appId, instanceId: instanceIdOf(purchaseId) },
    }),
    OrderCancelled: ({ data: { purchaseId, sequence } }: RecordedEvent<OrderCancelled>) => ({
      type: 'commerce.purchase-cancelled.v1',
      data: { purchaseId, sequence },
    }),
    OrderRefunded: ({ data: { purchaseId, sequence } }: RecordedEvent<OrderRefunded>) => ({
      type: 'commerce.purchase-refunded.v1',
      data: { purchaseId, sequence },
    }),
  },
};
