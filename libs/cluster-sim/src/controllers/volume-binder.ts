import { type PersistentVolume, type PersistentVolumeClaim, type StorageClass } from '../objects/cluster-objects';
import { keyOf } from '../objects/kube-object';
import { wholeUnits } from '../objects/quantity';
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, STORAGE_CLASSES } from '../objects/resources';
import { type Registry } from '../registry/registry';
import { ACCESS_MODES, PROVISIONER, SELECTED_NODE, VOLUME_PROTECTION } from '../registry/storage-admission';
import { type Change } from '../store/object-store';
import { type Controller } from './controller-loop';
import { type EventRecorder } from './event-recorder';
import { splitKey } from './pods-of-owner';

const COMPONENT = 'persistentvolume-controller';

/**
 * Claim ↔ volume: binds a claim to a volume that is there, or has one made of the size that it asks for, and lets that grow with it;
 * after the claim the volume goes, or is kept, as its class says. Volumes have no content here. Keys: `namespace/name` of a claim,
 * the name alone of a volume.
 */
export class VolumeBinder implements Controller {
  readonly name = 'persistentvolume-binder';

  constructor(
    private readonly registry: Registry,
    private readonly events: EventRecorder,
  ) {}

  concerns({ resource, type, object }: Change): readonly string[] {
    if (resource === PERSISTENT_VOLUME_CLAIMS) {
      const { volumeName } = (object as PersistentVolumeClaim).spec;
      return volumeName ? [keyOf(object), volumeName] : [keyOf(object)];
    }
    if (resource === PERSISTENT_VOLUMES) {
      const { claimRef } = (object as PersistentVolume).spec;
      if (claimRef) return [object.metadata.name, `${claimRef.namespace}/${claimRef.name}`];
      return type === 'DELETED' ? [] : [object.metadata.name, ...this.unboundClaims()];
    }
    return resource === STORAGE_CLASSES ? this.unboundClaims() : [];
  }

  reconcile(key: string): undefined {
    if (!key.includes('/')) {
      const volume = this.registry.store.get(PERSISTENT_VOLUMES, undefined, key);
      if (volume) this.settle(volume);
      return;
    }
    const { namespace, name } = splitKey(key);
    const claim = this.registry.store.get(PERSISTENT_VOLUME_CLAIMS, namespace, name);
    if (!claim || claim.metadata.deletionTimestamp) return;
    const { volumeName } = claim.spec;
    const volume = volumeName ? this.registry.store.get(PERSISTENT_VOLUMES, undefined, volumeName) : this.suitable(claim);
    if (volume && isFor(volume, claim)) this.bind(claim, volume);
    else if (!volumeName) this.provision(claim);
    else if (!volume && claim.status.phase === 'Bound')
      this.registry.setStatus(PERSISTENT_VOLUME_CLAIMS, claim, { phase: 'Lost' });
  }

  /** What a volume is, from whether its claim is still there. */
  private settle(volume: PersistentVolume): void {
    const { claimRef, persistentVolumeReclaimPolicy } = volume.spec;
    const claim = claimRef && this.registry.store.get(PERSISTENT_VOLUME_CLAIMS, claimRef.namespace, claimRef.name);
    const held = claim !== undefined && (claimRef?.uid === undefined || claimRef.uid === claim.metadata.uid);
    if (volume.metadata.deletionTimestamp && !held) {
      const released = this.registry.amend(PERSISTENT_VOLUMES, volume, (draft) => {
        draft.metadata.finalizers = draft.metadata.finalizers?.filter((each) => each !== VOLUME_PROTECTION);
      });
      this.registry.finishDeletion(PERSISTENT_VOLUMES, released);
    } else if (claimRef?.uid !== undefined && !held) {
      if (persistentVolumeReclaimPolicy === 'Delete') this.registry.store.remove(PERSISTENT_VOLUMES, volume);
      else this.registry.setStatus(PERSISTENT_VOLUMES, volume, { phase: 'Released' });
    } else if (!claimRef) this.registry.setStatus(PERSISTENT_VOLUMES, volume, { phase: 'Available' });
  }

  /** The smallest volume without a claim that does what this one asks for. */
  private suitable(claim: PersistentVolumeClaim): PersistentVolume | undefined {
    const { storageClassName = '', accessModes = [], volumeMode } = claim.spec;
    return this.registry.store
      .list(PERSISTENT_VOLUMES)
      .filter(
        (volume) =>
          !volume.metadata.deletionTimestamp &&
          (volume.spec.claimRef ? isFor(volume, claim) : true) &&
          (volume.spec.storageClassName ?? '') === storageClassName &&
          volume.spec.volumeMode === volumeMode &&
          accessModes.every((mode) => volume.spec.accessModes?.includes(mode)) &&
          sizeOf(volume) >= requestOf(claim),
      )
      .sort((a, b) => sizeOf(a) - sizeOf(b))[0];
  }

  private bind(claim: PersistentVolumeClaim, volume: PersistentVolume): void {
    const { namespace = '', name, uid } = claim.metadata;
    const grown = this.registry.amend(PERSISTENT_VOLUMES, volume, (draft) => {
      draft.spec.claimRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid };
      draft.status.phase = 'Bound';
      if (this.mayGrow(claim) && sizeOf(volume) < requestOf(claim)) draft.spec.capacity = { ...claim.spec.resources?.requests };
    });
    this.registry.amend(PERSISTENT_VOLUME_CLAIMS, claim, (draft) => {
      draft.spec.volumeName = volume.metadata.name;
      draft.metadata.annotations = { ...draft.metadata.annotations, 'pv.kubernetes.io/bind-completed': 'yes' };
      draft.status = { phase: 'Bound', accessModes: grown.spec.accessModes, capacity: grown.spec.capacity };
    });
  }

  private mayGrow({ spec }: PersistentVolumeClaim): boolean {
    return this.classNamed(spec.storageClassName)?.allowVolumeExpansion ?? false;
  }

  private provision(claim: PersistentVolumeClaim): void {
    const { storageClassName } = claim.spec;
    if (!storageClassName) {
      const none = 'no persistent volumes available for this claim and no storage class is set';
      this.events.record(claim, COMPONENT, 'Normal', 'FailedBinding', none);
      return;
    }
    const storageClass = this.classNamed(storageClassName);
    const problem = storageClass
      ? modeProblem(claim, storageClass)
      : `storageclass.storage.k8s.io "${storageClassName}" not found`;
    if (!storageClass || problem !== undefined) {
      this.events.record(claim, COMPONENT, 'Warning', 'ProvisioningFailed', problem ?? '');
      return;
    }
    if (storageClass.volumeBindingMode === 'WaitForFirstConsumer' && !claim.metadata.annotations?.[SELECTED_NODE]) {
      const waits = 'waiting for first consumer to be created before binding';
      this.events.record(claim, COMPONENT, 'Normal', 'WaitForFirstConsumer', waits);
      return;
    }
    if (storageClass.provisioner !== PROVISIONER) return;
    const volume = this.registry.createOwned(PERSISTENT_VOLUMES, undefined, volumeFor(claim, storageClass));
    const made = `Successfully provisioned volume ${volume.metadata.name}`;
    this.events.record(claim, PROVISIONER, 'Normal', 'ProvisioningSucceeded', made);
    this.bind(claim, volume);
  }

  private classNamed(name: string | undefined): StorageClass | undefined {
    return this.registry.store.get(STORAGE_CLASSES, undefined, name ?? '');
  }

  private unboundClaims(): string[] {
    return this.registry.store
      .list(PERSISTENT_VOLUME_CLAIMS)
      .filter(({ status }) => status.phase === 'Pending')
      .map(keyOf);
  }
}

const requestOf = ({ spec }: PersistentVolumeClaim): number => wholeUnits(spec.resources?.requests?.storage);
const sizeOf = ({ spec }: PersistentVolume): number => wholeUnits(spec.capacity?.storage);

/** Nobody's, this claim's, or kept for a claim of this name. */
const isFor = ({ spec: { claimRef } }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean =>
  !claimRef ||
  (claimRef.namespace === metadata.namespace &&
    claimRef.name === metadata.name &&
    (claimRef.uid === undefined || claimRef.uid === metadata.uid));

const modeProblem = ({ spec }: PersistentVolumeClaim, { metadata, parameters }: StorageClass): string | undefined => {
  const supported = parameters?.[ACCESS_MODES]?.split(',');
  const lacking = (spec.accessModes ?? []).find((mode) => supported && !supported.includes(mode));
  return lacking === undefined
    ? undefined
    : `failed to provision volume with StorageClass "${metadata.name}": access mode ${lacking} is not supported, only ${supported?.join(', ') ?? ''}`;
};

const volumeFor = ({ metadata, spec }: PersistentVolumeClaim, storageClass: StorageClass): object => {
  const name = `pvc-${metadata.uid}`;
  return {
    metadata: { name, annotations: { 'pv.kubernetes.io/provisioned-by': PROVISIONER } },
    spec: {
      accessModes: spec.accessModes,
      capacity: { storage: spec.resources?.requests?.storage ?? '0' },
      claimRef: {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        namespace: metadata.namespace,
        name: metadata.name,
        uid: metadata.uid,
      },
      csi: { driver: PROVISIONER, volumeHandle: name },
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy,
      storageClassName: storageClass.metadata.name,
      volumeMode: spec.volumeMode,
    },
  };
};
