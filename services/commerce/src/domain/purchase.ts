import { assertNever } from '@souk/event-sourcing';
import type { OrderFact, OrderPaid, PurchaseEvent } from './purchase.events';

/** What has become of the order's instance. */
export type Fulfilment =
  | { readonly status: 'open' }
  | { readonly status: 'refused'; readonly sequence: number; readonly code: string; readonly detail: string }
  | StartedFulfilment
  | { readonly status: 'withdrawn'; readonly instanceId: string };

/** The instance was decided on, and is asked for until deployment has taken or refused it. */
export interface StartedFulfilment {
  readonly status: 'started';
  /** Of the payment that started it. */
  readonly sequence: number;
  readonly instanceId: string;
  readonly instanceName: string;
  readonly versionId: string;
}

interface Known {
  readonly purchaseId: string;
  readonly source: string;
  readonly orderId: string;
  readonly billingTenant: string;
  /** Everything billing said, by ascending sequence. */
  readonly received: ReadonlyMap<number, OrderFact>;
  readonly fulfilment: Fulfilment;
  /** Known since the fulfilment was tried. */
  readonly providerTenant?: string;
}

export interface UnknownPurchase {
  readonly status: 'unknown';
}

export interface PaidPurchase extends Known {
  readonly status: 'paid';
  /** The payment with the highest sequence. */
  readonly order: OrderPaid['data'];
}

/** Refunded or cancelled: terminal. A payment may or may not have been seen. */
export interface ClosedPurchase extends Known {
  readonly status: 'cancelled' | 'refunded';
  readonly order?: OrderPaid['data'];
}

export type KnownPurchase = PaidPurchase | ClosedPurchase;
export type Purchase = UnknownPurchase | KnownPurchase;
export type OrderStatus = KnownPurchase['status'];

export const unknownPurchase: UnknownPurchase = { status: 'unknown' };

export function evolve(purchase: Purchase, event: PurchaseEvent): Purchase {
  switch (event.type) {
    case 'OrderPaid':
    case 'OrderCancelled':
    case 'OrderRefunded':
      return received(purchase, event);
    case 'FulfilmentStarted': {
      const { sequence, instanceId, instanceName, versionId, providerTenant } = event.data;
      return fulfilled(purchase, { status: 'started', sequence, instanceId, instanceName, versionId }, providerTenant);
    }
    case 'FulfilmentRefused': {
      const { sequence, code, detail, providerTenant } = event.data;
      return fulfilled(purchase, { status: 'refused', sequence, code, detail }, providerTenant);
    }
    case 'FulfilmentWithdrawn':
      return fulfilled(purchase, { status: 'withdrawn', instanceId: event.data.instanceId }, undefined);
    default:
      return assertNever(event);
  }
}

/**
 * Where an order stands, whatever the order in which its facts arrived: refunded outranks cancelled, both outrank paid.
 *   paid 1, refunded 2      refunded
 *   refunded 2, paid 1      refunded
 *   cancelled 2, paid 3     cancelled
 */
export function orderStatus(types: Iterable<OrderFact['type']>): OrderStatus {
  const seen = new Set(types);
  if (seen.has('OrderRefunded')) return 'refunded';
  if (seen.has('OrderCancelled')) return 'cancelled';
  return 'paid';
}

/** Gaps that are listed; a hole of a million numbers is no million entries. */
const MAX_GAPS = 100;

/** Sequence numbers from 1 that were skipped, at most 100 of them: `1, 4, 6` gives `[2, 3, 5]`. */
export function gapsIn(sequences: Iterable<number>): number[] {
  const gaps: number[] = [];
  let expected = 1;
  for (const sequence of [...sequences].sort((a, b) => a - b)) {
    for (; expected < sequence && gaps.length < MAX_GAPS; expected++) gaps.push(expected);
    expected = sequence + 1;
  }
  return gaps;
}

/** Buyer, provider and billing, as far as they are known. */
export function partiesOf(purchase: Purchase): string[] {
  if (purchase.status === 'unknown') return [];
  const { order, providerTenant, billingTenant } = purchase;
  return [...new Set([order?.buyerTenant, providerTenant, billingTenant].filter((tenant) => tenant !== undefined))];
}

function received(purchase: Purchase, fact: OrderFact): KnownPurchase {
  const { purchaseId, source, orderId, billingTenant, sequence } = fact.data;
  const known: Known =
    purchase.status === 'unknown'
      ? { purchaseId, source, orderId, billingTenant, received: new Map(), fulfilment: { status: 'open' } }
      : purchase;
  if (known.received.has(sequence)) return purchase as KnownPurchase;

  const facts = new Map([...known.received, [sequence, fact] as const].sort(([a], [b]) => a - b));
  return settled({ ...known, received: facts });
}

/** Derives status and order from all that was received. */
function settled(known: Known): KnownPurchase {
  const facts = [...known.received.values()];
  const status = orderStatus(facts.map(({ type }) => type));
  const order = facts.findLast((fact) => fact.type === 'OrderPaid')?.data;
  if (status !== 'paid') return { ...known, status, ...(order && { order }) };
  // Without a refund and a cancellation, what was received are payments.
  return { ...known, status, order: order! };
}

function fulfilled(purchase: Purchase, fulfilment: Fulfilment, providerTenant: string | undefined): Purchase {
  if (purchase.status === 'unknown') return purchase;
  return { ...purchase, fulfilment, ...(providerTenant !== undefined && { providerTenant }) };
}
