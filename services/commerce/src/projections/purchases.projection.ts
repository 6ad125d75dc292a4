import type { Projection, RecordedEvent } from '@souk/event-sourcing';
import { type Fulfilment, gapsIn, orderStatus, type OrderStatus } from '../domain/purchase';
import type { Order, OrderFact, PurchaseEvent } from '../domain/purchase.events';

/** One thing that billing said. */
export interface ReceivedFact {
  readonly sequence: number;
  readonly type: OrderFact['type'];
  readonly receivedAt: string;
}

/** A purchase as its parties see it. Parameters are personal and stay in the sealed events. */
export interface PurchaseDoc {
  readonly purchaseId: string;
  readonly source: string;
  readonly orderId: string;
  readonly status: OrderStatus;
  readonly billingTenant: string;
  /** Unknown until the order is paid. */
  readonly buyerTenant: string | null;
  /** Unknown until the fulfilment was tried. */
  readonly providerTenant: string | null;
  /** Of the payment with the highest sequence. */
  readonly order?: Omit<Order, 'parameters' | 'buyerTenant'> & { readonly sequence: number };
  readonly fulfilment: Fulfilment;
  /** By ascending sequence. */
  readonly received: readonly ReceivedFact[];
  readonly gaps: readonly number[];
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly revision: number;
}

export const purchasesProjection: Projection<PurchaseDoc, PurchaseEvent> = {
  name: 'purchases',
  version: 2,
  streamPrefixes: ['purchase-'],
  indexes: {
    all: ['createdAt'],
    byBuyer: ['buyerTenant', 'createdAt'],
    byProvider: ['providerTenant', 'createdAt'],
    byBilling: ['billingTenant', 'createdAt'],
    allAndStatus: ['status', 'createdAt'],
    byBuyerAndStatus: ['buyerTenant', 'status', 'createdAt'],
    byProviderAndStatus: ['providerTenant', 'status', 'createdAt'],
    byBillingAndStatus: ['billingTenant', 'status', 'createdAt'],
  },
  // The stream is named by a hash of the foreign order id; a purchase is asked for by its own id.
  keys: ({ data }) => [data.purchaseId],
  on: {
    OrderPaid: (purchase, event) => {
      const {
        parameters: _,
        buyerTenant,
        purchaseId: __,
        source: ___,
        orderId: ____,
        billingTenant: _____,
        ...order
      } = event.data;
      const doc = received(purchase, event);
      const newest = order.sequence >= (purchase?.order?.sequence ?? 0);
      return newest ? { ...doc, buyerTenant, order } : doc;
    },
    OrderCancelled: received,
    OrderRefunded: received,
    FulfilmentStarted: (purchase, event) => {
      const { sequence, instanceId, instanceName, versionId, providerTenant } = event.data;
      return fulfilled(purchase, event, { status: 'started', sequence, instanceId, instanceName, versionId }, providerTenant);
    },
    FulfilmentRefused: (purchase, event) => {
      const { sequence, code, detail, providerTenant } = event.data;
      return fulfilled(purchase, event, { status: 'refused', sequence, code, detail }, providerTenant);
    },
    FulfilmentWithdrawn: (purchase, event) =>
      fulfilled(purchase, event, { status: 'withdrawn', instanceId: event.data.instanceId }, undefined),
  },
};

function received(purchase: PurchaseDoc | undefined, event: RecordedEvent<OrderFact>): PurchaseDoc {
  const { purchaseId, source, orderId, billingTenant, sequence } = event.data;
  const { type, recordedAt, revision } = event;
  const facts = [...(purchase?.received ?? []), { sequence, type, receivedAt: recordedAt }].sort(
    (a, b) => a.sequence - b.sequence,
  );
  return {
    purchaseId,
    source,
    orderId,
    billingTenant,
    buyerTenant: null,
    providerTenant: null,
    fulfilment: { status: 'open' },
    createdAt: recordedAt,
    ...purchase,
    status: orderStatus(facts.map((fact) => fact.type)),
    received: facts,
    gaps: gapsIn(facts.map((fact) => fact.sequence)),
    updatedAt: recordedAt,
    revision,
  };
}

function fulfilled(
  purchase: PurchaseDoc | undefined,
  { recordedAt, revision }: RecordedEvent<PurchaseEvent>,
  fulfilment: Fulfilment,
  providerTenant: string | undefined,
): PurchaseDoc | undefined {
  return (
    purchase && {
      ...purchase,
      fulfilment,
      updatedAt: recordedAt,
      revision,
      ...(providerTenant !== undefined && { providerTenant }),
    }
  );
}
