import type { Aggregate } from '@souk/event-sourcing';
import { type BillingSource, evolve, unregistered } from './billing-source';
import { BillingSourceTaken } from './billing-source.errors';
import type { BillingSourceEvent, BillingSourceRegistered } from './billing-source.events';

export interface RegisterBillingSource {
  readonly type: 'register-billing-source';
  /** The id follows from the URI, so that one URI is one billing source. */
  readonly billingSourceId: string;
  readonly name: string;
  readonly source: string;
  readonly tenant: string;
}

export type BillingSourceCommand = RegisterBillingSource;

export function decide(
  { billingSourceId, name, source, tenant }: BillingSourceCommand,
  state: BillingSource,
): BillingSourceRegistered[] {
  // Not even a repeat by value is answered again: the answer holds the secret, and that is shown once.
  if (state.status === 'registered') throw new BillingSourceTaken(source);
  return [{ type: 'BillingSourceRegistered', data: { billingSourceId, name, source, tenant, secretVersion: 1 } }];
}

export const billingSourceAggregate: Aggregate<BillingSource, BillingSourceCommand, BillingSourceEvent> = {
  category: 'billingSource',
  initial: unregistered,
  decide,
  evolve,
  tenants: (state) => (state.status === 'registered' ? [state.tenant] : []),
  eventTypes: { BillingSourceRegistered: {} },
};
