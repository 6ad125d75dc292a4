import { type JsonObject } from './json';

export type Labels = Record<string, string>;

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean | undefined;
  blockOwnerDeletion?: boolean | undefined;
}

/** One entry of `metadata.managedFields`: which fields a manager owns, as a `FieldsV1` tree. */
export interface ManagedFields {
  manager: string;
  operation: 'Apply' | 'Update';
  apiVersion: string;
  time?: string | undefined;
  fieldsType: 'FieldsV1';
  fieldsV1: JsonObject;
  subresource?: string | undefined;
}

export interface ObjectMeta {
  name: string;
  generateName?: string | undefined;
  namespace?: string | undefined;
  uid: string;
  resourceVersion: string;
  generation?: number | undefined;
  creationTimestamp: string;
  deletionTimestamp?: string | undefined;
  deletionGracePeriodSeconds?: number | undefined;
  labels?: Labels | undefined;
  annotations?: Labels | undefined;
  ownerReferences?: OwnerReference[] | undefined;
  finalizers?: string[] | undefined;
  managedFields?: ManagedFields[] | undefined;
}

/**
 * Any object of the API. Objects in the store are immutable: whoever changes one copies it first,
 * so that readers, watchers and the history may share it.
 */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  [field: string]: unknown;
}

export interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason?: string | undefined;
  message?: string | undefined;
  lastTransitionTime?: string | undefined;
  lastUpdateTime?: string | undefined;
  lastProbeTime?: string | null | undefined;
}

export interface LabelSelector {
  matchLabels?: Labels | undefined;
  matchExpressions?: { key: string; operator: string; values?: string[] | undefined }[] | undefined;
}

/** An RFC 3339 time in whole seconds, as Kubernetes writes it; `at` in milliseconds since the epoch. */
export const timestamp = (at: number): string => {
  const second = Math.floor(at / 1000);
  if (second !== lastWritten.second) lastWritten = { second, text: `${new Date(at).toISOString().slice(0, 19)}Z` };
  return lastWritten.text;
};

/** One text serves thousands of objects: nearly all of them are written as of now. */
let lastWritten = { second: NaN, text: '' };

/** Milliseconds since the epoch; 0 where nothing is recorded. */
export const millis = (time: string | null | undefined): number => (time ? Date.parse(time) : 0);

export const controllerOf = (object: KubeObject): OwnerReference | undefined =>
  object.metadata.ownerReferences?.find((owner) => owner.controller);

/** `namespace/name`, or the name alone for objects without a namespace. */
export const keyOf = ({ metadata }: KubeObject): string =>
  metadata.namespace ? `${metadata.namespace}/${metadata.name}` : metadata.name;

export const findCondition = (conditions: readonly Condition[] | undefined, type: string): Condition | undefined =>
  conditions?.find((condition) => condition.type === type);

/**
 * `conditions` with this one in place; `lastTransitionTime` stays while the status stays,
 * and an identical condition leaves the list as it is.
 */
export const withCondition = (conditions: readonly Condition[] | undefined, next: Condition, now: number): Condition[] => {
  const before = findCondition(conditions, next.type);
  const transition = before?.status === next.status ? before.lastTransitionTime : timestamp(now);
  const condition = { ...next, lastTransitionTime: transition };
  if (!before) return [...(conditions ?? []), condition];
  return (conditions ?? []).map((other) => (other.type === next.type ? condition : other));
};
