import { ApiError } from '../objects/api-error';
import { same } from '../objects/json';
import { type Condition, keyOf, millis, withCondition } from '../objects/kube-object';
import { PODS, REPLICA_SETS } from '../objects/resources';
import { selects } from '../objects/selector';
import { type Pod, type ReplicaSet } from '../objects/workloads';
import { deleteObject } from '../registry/deletion';
import { type Registry } from '../registry/registry';
import { type Change, isStatusAlone } from '../store/object-store';
import { type Controller } from './controller-loop';
import { type EventRecorder } from './event-recorder';
import {
  availableIn,
  controllerKeys,
  isActive,
  isFinished,
  isReady,
  podFromTemplate,
  podsOf,
  readyCondition,
  splitKey,
} from './pods-of-owner';

const COMPONENT = 'replicaset-controller';
const RETRY_CREATE_MS = 1000;

/** ReplicaSet → Pods: as many as wanted, replacing those that are gone, removing the least useful first. */
export class ReplicaSetController implements Controller {
  readonly name = COMPONENT;

  constructor(
    private readonly registry: Registry,
    private readonly events: EventRecorder,
  ) {}

  concerns(change: Change): readonly string[] {
    const { resource, object } = change;
    if (resource === REPLICA_SETS) return isStatusAlone(change) ? [] : [keyOf(object)];
    if (resource !== PODS) return [];
    if (isStatusAlone(change) && countsAsBefore(object as Pod, change.previous as Pod)) return [];
    const owners = controllerKeys(change, 'ReplicaSet');
    if (owners.length > 0 || change.type !== 'ADDED') return owners;
    // A pod that nobody controls may be adopted.
    const sets = this.registry.store.list(REPLICA_SETS, object.metadata.namespace);
    return sets.filter(({ spec }) => selects(spec.selector, object.metadata.labels)).map(keyOf);
  }

  reconcile(key: string): number | undefined {
    const { namespace, name } = splitKey(key);
    const set = this.registry.store.get(REPLICA_SETS, namespace, name);
    if (!set) return undefined;
    const pods = podsOf(this.registry, set).filter(isActive);
    const failure = set.metadata.deletionTimestamp ? undefined : this.scale(set, pods);
    const now = this.registry.now();
    const alive = podsOf(this.registry, set).filter(isActive);
    this.registry.setStatus(REPLICA_SETS, set, statusOf(set, alive, failure, now));
    const waits = alive
      .map((pod) => availableIn(pod, set.spec.minReadySeconds, now))
      .filter((ms) => ms !== undefined && ms > 0) as number[];
    if (failure) waits.push(RETRY_CREATE_MS);
    return waits.length > 0 ? Math.min(...waits) : undefined;
  }

  /** @returns why pods could not be created */
  private scale(set: ReplicaSet, pods: Pod[]): string | undefined {
    const missing = set.spec.replicas - pods.length;
    for (let count = 0; count < missing; count++) {
      const failure = this.createPod(set);
      if (failure) return failure;
    }
    for (const pod of [...pods].sort(leastUsefulFirst).slice(0, Math.max(0, -missing))) {
      deleteObject(this.registry, PODS, pod.metadata.namespace, pod.metadata.name);
      this.events.record(set, COMPONENT, 'Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`);
    }
    return undefined;
  }

  private createPod(set: ReplicaSet): string | undefined {
    const { namespace, name } = set.metadata;
    try {
      const draft = podFromTemplate(set.spec.template, set, { generateName: `${name}-` });
      const pod = this.registry.createOwned(PODS, namespace, draft);
      this.events.record(set, COMPONENT, 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`);
      return undefined;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.events.record(set, COMPONENT, 'Warning', 'FailedCreate', `Error creating: ${error.message}`);
      return error.message;
    }
  }
}

/** For the status of its ReplicaSet. */
const countsAsBefore = (pod: Pod, previous: Pod): boolean =>
  isFinished(pod) === isFinished(previous) && same(readyCondition(pod), readyCondition(previous));

/** Not yet on a host, then not ready, then the youngest: those whose loss hurts least. */
const leastUsefulFirst = (a: Pod, b: Pod): number => {
  const rank = (pod: Pod): number =>
    (pod.spec.nodeName ? 1 : 0) + (pod.status.phase === 'Running' ? 1 : 0) + (isReady(pod) ? 1 : 0);
  return rank(a) - rank(b) || millis(b.metadata.creationTimestamp) - millis(a.metadata.creationTimestamp);
};

const statusOf = (set: ReplicaSet, pods: Pod[], failure: string | undefined, now: number): ReplicaSet['status'] => {
  const available = pods.filter((pod) => availableIn(pod, set.spec.minReadySeconds, now) === 0).length;
  const ready = pods.filter(isReady).length;
  const others = (set.status.conditions ?? []).filter(({ type }) => type !== 'ReplicaFailure');
  const failed: Condition = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: failure };
  const conditions = failure ? withCondition(set.status.conditions, failed, now) : others;
  return {
    replicas: pods.length,
    fullyLabeledReplicas: pods.length || undefined,
    readyReplicas: ready || undefined,
    availableReplicas: available || undefined,
    observedGeneration: set.metadata.generation,
    conditions: conditions.length > 0 ? conditions : undefined,
  };
};
