import type { DomainEvent } from '@souk/event-sourcing';
import type { Difference } from './drift';
import type { WaitCode } from '../operations/operation.events';

interface OfInstance {
  readonly instanceId: string;
  readonly ownerTenant: string;
  readonly providerTenant: string;
}

/** A node that does not run as it should, and why, in plain words. */
export interface UnreadyNode {
  readonly node: string;
  readonly code: WaitCode;
  readonly reason: string;
}

/** All that is to run runs well again. */
export type InstanceBecameHealthy = DomainEvent<'InstanceBecameHealthy', OfInstance>;

/** For a while some nodes have not been ready; `failed`: not one is. */
export type InstanceBecameUnhealthy = DomainEvent<
  'InstanceBecameUnhealthy',
  OfInstance & { readonly health: 'degraded' | 'failed'; readonly nodes: readonly UnreadyNode[] }
>;

/** Somebody else has changed what stands on the cluster, and it is left so. */
export type DriftFound = DomainEvent<'DriftFound', OfInstance & { readonly differences: readonly Difference[] }>;
export type DriftGone = DomainEvent<'DriftGone', OfInstance>;

/** Of an instance that is deleted something was there again, or still. */
export type OrphanRemoved = DomainEvent<
  'OrphanRemoved',
  OfInstance & { readonly kind: string; readonly name: string; readonly uid: string }
>;

export type HealthEvent = InstanceBecameHealthy | InstanceBecameUnhealthy | DriftFound | DriftGone | OrphanRemoved;
