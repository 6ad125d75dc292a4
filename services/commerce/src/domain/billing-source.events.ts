import type { DomainEvent } from '@souk/event-sourcing';

export type BillingSourceRegistered = DomainEvent<
  'BillingSourceRegistered',
  {
    readonly billingSourceId: string;
    readonly name: string;
    /** URI that stands as `source` in every event of this billing system. */
    readonly source: string;
    /** Tenant of the billing system; its users in role billing see the orders. */
    readonly tenant: string;
    /** Number of the signing secret, which is derived and never stored. */
    readonly secretVersion: number;
  }
>;

export type BillingSourceEvent = BillingSourceRegistered;
