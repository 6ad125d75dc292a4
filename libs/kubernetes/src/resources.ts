/** A kind of object, and where the API serves it. */
export interface ResourceType {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

const resource = (apiVersion: string, kind: string, plural: string, namespaced = true): ResourceType => ({
  apiVersion,
  kind,
  plural,
  namespaced,
});

/** The kinds that this platform reads or writes. A new one is one line; no discovery call is needed. */
export const resourceTypes = {
  Namespace: resource('v1', 'Namespace', 'namespaces', false),
  Node: resource('v1', 'Node', 'nodes', false),
  Pod: resource('v1', 'Pod', 'pods'),
  Service: resource('v1', 'Service', 'services'),
  Secret: resource('v1', 'Secret', 'secrets'),
  ServiceAccount: resource('v1', 'ServiceAccount', 'serviceaccounts'),
  ResourceQuota: resource('v1', 'ResourceQuota', 'resourcequotas'),
  ConfigMap: resource('v1', 'ConfigMap', 'configmaps'),
  PersistentVolumeClaim: resource('v1', 'PersistentVolumeClaim', 'persistentvolumeclaims'),
  Deployment: resource('apps/v1', 'Deployment', 'deployments'),
  StatefulSet: resource('apps/v1', 'StatefulSet', 'statefulsets'),
  Job: resource('batch/v1', 'Job', 'jobs'),
  NetworkPolicy: resource('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies'),
  StorageClass: resource('storage.k8s.io/v1', 'StorageClass', 'storageclasses', false),
} as const satisfies Readonly<Record<string, ResourceType>>;

export type Kind = keyof typeof resourceTypes;

export function resourceOf(kind: string): ResourceType {
  if (!Object.hasOwn(resourceTypes, kind)) throw new Error(`kind "${kind}" has no entry in resourceTypes`);
  return resourceTypes[kind as Kind];
}

/** `/apis/apps/v1/namespaces/shop/deployments/web`; without a name the collection, without a namespace over all of them. */
export function pathOf({ apiVersion, plural, namespaced }: ResourceType, namespace?: string, name?: string): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const scope = namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${scope}/${plural}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
}
