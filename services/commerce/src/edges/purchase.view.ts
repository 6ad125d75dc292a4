import type { Role } from '@souk/contracts';
import type { Fulfilment } from '../domain/purchase';
import type { PurchaseDoc } from '../projections/purchases.projection';

interface Viewer {
  readonly tenant: string;
  readonly role: Role;
}

/** Whether this purchase is any of their business. */
export function mayRead(purchase: PurchaseDoc, { tenant, role }: Viewer): boolean {
  switch (role) {
    case 'operator':
      return true;
    case 'buyer':
      return purchase.buyerTenant === tenant;
    case 'provider':
      return purchase.providerTenant === tenant;
    case 'billing':
      return purchase.billingTenant === tenant;
    case 'auditor':
      return false;
  }
}

/** A purchase in an answer. What the buyer fills in, parameters and names of secrets, is for the buyer alone. */
export function purchaseView(purchase: PurchaseDoc, { role }: Viewer, parameters?: Readonly<Record<string, string>> | null) {
  const { order, fulfilment, received, revision: _, buyerTenant, providerTenant, ...rest } = purchase;
  const { secrets, sequence: __, ...ordered } = order ?? {};
  const instanceId = instanceOf(fulfilment);
  return {
    ...rest,
    ...(buyerTenant !== null && { buyerTenant }),
    ...(providerTenant !== null && { providerTenant }),
    ...ordered,
    ...(role === 'buyer' && secrets && { secrets }),
    ...(role === 'buyer' && parameters && { parameters }),
    ...(instanceId !== undefined && { instanceId }),
    fulfilment,
    received: received.map(({ type, ...fact }) => ({ ...fact, type: words[type] })),
  };
}

const words = { OrderPaid: 'paid', OrderCancelled: 'cancelled', OrderRefunded: 'refunded' } as const;

function instanceOf(fulfilment: Fulfilment): string | undefined {
  return fulfilment.status === 'started' || fulfilment.status === 'withdrawn' ? fulfilment.instanceId : undefined;
}
