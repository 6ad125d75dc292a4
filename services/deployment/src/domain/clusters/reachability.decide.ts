import type { Aggregate } from '@souk/event-sourcing';
import { evolveReachability, type Reachability, unseen } from './reachability';
import type { ClusterSight, ReachabilityEvent } from './reachability.events';

/** What a look at a cluster has shown. */
export interface Observe {
  readonly type: 'Observe';
  readonly clusterId: string;
  readonly ownerTenant: string;
  readonly seen: { readonly sight: ClusterSight } | { readonly code: string; readonly detail: string };
}

/** Whether a cluster answers. Transitions alone are facts: a look that shows what the last one did is none. */
export const reachability: Aggregate<Reachability, Observe, ReachabilityEvent> = {
  category: 'reachability',
  initial: unseen,
  eventTypes: { ClusterBecameReachable: {}, ClusterBecameUnreachable: {}, ClusterSightChanged: {} },
  snapshots: { version: 1 },
  tenants: (state) => (state.status === 'unseen' ? [] : [state.ownerTenant]),
  evolve: evolveReachability,
  decide({ clusterId, ownerTenant, seen }, state) {
    const about = { clusterId, ownerTenant };
    if (!('sight' in seen))
      return state.status === 'unreachable' ? [] : [{ type: 'ClusterBecameUnreachable', data: { ...about, ...seen } }];
    if (state.status !== 'reachable') return [{ type: 'ClusterBecameReachable', data: { ...about, ...seen } }];
    return isSame(seen.sight, state.sight) ? [] : [{ type: 'ClusterSightChanged', data: { ...about, ...seen } }];
  },
};

function isSame(a: ClusterSight, b: ClusterSight): boolean {
  return (
    a.version === b.version &&
    a.hosts === b.hosts &&
    a.allocatable.cpu === b.allocatable.cpu &&
    a.allocatable.memory === b.allocatable.memory
  );
}
