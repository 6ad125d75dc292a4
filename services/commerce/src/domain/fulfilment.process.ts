import type { Ignored, Process } from '@souk/event-sourcing';
import type { ClosedPurchase, PaidPurchase, Purchase, StartedFulfilment } from './purchase';
import type { OrderPaid } from './purchase.events';

/** Decide which instance of which version this order gets, and write that down. */
export interface StartOrder {
  readonly type: 'start-order';
  readonly order: OrderPaid['data'];
}

/** Ask for the instance that was decided on; asked again, it is the same one. */
export interface RequestInstance {
  readonly type: 'request-instance';
  readonly order: OrderPaid['data'];
  readonly started: StartedFulfilment;
}

/** The instance must go. */
export interface WithdrawInstance {
  readonly type: 'withdraw-instance';
  readonly purchaseId: string;
  readonly instanceId: string;
}

export type FulfilmentStep = StartOrder | RequestInstance | WithdrawInstance;

/**
 * One instance for an order that is paid, none for one that was refunded or cancelled. The input is that something was received
 * for the order; what is done follows from the whole order as it stands, so that neither late nor repeated facts matter.
 * The decision is written before the instance is asked for: what was never started never needs to be deleted.
 */
export const fulfilment: Process<'order-fact-received', Purchase, FulfilmentStep> = {
  name: 'commerce-fulfilment',
  react: (_input, purchase) => {
    if (purchase.status === 'unknown') return { ignore: 'nothing is known of this order' };
    if (purchase.status === 'paid') return deploy(purchase);
    return withdraw(purchase);
  },
};

function deploy({ fulfilment, order, received }: PaidPurchase): FulfilmentStep[] | Ignored {
  if (fulfilment.status === 'withdrawn') return { ignore: 'its instance was withdrawn before' };
  if (fulfilment.status === 'refused' && fulfilment.sequence >= order.sequence)
    return { ignore: `payment ${order.sequence} was refused (${fulfilment.code}); a later payment will be tried` };
  if (fulfilment.status !== 'started') return [{ type: 'start-order', order }];

  const payment = received.get(fulfilment.sequence);
  return payment?.type === 'OrderPaid'
    ? [{ type: 'request-instance', order: payment.data, started: fulfilment }]
    : { ignore: `no payment has the sequence ${fulfilment.sequence} by which it was started` };
}

function withdraw({ fulfilment, purchaseId, status }: ClosedPurchase): FulfilmentStep[] | Ignored {
  if (fulfilment.status === 'withdrawn') return { ignore: 'its instance was withdrawn before' };
  if (fulfilment.status !== 'started') return { ignore: `the order is ${status}, and no instance of it was ever asked for` };
  return [{ type: 'withdraw-instance', purchaseId, instanceId: fulfilment.instanceId }];
}
