import { assertNever } from '@souk/event-sourcing';
import { changed, type ClusterDescription, type ClusterEvent } from './cluster.events';
import { granted, type HostPolicy, noHostAccess, without } from './host-policy';

export type Cluster = { readonly status: 'unknown' } | KnownCluster;

export interface KnownCluster {
  readonly status: 'registered' | 'removed';
  readonly description: ClusterDescription;
  /** Mark of the kubeconfig in use; absent for the first one. */
  readonly credentials?: string;
}

export const noCluster: Cluster = { status: 'unknown' };

export function evolveCluster(state: Cluster, event: ClusterEvent): Cluster {
  if (event.type === 'ClusterRegistered')
    return { status: 'registered', description: { ...event.data, hostPolicy: noHostAccess } };
  if (state.status === 'unknown') return state;
  const { description } = state;
  switch (event.type) {
    case 'ClusterDescriptionChanged':
      return { ...state, description: changed(description, event.data.changes) };
    case 'HostPolicyGranted':
      return withPolicy(state, granted(description.hostPolicy, event.data.grant));
    case 'HostPolicyWithdrawn':
      return withPolicy(state, without(description.hostPolicy, event.data.grant));
    case 'ClusterCredentialsRotated': {
      const { server, credentials } = event.data;
      return { ...state, credentials, description: { ...description, connection: { kind: 'kubeconfig', server } } };
    }
    case 'ClusterRemoved':
      return { ...state, status: 'removed' };
    default:
      return assertNever(event);
  }
}

function withPolicy(state: KnownCluster, hostPolicy: HostPolicy): KnownCluster {
  return { ...state, description: { ...state.description, hostPolicy } };
}
