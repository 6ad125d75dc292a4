import { assertNever } from '@souk/event-sourcing';
import type { ClusterDescription, ClusterEvent } from './cluster.events';

export type Cluster =
  | { readonly status: 'unknown' }
  | { readonly status: 'registered'; readonly description: ClusterDescription }
  | { readonly status: 'removed'; readonly description: ClusterDescription };

export const noCluster: Cluster = { status: 'unknown' };

export function evolveCluster(state: Cluster, event: ClusterEvent): Cluster {
  switch (event.type) {
    case 'ClusterRegistered':
      return { status: 'registered', description: event.data };
    case 'ClusterRemoved':
      return state.status === 'unknown' ? state : { status: 'removed', description: state.description };
    default:
      return assertNever(event);
  }
}
