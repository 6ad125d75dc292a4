import { type Condition, findCondition, millis, timestamp, withCondition } from '../objects/kube-object';
import { type Deployment, type DeploymentStatus, type ReplicaSet } from '../objects/workloads';
import { rolloutBounds } from './rollout';

const count = (sets: readonly ReplicaSet[], field: 'replicas' | 'readyReplicas' | 'availableReplicas'): number =>
  sets.reduce((total, { status }) => total + (status[field] ?? 0), 0);

/** The status of a Deployment from its ReplicaSets; `fresh` is the one of the current template. */
export const deploymentStatus = (
  deployment: Deployment,
  fresh: ReplicaSet | undefined,
  sets: readonly ReplicaSet[],
  now: number,
): DeploymentStatus => {
  const available = count(sets, 'availableReplicas');
  const total = count(sets, 'replicas');
  const counts = {
    replicas: total,
    updatedReplicas: fresh?.status.replicas ?? 0,
    readyReplicas: count(sets, 'readyReplicas'),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, Math.max(total, deployment.spec.replicas) - available),
  };
  const shown = Object.fromEntries(Object.entries(counts).filter(([, value]) => value > 0));
  return {
    observedGeneration: deployment.metadata.generation,
    ...shown,
    conditions: conditionsOf(deployment, fresh, sets, counts, now),
  };
};

type Counts = Record<Exclude<keyof DeploymentStatus, 'conditions' | 'observedGeneration'>, number>;

const conditionsOf = (
  deployment: Deployment,
  fresh: ReplicaSet | undefined,
  sets: readonly ReplicaSet[],
  counts: Counts,
  now: number,
): Condition[] => {
  const { spec, status } = deployment;
  const mayLack = spec.strategy.type === 'Recreate' ? 0 : rolloutBounds(deployment).maxUnavailable;
  const enough = counts.availableReplicas >= spec.replicas - mayLack;
  let conditions = put(status.conditions, availability(enough), now);
  const progress = progressOf(deployment, fresh, counts, now);
  if (progress) conditions = put(conditions, progress, now);
  const failure = sets.map((set) => findCondition(set.status.conditions, 'ReplicaFailure')).find((each) => each !== undefined);
  return failure ? put(conditions, failure, now) : conditions.filter(({ type }) => type !== 'ReplicaFailure');
};

/** `lastUpdateTime` moves with what the condition says. */
const put = (conditions: readonly Condition[] | undefined, next: Condition, now: number): Condition[] => {
  const before = findCondition(conditions, next.type);
  const unchanged = before?.status === next.status && before.reason === next.reason && before.message === next.message;
  const updated = next.lastUpdateTime ?? (unchanged ? before.lastUpdateTime : timestamp(now));
  return withCondition(conditions, { ...next, lastUpdateTime: updated }, now);
};

const availability = (enough: boolean): Condition =>
  enough
    ? {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      }
    : {
        type: 'Available',
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      };

const progressOf = (
  deployment: Deployment,
  fresh: ReplicaSet | undefined,
  counts: Counts,
  now: number,
): Condition | undefined => {
  const { spec, status } = deployment;
  const before = findCondition(status.conditions, 'Progressing');
  if (spec.paused) {
    return { type: 'Progressing', status: 'Unknown', reason: 'DeploymentPaused', message: 'Deployment is paused' };
  }
  if (!fresh) return before;
  const name = JSON.stringify(fresh.metadata.name);
  if (isComplete(deployment, counts)) {
    const message = `ReplicaSet ${name} has successfully progressed.`;
    return { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable', message };
  }
  // A rollout that was complete stays so while a pod of it is replaced; only a new template begins another.
  if (before?.reason === 'NewReplicaSetAvailable' && before.message?.includes(name)) return before;
  const moved =
    (status.updatedReplicas ?? 0) < counts.updatedReplicas ||
    (status.readyReplicas ?? 0) < counts.readyReplicas ||
    (status.availableReplicas ?? 0) < counts.availableReplicas ||
    (status.replicas ?? 0) - (status.updatedReplicas ?? 0) > counts.replicas - counts.updatedReplicas;
  if (!before?.message?.includes(name) || before.reason === 'DeploymentPaused') {
    const message = `Created new replica set ${name}`;
    return { type: 'Progressing', status: 'True', reason: 'NewReplicaSetCreated', message };
  }
  if (moved) {
    const message = `ReplicaSet ${name} is progressing.`;
    return { type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated', message, lastUpdateTime: timestamp(now) };
  }
  if (deadlineIn(deployment, now) === 0) {
    const message = `ReplicaSet ${name} has timed out progressing.`;
    return { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message };
  }
  return before;
};

const isComplete = ({ spec, status, metadata }: Deployment, counts: Counts): boolean =>
  counts.updatedReplicas === spec.replicas &&
  counts.replicas === spec.replicas &&
  counts.availableReplicas === spec.replicas &&
  (status.observedGeneration ?? 0) <= (metadata.generation ?? 0);

/** Milliseconds until the rollout counts as stuck; `undefined` when none is under way. */
export const deadlineIn = ({ spec, status }: Deployment, now: number): number | undefined => {
  const progress = findCondition(status.conditions, 'Progressing');
  if (!progress || progress.reason === 'NewReplicaSetAvailable' || spec.paused) return undefined;
  if (progress.reason === 'ProgressDeadlineExceeded') return 0;
  return Math.max(0, millis(progress.lastUpdateTime) + spec.progressDeadlineSeconds * 1000 - now);
};
