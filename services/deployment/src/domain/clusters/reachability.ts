import { assertNever } from '@souk/event-sourcing';
import type { ClusterSight, ReachabilityEvent } from './reachability.events';

export type Reachability =
  | { readonly status: 'unseen' }
  | { readonly status: 'reachable'; readonly ownerTenant: string; readonly sight: ClusterSight }
  | { readonly status: 'unreachable'; readonly ownerTenant: string };

export const unseen: Reachability = { status: 'unseen' };

export function evolveReachability(_: Reachability, { type, data }: ReachabilityEvent): Reachability {
  const { ownerTenant } = data;
  switch (type) {
    case 'ClusterBecameReachable':
    case 'ClusterSightChanged':
      return { status: 'reachable', ownerTenant, sight: data.sight };
    case 'ClusterBecameUnreachable':
      return { status: 'unreachable', ownerTenant };
    default:
      return assertNever(type);
  }
}
