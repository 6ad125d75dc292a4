import { keyOf, type KubeObject, millis } from '../objects/kube-object';
import { same } from '../objects/json';
import { DEPLOYMENTS, PODS, REPLICA_SETS, type Resource } from '../objects/resources';
import { type Deployment, type Pod, type PodTemplate, type ReplicaSet } from '../objects/workloads';
import { deleteObject } from '../registry/deletion';
import { type Registry } from '../registry/registry';
import { type Change, isStatusAlone } from '../store/object-store';
import { type Controller } from './controller-loop';
import { deadlineIn, deploymentStatus } from './deployment-status';
import { type EventRecorder } from './event-recorder';
import { controllerKeys, isFinished, ownerReference, splitKey, templateHash } from './pods-of-owner';
import { newSetSize, oldSetSizes, rolloutBounds, type SetSize } from './rollout';

const COMPONENT = 'deployment-controller';
const REVISION = 'deployment.kubernetes.io/revision';
const HASH_LABEL = 'pod-template-hash';

/** Deployment → ReplicaSets: one for the current template, the older ones scaled down by the strategy. */
export class DeploymentController implements Controller {
  readonly name = COMPONENT;

  constructor(
    private readonly registry: Registry,
    private readonly events: EventRecorder,
  ) {}

  concerns(change: Change): readonly string[] {
    if (change.resource === DEPLOYMENTS) return isStatusAlone(change) ? [] : [keyOf(change.object)];
    if (change.resource === REPLICA_SETS) return controllerKeys(change, 'Deployment');
    // A Recreate rollout waits for the old pods to be gone.
    if (change.resource === PODS && change.type === 'DELETED') return this.deploymentOfPod(change.object);
    return [];
  }

  reconcile(key: string): number | undefined {
    const { namespace, name } = splitKey(key);
    const { store } = this.registry;
    const found = store.get(DEPLOYMENTS, namespace, name);
    if (!found) return undefined;
    if (!found.metadata.deletionTimestamp) {
      const { sets, current } = this.setsOf(found);
      this.rollOut(found, sets, current);
      const after = this.setsOf(found);
      this.discardHistory(
        found,
        after.sets.filter((set) => set !== after.current),
      );
    }
    const deployment = store.get(DEPLOYMENTS, namespace, name) ?? found;
    const now = this.registry.now();
    const { sets, current } = this.setsOf(found);
    const reported = this.registry.setStatus(DEPLOYMENTS, deployment, deploymentStatus(deployment, current, sets, now));
    const deadline = deadlineIn(reported, now);
    return deadline === undefined || deadline === 0 ? undefined : deadline + 10;
  }

  /** Its ReplicaSets as they are now, and the one of its template. */
  private setsOf({ metadata, spec }: Deployment): { sets: ReplicaSet[]; current: ReplicaSet | undefined } {
    const owned = this.registry.store.ownedBy(metadata.uid);
    const sets = owned.filter((object): object is ReplicaSet => object.kind === 'ReplicaSet').sort(byRevision);
    return { sets, current: sets.find((set) => isOfTemplate(set, spec.template)) };
  }

  private rollOut(deployment: Deployment, sets: ReplicaSet[], current: ReplicaSet | undefined): void {
    const old = sets.filter((set) => set !== current);
    if (deployment.spec.paused) {
      // Paused, it still scales what there is, but begins nothing new.
      if (current && old.every(({ spec }) => spec.replicas === 0)) this.scale(deployment, current, deployment.spec.replicas);
      return;
    }
    if (deployment.spec.strategy.type === 'Recreate') this.recreate(deployment, current, old);
    else this.rollingUpdate(deployment, current ?? this.createSet(deployment, sets, 0), old);
    const fresh = this.setsOf(deployment).current;
    if (fresh) this.recordRevision(deployment, fresh, old);
  }

  private recreate(deployment: Deployment, current: ReplicaSet | undefined, old: ReplicaSet[]): void {
    for (const set of old) this.scale(deployment, set, 0);
    const running = old.flatMap((set) => this.registry.store.ownedBy(set.metadata.uid));
    if (running.some((object) => object.kind === 'Pod' && !isFinished(object as Pod))) return;
    const { replicas } = deployment.spec;
    if (current) this.scale(deployment, current, replicas);
    else this.createSet(deployment, old, replicas);
  }

  private rollingUpdate(deployment: Deployment, current: ReplicaSet, old: ReplicaSet[]): void {
    const { replicas } = deployment.spec;
    const bounds = rolloutBounds(deployment);
    const size = ({ spec, status }: ReplicaSet): SetSize => ({
      replicas: spec.replicas,
      available: Math.min(spec.replicas, status.availableReplicas ?? 0),
    });
    const grown = this.scale(deployment, current, newSetSize(replicas, bounds, size(current), old.map(size)));
    const sizes = oldSetSizes(replicas, bounds, size(grown), old.map(size));
    old.forEach((set, index) => this.scale(deployment, set, sizes[index]!));
  }

  private createSet(deployment: Deployment, siblings: ReplicaSet[], replicas: number): ReplicaSet {
    const { metadata, spec } = deployment;
    const hash = this.freeHash(deployment);
    const labels = { ...spec.template.metadata.labels, [HASH_LABEL]: hash };
    const template = { ...spec.template, metadata: { ...spec.template.metadata, labels } };
    const bounds = rolloutBounds(deployment);
    const room =
      spec.strategy.type === 'Recreate'
        ? replicas
        : newSetSize(
            spec.replicas,
            bounds,
            { replicas: 0, available: 0 },
            siblings.map((set) => ({ replicas: set.spec.replicas, available: 0 })),
          );
    const created = this.registry.createOwned(REPLICA_SETS, metadata.namespace, {
      metadata: {
        name: `${metadata.name}-${hash}`,
        labels,
        annotations: {
          [REVISION]: String(Math.max(0, ...siblings.map(revisionOf)) + 1),
          'deployment.kubernetes.io/desired-replicas': String(spec.replicas),
          'deployment.kubernetes.io/max-replicas': String(spec.replicas + bounds.maxSurge),
        },
        ownerReferences: [ownerReference(deployment)],
      },
      spec: {
        replicas: room,
        ...(spec.minReadySeconds ? { minReadySeconds: spec.minReadySeconds } : {}),
        selector: { ...spec.selector, matchLabels: { ...spec.selector.matchLabels, [HASH_LABEL]: hash } },
        template,
      },
    });
    this.reportScaling(deployment, created, 0, room);
    return created;
  }

  /** A hash whose name is still free; another object may have taken the first. */
  private freeHash({ metadata, spec }: Deployment): string {
    for (let collision = 0; ; collision++) {
      const hash = templateHash(collision === 0 ? spec.template : [spec.template, collision]);
      if (!this.registry.store.get(REPLICA_SETS, metadata.namespace, `${metadata.name}-${hash}`)) return hash;
    }
  }

  private scale(deployment: Deployment, set: ReplicaSet, replicas: number): ReplicaSet {
    if (set.spec.replicas === replicas) return set;
    const scaled = this.registry.amend(REPLICA_SETS, set, (draft) => {
      draft.spec.replicas = replicas;
    });
    this.reportScaling(deployment, set, set.spec.replicas, replicas);
    return scaled;
  }

  private reportScaling(deployment: Deployment, set: ReplicaSet, from: number, to: number): void {
    if (from === to) return;
    const direction = to > from ? 'up' : 'down';
    const message = `Scaled ${direction} replica set ${set.metadata.name} from ${from} to ${to}`;
    this.events.record(deployment, COMPONENT, 'Normal', 'ScalingReplicaSet', message);
  }

  /** The current template has the highest revision; going back to an old one gives its ReplicaSet a new number. */
  private recordRevision(deployment: Deployment, fresh: ReplicaSet, old: ReplicaSet[]): void {
    const newest = Math.max(0, ...old.map(revisionOf));
    const revision = String(Math.max(revisionOf(fresh), newest + 1));
    this.annotate(REPLICA_SETS, fresh, revision);
    const stored = this.registry.store.get(DEPLOYMENTS, deployment.metadata.namespace, deployment.metadata.name);
    if (stored) this.annotate(DEPLOYMENTS, stored, revision);
  }

  private annotate<T extends Deployment | ReplicaSet>(resource: Resource<T>, object: T, revision: string): void {
    if (object.metadata.annotations?.[REVISION] === revision) return;
    this.registry.amend(resource, object, (draft) => {
      draft.metadata.annotations = { ...draft.metadata.annotations, [REVISION]: revision };
    });
  }

  private discardHistory({ spec }: Deployment, old: ReplicaSet[]): void {
    const idle = old.filter((set) => set.spec.replicas === 0 && set.status.replicas === 0);
    for (const { metadata } of idle.slice(0, Math.max(0, idle.length - spec.revisionHistoryLimit))) {
      deleteObject(this.registry, REPLICA_SETS, metadata.namespace, metadata.name);
    }
  }

  private deploymentOfPod({ metadata }: KubeObject): string[] {
    const owner = metadata.ownerReferences?.find(({ kind }) => kind === 'ReplicaSet');
    const set = owner && this.registry.store.get(REPLICA_SETS, metadata.namespace, owner.name);
    const deployment = set?.metadata.ownerReferences?.find(({ kind }) => kind === 'Deployment');
    return deployment ? [`${metadata.namespace ?? ''}/${deployment.name}`] : [];
  }
}

const revisionOf = ({ metadata }: ReplicaSet): number => Number(metadata.annotations?.[REVISION] ?? 0);

const byRevision = (a: ReplicaSet, b: ReplicaSet): number =>
  revisionOf(a) - revisionOf(b) || millis(a.metadata.creationTimestamp) - millis(b.metadata.creationTimestamp);

const isOfTemplate = (set: ReplicaSet, template: PodTemplate): boolean => {
  const { [HASH_LABEL]: _hash, ...labels } = set.spec.template.metadata.labels ?? {};
  return same({ ...set.spec.template, metadata: { ...set.spec.template.metadata, labels } }, template);
};
