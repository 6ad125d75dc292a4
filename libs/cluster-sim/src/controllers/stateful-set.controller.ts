import { ApiError } from '../objects/api-error';
import { keyOf } from '../objects/kube-object';
import { PERSISTENT_VOLUME_CLAIMS, PODS, STATEFUL_SETS } from '../objects/resources';
import { type Pod, type StatefulSet } from '../objects/workloads';
import { deleteObject } from '../registry/deletion';
import { type Registry } from '../registry/registry';
import { type Change } from '../store/object-store';
import { type Controller } from './controller-loop';
import { type EventRecorder } from './event-recorder';
import { controllerKeys, isFinished, isReady, podFromTemplate, splitKey, templateHash } from './pods-of-owner';

const COMPONENT = 'statefulset-controller';
const REVISION_LABEL = 'controller-revision-hash';
const RETRY_CREATE_MS = 1000;

/** StatefulSet → Pods `name-0`, `name-1`, …: created in order, each with its claims, updated and removed from the end. */
export class StatefulSetController implements Controller {
  readonly name = COMPONENT;

  constructor(
    private readonly registry: Registry,
    private readonly events: EventRecorder,
  ) {}

  concerns(change: Change): readonly string[] {
    if (change.resource === STATEFUL_SETS) return [keyOf(change.object)];
    return change.resource === PODS ? controllerKeys(change, 'StatefulSet') : [];
  }

  reconcile(key: string): number | undefined {
    const { namespace, name } = splitKey(key);
    const set = this.registry.store.get(STATEFUL_SETS, namespace, name);
    if (!set) return undefined;
    const revision = `${name}-${templateHash(set.spec.template)}`;
    const retry = set.metadata.deletionTimestamp ? undefined : this.step(set, revision);
    const found = this.registry.store.get(STATEFUL_SETS, namespace, name);
    if (found) this.registry.setStatus(STATEFUL_SETS, found, statusOf(found, this.podsOf(found), revision));
    return retry;
  }

  private step(set: StatefulSet, revision: string): number | undefined {
    const pods = new Map(this.podsOf(set).map((pod) => [ordinalOf(pod), pod]));
    const ordered = set.spec.podManagementPolicy !== 'Parallel';
    for (let ordinal = 0; ordinal < set.spec.replicas; ordinal++) {
      const pod = pods.get(ordinal);
      if (pod && isFinished(pod) && !pod.metadata.deletionTimestamp) this.deletePod(set, pod);
      if (!pod) {
        const failed = this.createPod(set, ordinal, revision);
        if (failed) return RETRY_CREATE_MS;
      }
      if (ordered && !(pod && isReady(pod) && !pod.metadata.deletionTimestamp)) {
        this.replaceStuck(set, pod, revision);
        return;
      }
    }
    const surplus = [...pods].filter(([ordinal]) => ordinal >= set.spec.replicas).sort(([a], [b]) => b - a);
    for (const [, pod] of surplus) {
      if (!pod.metadata.deletionTimestamp) this.deletePod(set, pod);
      if (ordered) return undefined;
    }
    this.update(set, pods, revision);
    return undefined;
  }

  /** A pod of an outdated template that never became ready must not block the update that repairs it. */
  private replaceStuck(set: StatefulSet, pod: Pod | undefined, revision: string): undefined {
    if (!pod || pod.metadata.deletionTimestamp || isReady(pod) || set.spec.updateStrategy.type === 'OnDelete') return;
    if (pod.metadata.labels?.[REVISION_LABEL] !== revision) this.deletePod(set, pod);
  }

  /** One pod at a time, from the highest ordinal; the next when this one is ready again. */
  private update(set: StatefulSet, pods: ReadonlyMap<number, Pod>, revision: string): void {
    const { type, rollingUpdate } = set.spec.updateStrategy;
    if (type === 'OnDelete') return;
    for (let ordinal = set.spec.replicas - 1; ordinal >= (rollingUpdate?.partition ?? 0); ordinal--) {
      const pod = pods.get(ordinal);
      if (!pod || pod.metadata.deletionTimestamp) return;
      if (pod.metadata.labels?.[REVISION_LABEL] !== revision) {
        this.deletePod(set, pod);
        return;
      }
      if (!isReady(pod)) return;
    }
  }

  /** @returns whether it failed */
  private createPod(set: StatefulSet, ordinal: number, revision: string): boolean {
    const { namespace, name } = set.metadata;
    const podName = `${name}-${ordinal}`;
    const claims = set.spec.volumeClaimTemplates ?? [];
    try {
      for (const claim of claims) this.createClaim(set, claim, `${claim.metadata.name}-${podName}`);
      const identity = { 'apps.kubernetes.io/pod-index': String(ordinal), 'statefulset.kubernetes.io/pod-name': podName };
      const draft = podFromTemplate(set.spec.template, set, {
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

  /** Claims outlive their pods and the set, as in Kubernetes. */
  private createClaim(
    set: StatefulSet,
    claim: NonNullable<StatefulSet['spec']['volumeClaimTemplates']>[number],
    name: string,
  ): void {
    const { namespace } = set.metadata;
    if (this.registry.store.get(PERSISTENT_VOLUME_CLAIMS, namespace, name)) return;
    const labels = { ...set.spec.selector.matchLabels, ...claim.metadata.labels };
    this.registry.createOwned(PERSISTENT_VOLUME_CLAIMS, namespace, { metadata: { name, labels }, spec: claim.spec });
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

const statusOf = (set: StatefulSet, pods: Pod[], revision: string): StatefulSet['status'] => {
  const alive = pods.filter((pod) => !isFinished(pod));
  const updated = alive.filter(({ metadata }) => metadata.labels?.[REVISION_LABEL] === revision).length;
  const ready = alive.filter(isReady).length;
  const complete = updated === set.spec.replicas && ready === set.spec.replicas && alive.length === set.spec.replicas;
  const currentRevision = complete ? revision : (set.status.currentRevision ?? revision);
  return {
    observedGeneration: set.metadata.generation,
    replicas: alive.length,
    readyReplicas: ready || undefined,
    availableReplicas: ready,
    currentReplicas: alive.filter(({ metadata }) => metadata.labels?.[REVISION_LABEL] === currentRevision).length || undefined,
    updatedReplicas: updated || undefined,
    currentRevision,
    updateRevision: revision,
    collisionCount: 0,
  };
};
