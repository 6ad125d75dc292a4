import { forbidden } from '../objects/api-error';
import { type PersistentVolumeClaim, type StorageClass } from '../objects/cluster-objects';
import { type KubeObject } from '../objects/kube-object';
import { wholeUnits } from '../objects/quantity';
import { PERSISTENT_VOLUME_CLAIMS, type Resource, STORAGE_CLASSES } from '../objects/resources';
import { type ObjectStore } from '../store/object-store';

/** A claim outlives the pods that use it, a volume the claim that has it. */
export const CLAIM_PROTECTION = 'kubernetes.io/pvc-protection';
export const VOLUME_PROTECTION = 'kubernetes.io/pv-protection';
export const IS_DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';
/** On a claim: where its first pod will run. */
export const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
/** Who makes the volumes of this cluster; classes of another one get none. */
export const PROVISIONER = 'souk-sim.csi';
/** Parameter of a class: what its volumes can do, by commas. Anything where it is not given. */
export const ACCESS_MODES = 'accessModes';

/** What admission adds to claims and volumes that are new. Changes the object; whoever calls owns it. */
export const admitStorage = (store: ObjectStore, object: KubeObject): void => {
  if (object.kind === 'PersistentVolume') protect(object, VOLUME_PROTECTION);
  if (object.kind !== 'PersistentVolumeClaim') return;
  protect(object, CLAIM_PROTECTION);
  const { spec } = object as PersistentVolumeClaim;
  const standard = defaultClass(store);
  if (standard) spec.storageClassName ??= standard.metadata.name;
};

const protect = ({ metadata }: KubeObject, finalizer: string): void => {
  if (!metadata.finalizers?.includes(finalizer)) metadata.finalizers = [...(metadata.finalizers ?? []), finalizer];
};

/** Of several the youngest. */
const defaultClass = (store: ObjectStore): StorageClass | undefined =>
  store
    .list(STORAGE_CLASSES)
    .filter(({ metadata }) => metadata.annotations?.[IS_DEFAULT_CLASS] === 'true')
    .sort((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? 1 : -1))[0];

/**
 * Does this change make a claim ask for more?
 * @throws ApiError 403 where its class does not let volumes grow
 */
export const checkExpansion = (store: ObjectStore, resource: Resource, before: KubeObject, after: KubeObject): boolean => {
  if (resource !== PERSISTENT_VOLUME_CLAIMS) return false;
  const { spec } = after as PersistentVolumeClaim;
  const had = (before as PersistentVolumeClaim).spec.resources?.requests?.storage;
  if (wholeUnits(spec.resources?.requests?.storage) <= wholeUnits(had)) return false;
  const storageClass = store.get(STORAGE_CLASSES, undefined, spec.storageClassName ?? '');
  if (storageClass?.allowVolumeExpansion) return true;
  const why = 'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize';
  throw forbidden(resource, after.metadata.name, why);
};
