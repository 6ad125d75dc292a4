import { type Aggregate, assertNever } from '@souk/event-sourcing';
import { evolve, partiesOf, type Purchase, unknownPurchase } from './purchase';
import { SequenceConflict } from './purchase.errors';
import { sameContent } from './same-content';
import type { FulfilmentRefused, FulfilmentStarted, FulfilmentWithdrawn, OrderFact, PurchaseEvent } from './purchase.events';

export interface RecordOrderFact {
  readonly type: 'record-order-fact';
  readonly fact: OrderFact;
}

export interface StartFulfilment {
  readonly type: 'start-fulfilment';
  readonly data: FulfilmentStarted['data'];
}

export interface RefuseFulfilment {
  readonly type: 'refuse-fulfilment';
  readonly data: FulfilmentRefused['data'];
}

export interface WithdrawFulfilment {
  readonly type: 'withdraw-fulfilment';
  readonly data: FulfilmentWithdrawn['data'];
}

export type PurchaseCommand = RecordOrderFact | StartFulfilment | RefuseFulfilment | WithdrawFulfilment;

export function decide(command: PurchaseCommand, purchase: Purchase): PurchaseEvent[] {
  switch (command.type) {
    case 'record-order-fact':
      return record(command, purchase);
    case 'start-fulfilment':
      return start(command, purchase);
    case 'refuse-fulfilment':
      return refuse(command, purchase);
    case 'withdraw-fulfilment':
      return withdraw(command, purchase);
    default:
      return assertNever(command);
  }
}

/** What billing says is recorded even when it comes too late to have an effect: the numbering must show no false gaps. */
const record = ({ fact }: RecordOrderFact, purchase: Purchase): OrderFact[] => {
  if (purchase.status === 'unknown') return [fact];
  const recorded = purchase.received.get(fact.data.sequence);
  if (!recorded) return [fact];
  if (!sameFact(recorded, fact)) throw new SequenceConflict(recorded, fact);
  return [];
};

/** Only what is paid is started: a refund that was recorded first has won. */
const start = ({ data }: StartFulfilment, purchase: Purchase): FulfilmentStarted[] => {
  if (purchase.status !== 'paid') return [];
  const { fulfilment } = purchase;
  if (fulfilment.status === 'started' || fulfilment.status === 'withdrawn') return [];
  if (fulfilment.status === 'refused' && fulfilment.sequence >= data.sequence) return [];
  return [{ type: 'FulfilmentStarted', data }];
};

/** Refused before it was started, or by deployment afterwards. */
const refuse = ({ data }: RefuseFulfilment, purchase: Purchase): FulfilmentRefused[] => {
  if (purchase.status === 'unknown') return [];
  const { fulfilment } = purchase;
  if (fulfilment.status === 'withdrawn') return [];
  if (fulfilment.status === 'started' && fulfilment.sequence !== data.sequence) return [];
  if (fulfilment.status === 'refused' && fulfilment.sequence >= data.sequence) return [];
  return [{ type: 'FulfilmentRefused', data }];
};

const withdraw = ({ data }: WithdrawFulfilment, purchase: Purchase): FulfilmentWithdrawn[] => {
  if (purchase.status === 'unknown' || purchase.status === 'paid') return [];
  if (purchase.fulfilment.status !== 'started') return [];
  return [{ type: 'FulfilmentWithdrawn', data }];
};

/** Parameters that were erased with their buyer cannot be compared any more, and count as the same. */
function sameFact(recorded: OrderFact, offered: OrderFact): boolean {
  const erased = recorded.type === 'OrderPaid' && recorded.data.parameters === null;
  return (
    recorded.type === offered.type && sameContent(recorded.data, erased ? { ...offered.data, parameters: null } : offered.data)
  );
}

export const purchaseAggregate: Aggregate<Purchase, PurchaseCommand, PurchaseEvent> = {
  category: 'purchase',
  initial: unknownPurchase,
  decide,
  evolve,
  tenants: partiesOf,
  eventTypes: {
    OrderPaid: { personal: { fields: ['parameters'], tenant: ({ buyerTenant }) => buyerTenant } },
    OrderCancelled: {},
    OrderRefunded: {},
    FulfilmentStarted: {},
    FulfilmentRefused: {},
    FulfilmentWithdrawn: {},
  },
};
