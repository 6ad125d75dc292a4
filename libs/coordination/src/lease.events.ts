import type { DomainEvent } from '@souk/event-sourcing';

/** From here on one process alone does this. The revision of this fact is the fencing token of its term. */
export type LeaseTaken = DomainEvent<'LeaseTaken', { readonly lease: string; readonly holder: string }>;

/** The holder is alive. Others count from here. */
export type LeaseRenewed = DomainEvent<'LeaseRenewed', { readonly lease: string; readonly holder: string }>;

/** The holder has stopped: nobody needs to wait. */
export type LeaseReleased = DomainEvent<'LeaseReleased', { readonly lease: string; readonly holder: string }>;

export type LeaseEvent = LeaseTaken | LeaseRenewed | LeaseReleased;
