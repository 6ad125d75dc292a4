import { type Aggregate, assertNever } from '@souk/event-sourcing';
import { type Cluster, evolveCluster, noCluster } from './cluster';
import type { ClusterDescription, ClusterEvent, ClusterRegistered, ClusterRemoved } from './cluster.events';
import { ClusterNotFound } from './cluster.errors';

export type RegisterCluster = { readonly type: 'RegisterCluster'; readonly description: ClusterDescription };
export type RemoveCluster = { readonly type: 'RemoveCluster'; readonly clusterId: string };
export type ClusterCommand = RegisterCluster | RemoveCluster;

const register = ({ description }: RegisterCluster, cluster: Cluster): ClusterRegistered[] => {
  if (cluster.status !== 'unknown') return [];
  return [{ type: 'ClusterRegistered', data: description }];
};

const remove = ({ clusterId }: RemoveCluster, cluster: Cluster): ClusterRemoved[] => {
  if (cluster.status === 'unknown') throw new ClusterNotFound(clusterId);
  if (cluster.status === 'removed') return [];
  return [{ type: 'ClusterRemoved', data: { clusterId } }];
};

export const cluster: Aggregate<Cluster, ClusterCommand, ClusterEvent> = {
  category: 'cluster',
  initial: noCluster,
  eventTypes: { ClusterRegistered: {}, ClusterRemoved: {} },
  tenants: (state) => (state.status === 'unknown' ? [] : [state.description.ownerTenant]),
  evolve: evolveCluster,
  decide(command, state) {
    switch (command.type) {
      case 'RegisterCluster':
        return register(command, state);
      case 'RemoveCluster':
        return remove(command, state);
      default:
        return assertNever(command);
    }
  },
};
