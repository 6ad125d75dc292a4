import { createHash } from 'node:crypto';
import {
  type Condition,
  controllerOf,
  findCondition,
  type KubeObject,
  millis,
  type OwnerReference,
} from '../objects/kube-object';
import { PODS } from '../objects/resources';
import { selects } from '../objects/selector';
import { type Pod, type PodTemplate, type ReplicaSet } from '../objects/workloads';
import { type Registry } from '../registry/registry';
import { type Change } from '../store/object-store';

export const isFinished = ({ status }: Pod): boolean => status.phase === 'Succeeded' || status.phase === 'Failed';

/** Neither finished nor being deleted. */
export const isActive = (pod: Pod): boolean => !isFinished(pod) && !pod.metadata.deletionTimestamp;

export const readyCondition = ({ status }: Pod): Condition | undefined => findCondition(status.conditions, 'Ready');

export const isReady = (pod: Pod): boolean => readyCondition(pod)?.status === 'True';

/** Milliseconds until a pod counts as available; 0 when it does, `undefined` while it is not ready. */
export const availableIn = (pod: Pod, minReadySeconds: number | undefined, now: number): number | undefined => {
  if (!isReady(pod)) return undefined;
  if (!minReadySeconds) return 0;
  return Math.max(0, millis(readyCondition(pod)?.lastTransitionTime) + minReadySeconds * 1000 - now);
};

export const ownerReference = (owner: KubeObject): OwnerReference => ({
  apiVersion: owner.apiVersion,
  kind: owner.kind,
  name: owner.metadata.name,
  uid: owner.metadata.uid,
  controller: true,
  blockOwnerDeletion: true,
});

/** The pods that a controller object owns, after it has adopted those that it selects and nobody owns. */
export const podsOf = (registry: Registry, owner: ReplicaSet): Pod[] => {
  const owned = registry.store.ownedBy(owner.metadata.uid).filter((object): object is Pod => object.kind === 'Pod');
  if (owner.metadata.deletionTimestamp) return owned;
  const orphans = registry.store
    .list(PODS, owner.metadata.namespace)
    .filter((pod) => !controllerOf(pod) && isActive(pod) && selects(owner.spec.selector, pod.metadata.labels));
  const adopted = orphans.map((pod) =>
    registry.amend(PODS, pod, (draft) => {
      draft.metadata.ownerReferences = [...(draft.metadata.ownerReferences ?? []), ownerReference(owner)];
    }),
  );
  return [...owned, ...adopted];
};

/** A pod of this template, yet to be created. */
export const podFromTemplate = (template: PodTemplate, owner: KubeObject, metadata: Record<string, unknown>): object => {
  const { metadata: stated, spec } = template;
  return {
    metadata: {
      ...metadata,
      labels: { ...stated.labels, ...(metadata.labels as object | undefined) },
      ...(stated.annotations ? { annotations: stated.annotations } : {}),
      ...(stated.finalizers ? { finalizers: stated.finalizers } : {}),
      ownerReferences: [ownerReference(owner)],
    },
    spec,
  };
};

const HASH_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

/** A short hash of a template, made of the letters that Kubernetes uses in generated names. */
export const templateHash = (template: unknown): string => {
  const digest = createHash('sha256').update(JSON.stringify(template)).digest();
  return [...digest.subarray(0, 10)].map((byte) => HASH_LETTERS[byte % HASH_LETTERS.length]).join('');
};

/** `namespace/name` of the controlling owner of this kind, for `Controller.concerns`. */
export const controllerKeys = ({ object, previous }: Change, kind: string): string[] =>
  [object, previous].flatMap((each) => {
    const owner = each && controllerOf(each);
    return owner?.kind === kind ? [`${object.metadata.namespace ?? ''}/${owner.name}`] : [];
  });

export const splitKey = (key: string): { namespace: string; name: string } => {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
};
