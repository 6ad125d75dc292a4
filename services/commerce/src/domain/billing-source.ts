import type { BillingSourceEvent, BillingSourceRegistered } from './billing-source.events';

export interface UnregisteredBillingSource {
  readonly status: 'unregistered';
}

export type RegisteredBillingSource = BillingSourceRegistered['data'] & { readonly status: 'registered' };

export type BillingSource = UnregisteredBillingSource | RegisteredBillingSource;

export const unregistered: UnregisteredBillingSource = { status: 'unregistered' };

export function evolve(_source: BillingSource, event: BillingSourceEvent): BillingSource {
  return { status: 'registered', ...event.data };
}
