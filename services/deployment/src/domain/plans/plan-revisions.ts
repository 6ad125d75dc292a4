import type { Problem } from '@souk/event-sourcing';
import { digestOf } from '@souk/topology';
import type { FilledIn } from '../instances/parameters';

/** What a plan was made from, and for. It holds for as long as all of it is as it was. */
export interface PlanRevisions {
  /** Digest of what was to be deployed: a draft that changes has another. */
  readonly snapshot: string;
  readonly configuration: string;
  readonly clusterId: string;
  /** Of the cluster's description. */
  readonly cluster: number;
  /** Where there is one already, and its revision. */
  readonly instanceId?: string;
  readonly instance?: number;
  /** Digest of what was filled in for a new instance. */
  readonly filledIn?: string;
}

/** Names of secrets are part of it, their values are not. */
export const filledInDigest = ({ parameters, secrets }: FilledIn): string => digestOf({ parameters, secrets });

/** What is another than it was when the plan was made; empty where nothing is. */
export function movedSince(planned: PlanRevisions, now: PlanRevisions): Problem[] {
  const moved: Problem[] = [];
  const compare = (field: keyof PlanRevisions, code: string, what: string) => {
    const [before, after] = [planned[field] ?? '(none)', now[field] ?? '(none)'];
    if (before !== after) moved.push({ code, pointer: `/plan/${field}`, message: `${what} ${before}, and is ${after}` });
  };
  compare('snapshot', 'version-changed', 'what is to be deployed was snapshot');
  compare('configuration', 'configuration-changed', 'the configuration was');
  compare('clusterId', 'another-cluster', 'the cluster was');
  compare('cluster', 'cluster-changed', 'the revision of the cluster was');
  compare('instanceId', 'another-instance', 'the instance was');
  compare('instance', 'instance-changed', 'the revision of the instance was');
  compare('filledIn', 'filled-in-changed', 'the digest of what is filled in was');
  return moved;
}
