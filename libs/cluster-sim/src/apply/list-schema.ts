import { isObject, type Json, type JsonObject } from '../objects/json';

/** How a list merges: item by item under its keys, as a set of values, or only as a whole. */
export type ListShape =
  | { readonly type: 'map'; readonly keys: readonly string[]; readonly defaults: Readonly<Record<string, Json>> }
  | { readonly type: 'set' }
  | { readonly type: 'atomic' };

const ATOMIC: ListShape = { type: 'atomic' };
const SET: ListShape = { type: 'set' };
const keyed = (...keys: string[]): ListShape => ({ type: 'map', keys, defaults: {} });

const CONTAINER_LISTS = ['containers', 'initContainers', 'ephemeralContainers'];

const BY_NAME: Readonly<Record<string, ListShape>> = {
  containers: keyed('name'),
  initContainers: keyed('name'),
  ephemeralContainers: keyed('name'),
  env: keyed('name'),
  volumes: keyed('name'),
  volumeMounts: keyed('mountPath'),
  volumeDevices: keyed('devicePath'),
  imagePullSecrets: keyed('name'),
  hostAliases: keyed('ip'),
  topologySpreadConstraints: keyed('topologyKey', 'whenUnsatisfiable'),
  ownerReferences: keyed('uid'),
  conditions: keyed('type'),
  secrets: keyed('name'),
  podIPs: keyed('ip'),
  hostIPs: keyed('ip'),
  finalizers: SET,
};

/**
 * The merge rule of the list at `path` (field names from the root, list items left out), as the OpenAPI document of
 * Kubernetes gives it by `x-kubernetes-list-type` and `x-kubernetes-list-map-keys`; lists without a rule are atomic.
 */
export const listShapeAt = (path: readonly string[]): ListShape => {
  const name = path.at(-1) ?? '';
  if (name !== 'ports') return BY_NAME[name] ?? ATOMIC;
  const parent = path.at(-2) ?? '';
  if (CONTAINER_LISTS.includes(parent))
    return { type: 'map', keys: ['containerPort', 'protocol'], defaults: { protocol: 'TCP' } };
  if (parent === 'spec') return { type: 'map', keys: ['port', 'protocol'], defaults: { protocol: 'TCP' } };
  return ATOMIC;
};

/** The one key by which a strategic merge patch finds items, or `undefined` when it replaces the list. */
export const patchMergeKeyAt = (path: readonly string[]): string | undefined => {
  const shape = listShapeAt(path);
  return shape.type === 'map' ? shape.keys[0] : undefined;
};

const ATOMIC_MAPS = new Set([
  'selector',
  'nodeSelector',
  'secretKeyRef',
  'configMapKeyRef',
  'fieldRef',
  'resourceFieldRef',
  'podSelector',
  'namespaceSelector',
  'labelSelector',
  'targetRef',
  'claimRef',
  'roleRef',
  // Of a node affinity; that of pods is a list.
  'requiredDuringSchedulingIgnoredDuringExecution',
  // Items of these lists: they are known by their keys, and owned as a whole.
  'imagePullSecrets',
  'secrets',
  'ownerReferences',
]);

/** Maps that are owned as a whole (`x-kubernetes-map-type: atomic`). */
export const isAtomicMap = (path: readonly string[]): boolean => ATOMIC_MAPS.has(path.at(-1) ?? '');

/** The identity of a list item as a path element of FieldsV1: `k:{"name":"web"}`. */
export const itemKey = (item: Json | undefined, shape: ListShape & { type: 'map' }): string => {
  const source: JsonObject = isObject(item) ? item : {};
  const key: JsonObject = {};
  for (const name of [...shape.keys].sort()) key[name] = source[name] ?? shape.defaults[name] ?? null;
  return `k:${JSON.stringify(key)}`;
};
