import {
  type ClusterEvent,
  type ClusterRole,
  type ClusterRoleBinding,
  type ConfigMap,
  type Namespace,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type ResourceQuota,
  type Secret,
  type Service,
  type StorageClass,
} from './cluster-objects';
import { type KubeObject } from './kube-object';
import { type ControllerRevision, type Deployment, type Job, type Pod, type ReplicaSet, type StatefulSet } from './workloads';

/** One kind of object that the API serves. `T` is the type of its objects in the store. */
export interface Resource<T extends KubeObject = KubeObject> {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  /** Part of `kubectl get all`. */
  readonly inAll: boolean;
  /** Has a `/status` of its own; writes to the object itself leave the status alone. */
  readonly status: boolean;
  readonly scale: boolean;
  /** `metadata.generation` counts the changes of the spec. */
  readonly generation: boolean;
  /** Carries the object type; never set. */
  readonly objectType?: T;
}

interface Traits {
  short?: string[];
  inAll?: boolean;
  status?: boolean;
  scale?: boolean;
  generation?: boolean;
  clusterWide?: boolean;
}

const resource = <T extends KubeObject>(group: string, kind: string, plural: string, traits: Traits = {}): Resource<T> => ({
  group,
  version: 'v1',
  plural,
  singular: kind.toLowerCase(),
  kind,
  namespaced: !traits.clusterWide,
  shortNames: traits.short ?? [],
  inAll: traits.inAll ?? false,
  status: traits.status ?? false,
  scale: traits.scale ?? false,
  generation: traits.generation ?? false,
});

const workload = { inAll: true, status: true, generation: true };

export const NAMESPACES = resource<Namespace>('', 'Namespace', 'namespaces', {
  short: ['ns'],
  status: true,
  clusterWide: true,
});
export const NODES = resource<Node>('', 'Node', 'nodes', { short: ['no'], status: true, clusterWide: true });
export const PODS = resource<Pod>('', 'Pod', 'pods', { short: ['po'], inAll: true, status: true });
export const SERVICES = resource<Service>('', 'Service', 'services', { short: ['svc'], inAll: true, status: true });
export const ENDPOINTS = resource('', 'Endpoints', 'endpoints', { short: ['ep'] });
export const SECRETS = resource<Secret>('', 'Secret', 'secrets');
export const CONFIG_MAPS = resource<ConfigMap>('', 'ConfigMap', 'configmaps', { short: ['cm'] });
export const SERVICE_ACCOUNTS = resource('', 'ServiceAccount', 'serviceaccounts', { short: ['sa'] });
export const RESOURCE_QUOTAS = resource<ResourceQuota>('', 'ResourceQuota', 'resourcequotas', {
  short: ['quota'],
  status: true,
});
export const PERSISTENT_VOLUME_CLAIMS = resource<PersistentVolumeClaim>('', 'PersistentVolumeClaim', 'persistentvolumeclaims', {
  short: ['pvc'],
  status: true,
});
export const PERSISTENT_VOLUMES = resource<PersistentVolume>('', 'PersistentVolume', 'persistentvolumes', {
  short: ['pv'],
  status: true,
  clusterWide: true,
});
export const EVENTS = resource<ClusterEvent>('', 'Event', 'events', { short: ['ev'] });
export const DEPLOYMENTS = resource<Deployment>('apps', 'Deployment', 'deployments', {
  short: ['deploy'],
  scale: true,
  ...workload,
});
export const REPLICA_SETS = resource<ReplicaSet>('apps', 'ReplicaSet', 'replicasets', {
  short: ['rs'],
  scale: true,
  ...workload,
});
export const STATEFUL_SETS = resource<StatefulSet>('apps', 'StatefulSet', 'statefulsets', {
  short: ['sts'],
  scale: true,
  ...workload,
});
export const CONTROLLER_REVISIONS = resource<ControllerRevision>('apps', 'ControllerRevision', 'controllerrevisions');
export const JOBS = resource<Job>('batch', 'Job', 'jobs', workload);
export const NETWORK_POLICIES = resource('networking.k8s.io', 'NetworkPolicy', 'networkpolicies', {
  short: ['netpol'],
  generation: true,
});
export const INGRESSES = resource('networking.k8s.io', 'Ingress', 'ingresses', {
  short: ['ing'],
  status: true,
  generation: true,
});
export const POD_DISRUPTION_BUDGETS = resource('policy', 'PodDisruptionBudget', 'poddisruptionbudgets', {
  short: ['pdb'],
  status: true,
  generation: true,
});
export const LEASES = resource('coordination.k8s.io', 'Lease', 'leases');
export const STORAGE_CLASSES = resource<StorageClass>('storage.k8s.io', 'StorageClass', 'storageclasses', {
  short: ['sc'],
  clusterWide: true,
});
export const ENDPOINT_SLICES = resource('discovery.k8s.io', 'EndpointSlice', 'endpointslices', { generation: true });
export const CLUSTER_ROLES = resource<ClusterRole>('rbac.authorization.k8s.io', 'ClusterRole', 'clusterroles', {
  clusterWide: true,
});
export const CLUSTER_ROLE_BINDINGS = resource<ClusterRoleBinding>(
  'rbac.authorization.k8s.io',
  'ClusterRoleBinding',
  'clusterrolebindings',
  { clusterWide: true },
);

export const RESOURCES: readonly Resource[] = [
  NAMESPACES,
  NODES,
  PODS,
  SERVICES,
  ENDPOINTS,
  SECRETS,
  CONFIG_MAPS,
  SERVICE_ACCOUNTS,
  RESOURCE_QUOTAS,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  EVENTS,
  DEPLOYMENTS,
  REPLICA_SETS,
  STATEFUL_SETS,
  CONTROLLER_REVISIONS,
  JOBS,
  NETWORK_POLICIES,
  INGRESSES,
  POD_DISRUPTION_BUDGETS,
  LEASES,
  ENDPOINT_SLICES,
  STORAGE_CLASSES,
  CLUSTER_ROLES,
  CLUSTER_ROLE_BINDINGS,
];

/** `v1`, `apps/v1`. */
export const apiVersionOf = ({ group, version }: Resource): string => (group ? `${group}/${version}` : version);

/** `pods`, `deployments.apps`: how error messages name a resource. */
export const qualifiedPlural = ({ group, plural }: Resource): string => (group ? `${plural}.${group}` : plural);

/** `Pod`, `Deployment.apps`: how validation messages name a kind. */
export const qualifiedKind = ({ group, kind }: Resource): string => (group ? `${kind}.${group}` : kind);

const byPath = new Map(RESOURCES.map((each) => [`${each.group}/${each.version}/${each.plural}`, each]));
const byKind = new Map(RESOURCES.map((each) => [`${apiVersionOf(each)} ${each.kind}`, each]));

export const resourceAt = (group: string, version: string, plural: string): Resource | undefined =>
  byPath.get(`${group}/${version}/${plural}`);

export const resourceOfKind = (apiVersion: string, kind: string): Resource | undefined => byKind.get(`${apiVersion} ${kind}`);

export const API_GROUPS: readonly string[] = [...new Set(RESOURCES.map(({ group }) => group))].filter((group) => group !== '');
