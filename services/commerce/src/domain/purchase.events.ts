import type { DomainEvent } from '@souk/event-sourcing';

/** Which order a fact is about, and its place among the facts of that order. */
export interface OrderReference {
  readonly purchaseId: string;
  /** URI under which the billing source is registered. With `orderId` it names the order. */
  readonly source: string;
  readonly orderId: string;
  readonly billingTenant: string;
  /** Given by billing, from 1. It decides the order of the facts, not their arrival. */
  readonly sequence: number;
}

/** What was paid for. */
export interface Order {
  readonly buyerTenant: string;
  readonly appId: string;
  readonly plan?: string;
  /** Absent: the newest released version at the time of fulfilment. */
  readonly versionId?: string;
  readonly configuration: string;
  /** Where an instance at the edge goes. */
  readonly clusterId?: string;
  /** Where one in the cloud goes. */
  readonly region?: string;
  /** Absent: made from the app's name. */
  readonly instanceName?: string;
  /** Personal to the buyer; `null` once the buyer's key was destroyed. */
  readonly parameters: Readonly<Record<string, string>> | null;
  /** For each declared secret, the name under which the buyer has stored its value. Never a value. */
  readonly secrets: Readonly<Record<string, string>>;
}

export type OrderPaid = DomainEvent<'OrderPaid', OrderReference & Order>;
export type OrderCancelled = DomainEvent<'OrderCancelled', OrderReference & { readonly reason?: string }>;
export type OrderRefunded = DomainEvent<'OrderRefunded', OrderReference & { readonly reason?: string }>;

/** What billing says about an order. */
export type OrderFact = OrderPaid | OrderCancelled | OrderRefunded;

/** The payment with that sequence gets this instance: it is asked for from now on. */
export type FulfilmentStarted = DomainEvent<
  'FulfilmentStarted',
  {
    readonly purchaseId: string;
    readonly sequence: number;
    readonly instanceId: string;
    readonly instanceName: string;
    readonly versionId: string;
    readonly providerTenant: string;
  }
>;

/** The payment with that sequence cannot be turned into an instance as it stands. A later payment of the order is tried again. */
export type FulfilmentRefused = DomainEvent<
  'FulfilmentRefused',
  {
    readonly purchaseId: string;
    readonly sequence: number;
    readonly code: string;
    readonly detail: string;
    /** Absent where not even the app was found. */
    readonly providerTenant?: string;
  }
>;

/** The instance of the order was deleted, and there will be no other. */
export type FulfilmentWithdrawn = DomainEvent<
  'FulfilmentWithdrawn',
  { readonly purchaseId: string; readonly instanceId: string }
>;

export type PurchaseEvent = OrderFact | FulfilmentStarted | FulfilmentRefused | FulfilmentWithdrawn;
