import { type Deployment } from '../objects/workloads';

export interface RolloutBounds {
  readonly maxSurge: number;
  readonly maxUnavailable: number;
}

/**
 * `maxSurge` and `maxUnavailable` in pods: per cents of the replicas, surge rounded up, unavailable rounded down;
 * never both 0, or nothing could move.
 *    replicas 4, 25 % / 25 %  gives  1 / 1        replicas 1, 25 % / 25 %  gives  1 / 0
 */
export const rolloutBounds = ({ spec }: Pick<Deployment, 'spec'>): RolloutBounds => {
  const { maxSurge = '25%', maxUnavailable = '25%' } = spec.strategy.rollingUpdate ?? {};
  const surge = inPods(maxSurge, spec.replicas, Math.ceil);
  const unavailable = inPods(maxUnavailable, spec.replicas, Math.floor);
  return { maxSurge: surge, maxUnavailable: Math.min(surge === 0 && unavailable === 0 ? 1 : unavailable, spec.replicas) };
};

const inPods = (value: number | string, replicas: number, round: (value: number) => number): number =>
  typeof value === 'number' ? value : round((Number.parseInt(value, 10) * replicas) / 100);

/** What a rolling update sees of a ReplicaSet. */
export interface SetSize {
  /** Wanted. */
  readonly replicas: number;
  readonly available: number;
}

/** How many replicas the new ReplicaSet is to have: as far as the surge lets it grow. */
export const newSetSize = (replicas: number, bounds: RolloutBounds, fresh: SetSize, old: readonly SetSize[]): number => {
  if (fresh.replicas >= replicas) return replicas;
  const total = fresh.replicas + sum(old.map((set) => set.replicas));
  const room = Math.max(0, replicas + bounds.maxSurge - total);
  return fresh.replicas + Math.min(room, replicas - fresh.replicas);
};

/**
 * The sizes of the old ReplicaSets (oldest first), as small as `maxUnavailable` lets them be:
 * first what is not available anyway, then what the available ones above the minimum allow.
 */
export const oldSetSizes = (replicas: number, bounds: RolloutBounds, fresh: SetSize, old: readonly SetSize[]): number[] => {
  const minAvailable = replicas - bounds.maxUnavailable;
  const total = fresh.replicas + sum(old.map((set) => set.replicas));
  let budget = total - minAvailable - (fresh.replicas - fresh.available);
  const sizes = old.map((set) => set.replicas);
  old.forEach((set, index) => {
    const cut = Math.max(0, Math.min(set.replicas - set.available, budget));
    sizes[index] = set.replicas - cut;
    budget -= cut;
  });
  let spare = fresh.available + sum(old.map((set) => set.available)) - minAvailable;
  return sizes.map((size) => {
    const cut = Math.max(0, Math.min(size, spare));
    spare -= cut;
    return size - cut;
  });
};

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
