import { type Aggregate, assertNever } from '@souk/event-sourcing';
import { LeaseLost } from './lease.errors';
import type { LeaseEvent } from './lease.events';

/** Who does what only one may do. No time stands here: when a lease has run out, each observer says for itself. */
export type Lease = { readonly status: 'free' } | { readonly status: 'held'; readonly lease: string; readonly holder: string };

/** @param holder a name of its own for every start of every process */
export interface LeaseCommand {
  readonly type: 'take-lease' | 'renew-lease' | 'release-lease';
  readonly lease: string;
  readonly holder: string;
}

/**
 * Law: the state follows from the last event alone, so that a stream of years is read in one step. Whoever takes a lease that is held has
 * waited for it to run out, its own of an earlier term among them; whether it had, the exact revision of the append decides.
 */
export const leaseAggregate: Aggregate<Lease, LeaseCommand, LeaseEvent> = {
  category: 'lease',
  eventTypes: { LeaseTaken: {}, LeaseRenewed: {}, LeaseReleased: {} },
  initial: { status: 'free' },
  tenants: () => [],

  decide({ type, lease, holder }, state) {
    const isHolder = state.status === 'held' && state.holder === holder;
    switch (type) {
      case 'take-lease':
        return [{ type: 'LeaseTaken', data: { lease, holder } }];
      case 'renew-lease':
        if (!isHolder) throw new LeaseLost(lease, holder);
        return [{ type: 'LeaseRenewed', data: { lease, holder } }];
      case 'release-lease':
        return isHolder ? [{ type: 'LeaseReleased', data: { lease, holder } }] : [];
      default:
        return assertNever(type);
    }
  },

  evolve(_, event) {
    switch (event.type) {
      case 'LeaseTaken':
      case 'LeaseRenewed':
        return { status: 'held', lease: event.data.lease, holder: event.data.holder };
      case 'LeaseReleased':
        return { status: 'free' };
      default:
        return assertNever(event);
    }
  },
};
