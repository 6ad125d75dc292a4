import { ApiError, conflict } from '../objects/api-error';
import { keyOf, type KubeObject, type OwnerReference } from '../objects/kube-object';
import { PERSISTENT_VOLUME_CLAIMS, PODS, STATEFUL_SETS } from '../objects/resources';
import { type Pod, type StatefulSet } from '../objects/workloads';
import { deleteObject } from '../registry/deletion';
import { type Registry } from '../registry/registry';
import { type Change } from '../store/object-store';
import { type Controller } from './controller-loop';
import { type EventRecorder } from './event-recorder';
import { availableIn, controllerKeys, isFinished, isReady, ownerReference, podFromTemplate, splitKey } from './pods-of-owner';
import { RevisionHistory } from './revision-history';

const COMPONENT = 'statefulset-controller';
const REVISION_LABEL = 'controller-revision-hash';
const RETRY_CREATE_MS = 1000;

type ClaimTemplate = NonNullable<StatefulSet['spec']['volumeClaimTemplates']>[number];

/** StatefulSet → Pods `name-0`, `name-1`, …: created in order, each with its claims, updated and removed from the end. */
export class StatefulSetController implements Controller {
  readonly name = COMPONENT;
  private readonly history: RevisionHistory;

  constructor(
    private readonly registry: Registry,
    private readonly events: EventRecorder,
  ) {
    this.history = new RevisionHistory(registry);
  }

  concerns(change: Change): readonly string[] {
    if (change.resource === STATEFUL_SETS) return [keyOf(change.object)];
    return change.resource === PODS ? controllerKeys(change, 'StatefulSet') : [];
  }

  reconcile(key: string): number | undefined {
    const { namespace, name } = splitKey(key);
    const set = this.registry.store.get(STATEFUL_SETS, namespace, name);
    if (!set) return undefined;
    if (set.metadata.deletionTimestamp) {
      this.report(set, set.status.updateRevision ?? '');
      return undefined;
    }
    const revision = this.history.current(set);
    this.keepClaims(set);
    const again = this.step(set, revision);
    const found = this.registry.store.get(STATEFUL_SETS, namespace, name);
    if (found) this.report(found, revision);
    return again;
  }

  private report(set: StatefulSet, revision: string): void {
    const pods = this.podsOf(set);
    const status = statusOf(set, pods, revision, this.registry.now());
    this.registry.setStatus(STATEFUL_SETS, set, status);
    const inUse = [
      ...pods.map(({ metadata }) => metadata.labels?.[REVISION_LABEL] ?? ''),
      revision,
      status.currentRevision ?? '',
    ];
    this.history.prune(set, new Set(inUse));
  }

  /** @returns in how many milliseconds to look again, if time alone can change something */
  private step(set: StatefulSet, revision: string): number | undefined {
    const pods = new Map(this.podsOf(set).map((pod) => [ordinalOf(pod), pod]));
    const ordered = set.spec.podManagementPolicy !== 'Parallel';
    for (const ordinal of ordinalsOf(set)) {
      const pod = pods.get(ordinal);
      if (pod && isFinished(pod) && !pod.metadata.deletionTimestamp) this.deletePod(set, pod);
      if (!pod) {
        const failed = this.createPod(set, ordinal, revision);
        if (failed) return RETRY_CREATE_MS;
      }
      const wait = pod && this.availableIn(set, pod);
      if (ordered && wait !== 0) {
        this.replaceStuck(set, pod, revision);
        return wait;
      }
    }
    const wanted = new Set(ordinalsOf(set));
    const surplus = [...pods].filter(([ordinal]) => !wanted.has(ordinal)).sort(([a], [b]) => b - a);
    for (const [, pod] of surplus) {
      if (!pod.metadata.deletionTimestamp) this.deletePod(set, pod);
      if (ordered) return undefined;
    }
    return this.update(set, pods, revision);
  }

  private availableIn(set: StatefulSet, pod: Pod): number | undefined {
    return pod.metadata.deletionTimestamp ? undefined : availableIn(pod, set.spec.minReadySeconds, this.registry.now());
  }

  /** A pod of an outdated template that never became ready must not block the update that repairs it. */
  private replaceStuck(set: StatefulSet, pod: Pod | undefined, revision: string): void {
    if (!pod || pod.metadata.deletionTimestamp || isReady(pod) || set.spec.updateStrategy.type === 'OnDelete') return;
    if (ordinalOf(pod) < partitionOf(set)) return;
    if (pod.metadata.labels?.[REVISION_LABEL] !== revision) this.deletePod(set, pod);
  }

  /** One pod at a time, from the highest ordinal down to the partition; the next when this one is available again. */
  private update(set: StatefulSet, pods: ReadonlyMap<number, Pod>, revision: string): number | undefined {
    if (set.spec.updateStrategy.type === 'OnDelete') return undefined;
    for (const ordinal of ordinalsOf(set).reverse()) {
      if (ordinal < partitionOf(set)) return undefined;
      const pod = pods.get(ordinal);
      if (!pod || pod.metadata.deletionTimestamp) return undefined;
      if (pod.metadata.labels?.[REVISION_LABEL] !== revision) {
        this.deletePod(set, pod);
        return undefined;
      }
      const wait = this.availableIn(set, pod);
      if (wait !== 0) return wait;
    }
    return undefined;
  }

  /** Below the partition a pod that is made anew has the template that the others there have. @returns whether it failed */
  private createPod(set: StatefulSet, ordinal: number, newest: string): boolean {
    const { namespace, name } = set.metadata;
    const podName = `${name}-${ordinal}`;
    const claims = set.spec.volumeClaimTemplates ?? [];
    const kept = ordinal < partitionOf(set) ? this.history.template(set, set.status.currentRevision) : undefined;
    const revision = kept ? (set.status.currentRevision ?? newest) : newest;
    try {
      for (const claim of claims) this.createClaim(set, claim, `${claim.metadata.name}-${podName}`);
      const identity = { 'apps.kubernetes.io/pod-index': String(ordinal), 'statefulset.kubernetes.io/pod-name': podName };
      const draft = podFromTemplate(kept ?? set.spec.template, set, {
        name: podName,
        labels: { ...identity, [REVISION_LABEL]: revision },
      });
      const { spec } = draft as Pod;
      const volumes = claims.map((claim) => ({
        name: claim.metadata.name,
        persistentVolumeClaim: { claimName: `${claim.metadata.name}-${podName}` },
      }));
      const subdomain = set.spec.serviceName;
      this.registry.createOwned(PODS, namespace, {
        ...draft,
        spec: {
          ...spec,
          hostname: podName,
          ...(subdomain ? { subdomain } : {}),
          volumes: [...(spec.volumes ?? []).filter((volume) => !volumes.some((own) => own.name === volume.name)), ...volumes],
        },
      });
      const message = `create Pod ${podName} in StatefulSet ${name} successful`;
      this.events.record(set, COMPONENT, 'Normal', 'SuccessfulCreate', message);
      return false;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const message = `create Pod ${podName} in StatefulSet ${name} failed error: ${error.message}`;
      this.events.record(set, COMPONENT, 'Warning', 'FailedCreate', message);
      return true;
    }
  }

  private createClaim(set: StatefulSet, claim: ClaimTemplate, name: string): void {
    const { namespace } = set.metadata;
    const existing = this.registry.store.get(PERSISTENT_VOLUME_CLAIMS, namespace, name);
    if (existing?.metadata.deletionTimestamp) {
      throw conflict(PERSISTENT_VOLUME_CLAIMS, name, `pvc ${name} is being deleted`);
    }
    if (existing) return;
    const labels = { ...set.spec.selector.matchLabels, ...claim.metadata.labels };
    this.registry.createOwned(PERSISTENT_VOLUME_CLAIMS, namespace, { metadata: { name, labels }, spec: claim.spec });
  }

  /** Claims outlive their pods and the set, unless the set says otherwise: then the garbage collector has them, by their owners. */
  private keepClaims(set: StatefulSet): void {
    const { whenDeleted, whenScaled } = set.spec.persistentVolumeClaimRetentionPolicy ?? {};
    const wanted = new Set(ordinalsOf(set));
    for (const pod of this.podsOf(set)) {
      const surplus = !wanted.has(ordinalOf(pod));
      const owners = [
        ...(surplus && whenScaled === 'Delete' ? [looseReference(pod)] : []),
        ...(whenDeleted === 'Delete' && !(surplus && whenScaled === 'Delete') ? [looseReference(set)] : []),
      ];
      for (const { metadata } of set.spec.volumeClaimTemplates ?? []) this.own(pod, set, metadata.name, owners);
    }
  }

  private own(pod: Pod, set: StatefulSet, template: string, owners: OwnerReference[]): void {
    const { namespace, name, uid } = pod.metadata;
    const claim = this.registry.store.get(PERSISTENT_VOLUME_CLAIMS, namespace, `${template}-${name}`);
    if (!claim) return;
    this.registry.amend(PERSISTENT_VOLUME_CLAIMS, claim, (draft) => {
      const others = (draft.metadata.ownerReferences ?? []).filter((each) => each.uid !== uid && each.uid !== set.metadata.uid);
      const all = [...others, ...owners];
      if (all.length > 0) draft.metadata.ownerReferences = all;
      else delete draft.metadata.ownerReferences;
    });
  }

  private deletePod(set: StatefulSet, { metadata }: Pod): void {
    deleteObject(this.registry, PODS, metadata.namespace, metadata.name);
    const message = `delete Pod ${metadata.name} in StatefulSet ${set.metadata.name} successful`;
    this.events.record(set, COMPONENT, 'Normal', 'SuccessfulDelete', message);
  }

  private podsOf(set: StatefulSet): Pod[] {
    return this.registry.store.ownedBy(set.metadata.uid).filter((object): object is Pod => object.kind === 'Pod');
  }
}

const ordinalOf = ({ metadata }: Pod): number => Number(/-(\d+)$/.exec(metadata.name)?.[1] ?? -1);

/** Ascending. */
const ordinalsOf = ({ spec }: StatefulSet): number[] =>
  Array.from({ length: spec.replicas }, (_, index) => (spec.ordinals?.start ?? 0) + index);

const partitionOf = ({ spec: { updateStrategy, ordinals } }: StatefulSet): number =>
  updateStrategy.type === 'RollingUpdate' ? (ordinals?.start ?? 0) + (updateStrategy.rollingUpdate?.partition ?? 0) : 0;

/** Of an owner that is not the controller. */
const looseReference = (owner: KubeObject): OwnerReference => {
  const { apiVersion, kind, name, uid } = ownerReference(owner);
  return { apiVersion, kind, name, uid };
};

const statusOf = (set: StatefulSet, pods: Pod[], revision: string, now: number): StatefulSet['status'] => {
  const alive = pods.filter((pod) => !isFinished(pod));
  const updated = alive.filter(({ metadata }) => metadata.labels?.[REVISION_LABEL] === revision).length;
  const ready = alive.filter(isReady).length;
  const complete = updated === set.spec.replicas && ready === set.spec.replicas && alive.length === set.spec.replicas;
  const currentRevision = complete ? revision : (set.status.currentRevision ?? revision);
  return {
    observedGeneration: set.metadata.generation,
    replicas: alive.length,
    readyReplicas: ready || undefined,
    availableReplicas: alive.filter((pod) => availableIn(pod, set.spec.minReadySeconds, now) === 0).length,
    currentReplicas: alive.filter(({ metadata }) => metadata.labels?.[REVISION_LABEL] === currentRevision).length || undefined,
    updatedReplicas: updated || undefined,
    currentRevision,
    updateRevision: revision,
    collisionCount: 0,
  };
};
