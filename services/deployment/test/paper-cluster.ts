import { type ClusterObject, keyOf } from '../src/domain/cluster-object';
import type { Observed } from '../src/domain/operations/observe';
import type { Action } from '../src/domain/operations/plan';

/** A cluster on paper, for the plan's specs: keeps what is applied, and makes workloads ready only when told to. */
export class PaperCluster {
  /** Keys of objects in the order in which they were applied. */
  readonly applied: string[] = [];
  readonly deleted: string[] = [];
  private readonly objects = new Map<string, ClusterObject>();
  private uids = 0;

  carryOut(action: Action): void {
    if (action.type === 'apply') this.apply(action.object);
    if (action.type === 'delete') this.delete(action.reference.kind, action.reference.name);
  }

  observed(): Observed {
    return { objects: [...this.objects.values()] };
  }

  /** Everything that was applied to this node rolls out; a job completes. */
  makeReady(node: string): void {
    this.patchStatus(`Deployment/${node}`, ({ metadata, spec }) => {
      const replicas = (spec as { replicas: number }).replicas;
      return { observedGeneration: metadata.generation, replicas, updatedReplicas: replicas, availableReplicas: replicas };
    });
    this.patchStatus(`Job/${node}`, () => ({ conditions: [{ type: 'Complete', status: 'True' }] }));
  }

  failJob(node: string): void {
    this.patchStatus(`Job/${node}`, () => ({
      conditions: [{ type: 'Failed', status: 'True', message: 'it ended with exit code 3' }],
    }));
  }

  /** A pod of this node that says why it does not come up. Of the newest template, where its container is of that. */
  addPod(node: string, status: object, container?: unknown, name = `${node}-x`): void {
    const of = this.objects.get(`Deployment/${node}`) ?? this.objects.get(`Job/${node}`);
    const metadata = { ...of!.metadata, name, uid: `uid-${++this.uids}` };
    const spec = container !== undefined && { spec: { containers: [container] } };
    this.objects.set(`Pod/${name}`, { apiVersion: 'v1', kind: 'Pod', metadata, ...spec, status });
    // Whoever makes pods has seen what they are to be.
    this.patchStatus(`Deployment/${node}`, ({ metadata, spec }) => {
      const replicas = (spec as { replicas: number }).replicas + 1;
      return { observedGeneration: metadata.generation, replicas, updatedReplicas: 1, availableReplicas: replicas - 1 };
    });
  }

  get(key: string): ClusterObject | undefined {
    return this.objects.get(key);
  }

  keys(): string[] {
    return [...this.objects.keys()].sort();
  }

  private apply(object: ClusterObject): void {
    const key = keyOf(object);
    const known = this.objects.get(key);
    const generation = known?.metadata.generation ?? 0;
    const changed = JSON.stringify(known?.['spec']) !== JSON.stringify(object['spec']);
    const metadata = {
      ...object.metadata,
      uid: known?.metadata.uid ?? `uid-${++this.uids}`,
      generation: changed ? generation + 1 : generation,
    };
    this.objects.set(key, { ...object, metadata, status: known?.['status'] });
    this.applied.push(key);
  }

  private delete(kind: string, name: string): void {
    this.deleted.push(`${kind}/${name}`);
    if (kind === 'Namespace') this.objects.clear();
    else this.objects.delete(`${kind}/${name}`);
  }

  private patchStatus(key: string, status: (object: ClusterObject) => object): void {
    const object = this.objects.get(key);
    if (object) this.objects.set(key, { ...object, status: status(object) });
  }
}
