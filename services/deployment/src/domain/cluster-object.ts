import type { OwnedFields } from './health/owned-fields';

/** An object of the Kubernetes API, as far as this service reads it. */
export interface ClusterObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly generation?: number;
    readonly resourceVersion?: string;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  /** Of what was seen: the fields that this platform owns. Absent where the cluster does not tell. */
  readonly owned?: OwnedFields;
  readonly [field: string]: unknown;
}

/** Labels and annotations by which this platform knows its own objects. */
export const labels = {
  managedBy: 'app.kubernetes.io/managed-by',
  partOf: 'app.kubernetes.io/part-of',
  appInstance: 'app.kubernetes.io/instance',
  component: 'app.kubernetes.io/component',
  name: 'app.kubernetes.io/name',
  version: 'app.kubernetes.io/version',
  instance: 'souk.dev/instance',
  node: 'souk.dev/node',
} as const;

/** Of a namespace that uses a service: the value is the namespace that provides it. */
export const serviceLabel = (model: string): string => `services.souk.dev/${model}`;

export const annotations = {
  /** SHA-256 of what was rendered, with versions of secrets in place of their values. */
  specHash: 'souk.dev/spec-hash',
  /** The operation that applied the object last. */
  operation: 'souk.dev/operation',
  /** In a pod template: changes when a secret that the pod reads as environment does. */
  secretHash: 'souk.dev/secret-hash',
  /** In a pod template: changes when the configuration of its log collector does. */
  loggingHash: 'souk.dev/logging-hash',
  /** In a pod template: the operation that asked for a restart. */
  restartedBy: 'souk.dev/restarted-by',
} as const;

export const MANAGER = 'souk';

export const managedSelector = `${labels.managedBy}=${MANAGER}`;

/** `kind/name`: unique within one instance, for the kinds that it consists of. */
export const keyOf = (object: Pick<ClusterObject, 'kind' | 'metadata'>): string => `${object.kind}/${object.metadata.name}`;

export const instanceOf = (object: ClusterObject): string | undefined => object.metadata.labels?.[labels.instance];

export const nodeOf = (object: ClusterObject): string | undefined => object.metadata.labels?.[labels.node];

export const isTerminating = (object: ClusterObject): boolean => object.metadata.deletionTimestamp !== undefined;

/** `souk-01j…`: one namespace for each instance. */
export const namespaceOf = (instanceId: string): string => `souk-${instanceId.slice(instanceId.indexOf('_') + 1).toLowerCase()}`;
