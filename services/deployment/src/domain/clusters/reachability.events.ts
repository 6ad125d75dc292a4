import type { DomainEvent } from '@souk/event-sourcing';

/** A cluster as it was seen from afar. */
export interface ClusterSight {
  /** Of Kubernetes: `v1.32.0`. */
  readonly version: string;
  readonly hosts: number;
  /** What all pods together may ask for: Kubernetes quantities. */
  readonly allocatable: { readonly cpu: string; readonly memory: string };
}

interface OfCluster {
  readonly clusterId: string;
  readonly ownerTenant: string;
}

export type ClusterBecameReachable = DomainEvent<'ClusterBecameReachable', OfCluster & { readonly sight: ClusterSight }>;
export type ClusterBecameUnreachable = DomainEvent<
  'ClusterBecameUnreachable',
  OfCluster & { readonly code: string; readonly detail: string }
>;
/** It is reachable as before, and has another version, or hosts have come or gone. */
export type ClusterSightChanged = DomainEvent<'ClusterSightChanged', OfCluster & { readonly sight: ClusterSight }>;

export type ReachabilityEvent = ClusterBecameReachable | ClusterBecameUnreachable | ClusterSightChanged;
