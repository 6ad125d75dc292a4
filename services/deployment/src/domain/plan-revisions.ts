import type { Problem } from '@souk/event-sourcing';

/** What a plan was made from. It holds for as long as all of it is as it was. */
export interface PlanRevisions {
  /** Digest of what was to be deployed: a draft that changes has another. */
  readonly snapshot: string;
  /** Of the cluster's description. */
  readonly cluster: number;
  /** Of the instance, where there is one already. */
  readonly instance?: number;
}

/** What is another than it was when the plan was made; empty where nothing is. */
export function movedSince(planned: PlanRevisions, now: PlanRevisions): Problem[] {
  const moved: Problem[] = [];
  if (planned.snapshot !== now.snapshot)
    moved.push({
      code: 'version-changed',
      pointer: '/plan/snapshot',
      message: `what is to be deployed was snapshot ${planned.snapshot}, and is ${now.snapshot}`,
    });
  if (planned.cluster !== now.cluster)
    moved.push({
      code: 'cluster-changed',
      pointer: '/plan/cluster',
      message: `the cluster was at revision ${planned.cluster}, and is at ${now.cluster}`,
    });
  if (planned.instance !== now.instance)
    moved.push({
      code: 'instance-changed',
      pointer: '/plan/instance',
      message: `the instance was at revision ${planned.instance ?? '(none)'}, and is at ${now.instance ?? '(none)'}`,
    });
  return moved;
}
