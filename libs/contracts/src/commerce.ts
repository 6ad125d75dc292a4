import type { PublicEvent } from '@souk/messaging';

/**
 * What the marketplace tells others about an order: that billing said so, in the order of arrival. Where the order stands follows from
 * all of its facts by `sequence`; refunded and cancelled are terminal, even where the payment arrives after them.
 */
export type CommerceEvent =
  | PublicEvent<
      'commerce.purchase-paid.v1',
      { purchaseId: string; sequence: number; buyerTenant: string; appId: string; instanceId: string }
    >
  | PublicEvent<'commerce.purchase-refunded.v1' | 'commerce.purchase-cancelled.v1', { purchaseId: string; sequence: number }>;
