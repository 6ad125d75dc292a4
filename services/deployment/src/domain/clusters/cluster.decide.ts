import { type Aggregate, assertNever } from '@souk/event-sourcing';
import { type Cluster, evolveCluster, noCluster } from './cluster';
import {
  changed,
  type ClusterDescription,
  type ClusterEvent,
  type ClusterRemoved,
  type DescriptionChanges,
} from './cluster.events';
import { ClusterNotFound } from './cluster.errors';
import { changesBetween, type HostPolicy, noHostAccess } from './host-policy';

export type RegisterCluster = { readonly type: 'RegisterCluster'; readonly description: ClusterDescription };
export interface ChangeCluster {
  readonly type: 'ChangeCluster';
  readonly clusterId: string;
  readonly changes: DescriptionChanges;
  /** All that is allowed from here on; what is allowed stays as it is without it. */
  readonly hostPolicy?: HostPolicy;
  /** A kubeconfig that was laid into the vault. */
  readonly credentials?: { readonly server: string; readonly mark: string };
}
export type RemoveCluster = { readonly type: 'RemoveCluster'; readonly clusterId: string };
export type ClusterCommand = RegisterCluster | ChangeCluster | RemoveCluster;

const register = ({ description }: RegisterCluster, cluster: Cluster): ClusterEvent[] => {
  if (cluster.status !== 'unknown') return [];
  const { hostPolicy, ...data } = description;
  return [{ type: 'ClusterRegistered', data }, ...allow(description.clusterId, noHostAccess, hostPolicy)];
};

const change = ({ clusterId, changes, hostPolicy, credentials }: ChangeCluster, cluster: Cluster): ClusterEvent[] => {
  if (cluster.status !== 'registered') throw new ClusterNotFound(clusterId);
  const { description } = cluster;
  const isNews = !isSame(changed(description, changes), description);
  return [
    ...(isNews ? [{ type: 'ClusterDescriptionChanged', data: { clusterId, changes } } as const] : []),
    ...(hostPolicy ? allow(clusterId, description.hostPolicy, hostPolicy) : []),
    ...(credentials
      ? [
          {
            type: 'ClusterCredentialsRotated',
            data: { clusterId, server: credentials.server, credentials: credentials.mark },
          } as const,
        ]
      : []),
  ];
};

const remove = ({ clusterId }: RemoveCluster, cluster: Cluster): ClusterRemoved[] => {
  if (cluster.status === 'unknown') throw new ClusterNotFound(clusterId);
  if (cluster.status === 'removed') return [];
  return [{ type: 'ClusterRemoved', data: { clusterId } }];
};

export const cluster: Aggregate<Cluster, ClusterCommand, ClusterEvent> = {
  category: 'cluster',
  initial: noCluster,
  eventTypes: {
    ClusterRegistered: {},
    ClusterDescriptionChanged: {},
    HostPolicyGranted: {},
    HostPolicyWithdrawn: {},
    ClusterCredentialsRotated: {},
    ClusterRemoved: {},
  },
  tenants: (state) => (state.status === 'unknown' ? [] : [state.description.ownerTenant]),
  evolve: evolveCluster,
  decide(command, state) {
    switch (command.type) {
      case 'RegisterCluster':
        return register(command, state);
      case 'ChangeCluster':
        return change(command, state);
      case 'RemoveCluster':
        return remove(command, state);
      default:
        return assertNever(command);
    }
  },
};

/** One fact for each grant, so that each exception is traced to who made it. */
function allow(clusterId: string, before: HostPolicy, after: HostPolicy): ClusterEvent[] {
  const { granted, withdrawn } = changesBetween(before, after);
  return [
    ...withdrawn.map((grant) => ({ type: 'HostPolicyWithdrawn', data: { clusterId, grant } }) as const),
    ...granted.map((grant) => ({ type: 'HostPolicyGranted', data: { clusterId, grant } }) as const),
  ];
}

/** Whatever the order of fields. */
function isSame(a: ClusterDescription, b: ClusterDescription): boolean {
  const sorted = (description: ClusterDescription) =>
    JSON.stringify(Object.entries(description).sort(([x], [y]) => (x < y ? -1 : 1)));
  return sorted(a) === sorted(b);
}
