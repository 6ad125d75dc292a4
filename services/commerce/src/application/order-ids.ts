import { derivedId, sha256Hex } from '@souk/contracts';

/** Everything that an order is known by follows from its source and its id there, so that one order is one purchase and one instance. */
export interface OrderIds {
  readonly purchaseId: string;
  /** Of the purchase's stream: orders have foreign ids of any form. */
  readonly streamId: string;
}

export function orderIds(source: string, orderId: string): OrderIds {
  return { purchaseId: derivedId('purchase', source, orderId), streamId: sha256Hex(source, orderId) };
}

export function instanceIdOf(purchaseId: string): string {
  return derivedId('instance', 'purchase', purchaseId);
}

/** One billing source for each URI. */
export function billingSourceIdOf(source: string): string {
  return derivedId('billingSource', source);
}
