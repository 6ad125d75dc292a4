import { annotations, type ClusterObject, isTerminating, keyOf, nodeOf } from './cluster-object';
import { isTrouble, type JobSight, type Observed, Sight } from './observe';
import { isNews, MAX_WAITS } from './operation.decide';
import { evolveOperation, progressOf, type StartedOperation } from './operation';
import type { OperationFact } from './operation.events';
import { markedBy, type RenderedNode, type RenderedObject } from './render/rendered';
import type { RenderedInstance } from './render/render-instance';

/** What an operation wants, and what it knows. */
export interface Desired {
  /** What is to stand on the cluster; absent for a delete. */
  readonly instance?: RenderedInstance;
  /** The record of this operation so far. */
  readonly operation: StartedOperation;
  /** Init nodes that completed in earlier operations. */
  readonly completedInit: ReadonlySet<string>;
  /** Clock of the one who observes. */
  readonly clock: Clock;
}

/** ISO 8601, UTC, milliseconds. */
export interface Clock {
  readonly now: string;
  /** When a node that is applied now must be ready. */
  readonly deadline: string;
  /** A node with this deadline or an earlier one takes long: it is said what it waits for. */
  readonly slowDeadline: string;
  /** Between now and the deadline, in milliseconds. */
  readonly nodeTimeoutMs: number;
}

/** The one object that a delete is about. */
export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly uid: string;
}

export type Action =
  | { readonly type: 'apply'; readonly object: ClusterObject; readonly sealed?: RenderedObject['sealed']; readonly node?: string }
  | { readonly type: 'delete'; readonly reference: ObjectReference; readonly node?: string }
  | { readonly type: 'record'; readonly fact: OperationFact };

/**
 * What is to be done next, from what is wanted and what is seen. Nothing where everything is done, or where there is only to wait.
 *
 * Order: what surrounds the nodes; then every node whose dependencies are ready; when all nodes are ready, what is wanted no longer goes;
 * then the operation has succeeded. A node is touched only where the hash of what is wanted is not the hash that stands on the cluster.
 *
 *     web -> api -> db         nothing there              apply namespace …, apply db
 *                              db ready                   record db ready, apply api
 *                              api, db ready              record api ready, apply web
 *                              all ready                  record web ready, record OperationSucceeded
 *                              succeeded                  (nothing)
 *
 * Facts are read off the cluster, never remembered from the last round: after a crash at any point the next observation alone goes on.
 */
export function plan(desired: Desired, observed: Observed): Action[] {
  if (desired.operation.status !== 'running') return [];
  const round = new Round(desired, new Sight(observed));
  if (desired.operation.started.kind === 'delete') round.dismantle();
  else if (desired.instance) round.build(desired.instance);
  return round.actions;
}

/** Nodes, and what of the cluster's view of them the plan goes by. */
type NodeState = 'blocked' | 'changing' | 'ready';

class Round {
  readonly actions: Action[] = [];
  private operation: StartedOperation;

  constructor(
    private readonly desired: Desired,
    private readonly sight: Sight,
  ) {
    this.operation = desired.operation;
  }

  build(instance: RenderedInstance): void {
    const states = new Map<string, NodeState>();
    const nodes = inDeployOrder(instance.nodes);
    for (const object of instance.surroundings) this.applyIfDifferent(object);

    const settled = nodes.every((node) => this.stands(node));
    if (!settled) this.applyIfDifferent(instance.quota.changing);

    for (const node of nodes) states.set(node.name, this.advance(node, states));
    if (this.operation.status !== 'running') return;
    if (![...states.values()].every((state) => state === 'ready')) return;

    if (settled) this.applyIfDifferent(instance.quota.settled);
    const leftovers = this.removeLeftovers(instance);
    const open = this.actions.some((action) => action.type !== 'record');
    if (!open && !leftovers) this.record({ type: 'OperationSucceeded', data: this.ids });
  }

  /** Everything is in the namespace; it goes, and everything with it. */
  dismantle(): void {
    let left = false;
    for (const object of this.sight.all()) {
      left = true;
      if (object.kind === 'Namespace' && !isTerminating(object)) this.remove(object);
    }
    if (left) return;
    for (const node of this.operation.started.waves.flat().toReversed())
      this.record({ type: 'NodeDeleted', data: { ...this.ids, node } });
    this.record({ type: 'OperationSucceeded', data: this.ids });
  }

  private advance(node: RenderedNode, states: ReadonlyMap<string, NodeState>): NodeState {
    if (this.operation.status !== 'running') return 'blocked';
    if (node.category === 'init' && this.isCompleted(node.name)) return 'ready';
    if (!node.dependsOn.every((dependency) => states.get(dependency) === 'ready')) return 'blocked';
    return node.category === 'init' ? this.advanceInit(node) : this.advanceWorkload(node);
  }

  private advanceWorkload(node: RenderedNode): NodeState {
    const missing = node.objects.filter((object) => !this.sight.has(object));
    for (const object of missing) this.apply(object, node.name);
    if (missing.length > 0) return 'changing';

    const touched = this.sight.wasTouchedBy(this.ids.operationId, node.objects);
    if (touched) this.recordApplied(node);
    if (!this.sight.isRolledOut(node.name)) return this.wait(node);

    const address = this.sight.address(node.name);
    const data = { ...this.ids, node: node.name, ...(!touched && { unchanged: true as const }), ...(address && { address }) };
    this.record({ type: 'NodeBecameReady', data });
    return 'ready';
  }

  private advanceInit(node: RenderedNode): NodeState {
    const job = this.sight.job(node.name);
    if (!job) {
      for (const object of node.objects) if (isJob(object) || !this.sight.has(object)) this.apply(object, node.name);
      return 'changing';
    }
    if (this.startedHere(job)) this.recordApplied(node);
    switch (job.state) {
      case 'complete':
        this.record({ type: 'InitNodeCompleted', data: { ...this.ids, node: node.name } });
        return 'ready';
      case 'failed':
        if (this.startedHere(job)) return this.failInit(node, job.reason ?? 'it failed');
        // It failed in an earlier operation; asking for another one is how its owner says: try again.
        this.remove(job.object, node.name);
        return 'changing';
      case 'terminating':
        return 'changing';
      case 'active':
        return this.wait(node);
    }
  }

  private wait(node: RenderedNode): NodeState {
    const trouble = this.sight.trouble(node);
    const { now, deadline: newDeadline, slowDeadline, nodeTimeoutMs } = this.desired.clock;
    const { deadline, waits } = progressOf(this.operation, node.name);
    if (deadline === undefined || isTrouble(trouble) || deadline <= slowDeadline)
      this.record({ type: 'NodeWaiting', data: { ...this.ids, node: node.name, ...trouble, deadline: newDeadline } });
    if (deadline !== undefined && deadline <= now) {
      const verb = node.category === 'init' ? 'complete' : 'become ready';
      this.fail(node.name, `node "${node.name}" did not ${verb} within ${inWords(nodeTimeoutMs)}: ${trouble.reason}`);
    }
    if (waits >= MAX_WAITS) this.fail(node.name, `node "${node.name}" does not stay ready: ${trouble.reason}`);
    return 'changing';
  }

  private failInit(node: RenderedNode, reason: string): NodeState {
    this.record({ type: 'InitNodeFailed', data: { ...this.ids, node: node.name, reason } });
    this.fail(
      node.name,
      `init node "${node.name}" failed: ${reason}; it is not run again unless somebody asks for another operation`,
    );
    return 'blocked';
  }

  private fail(node: string, reason: string): void {
    this.record({ type: 'OperationFailed', data: { ...this.ids, node, reason } });
  }

  /** Objects of the instance that its version does not know (any more). Answers whether there are any. */
  private removeLeftovers(instance: RenderedInstance): boolean {
    const wanted = new Set(
      [...instance.surroundings, instance.quota.settled, ...instance.nodes.flatMap((node) => node.objects)].map(({ object }) =>
        keyOf(object),
      ),
    );
    const names = new Set(instance.nodes.map((node) => node.name));
    const initNodes = new Set(instance.nodes.filter((node) => node.category === 'init').map((node) => node.name));
    const leaving = new Set<string>();
    for (const object of this.sight.all()) {
      const node = nodeOf(object);
      if (wanted.has(keyOf(object)) || !isOurs(object)) continue;
      // What an init node left behind stays: its Job is where its log is read.
      if (node !== undefined && initNodes.has(node)) continue;
      leaving.add(node ?? '');
      if (!isTerminating(object)) this.remove(object, node);
    }
    for (const object of this.sight.all()) {
      const node = nodeOf(object);
      if (object.kind === 'Pod' && node !== undefined && !names.has(node)) leaving.add(node);
    }
    this.recordRemoved(names, leaving);
    return leaving.size > 0;
  }

  /** Nodes of the version before, which are gone now. */
  private recordRemoved(names: ReadonlySet<string>, leaving: ReadonlySet<string>): void {
    for (const node of this.operation.started.removes ?? [])
      if (!names.has(node) && !leaving.has(node)) this.record({ type: 'NodeDeleted', data: { ...this.ids, node } });
  }

  /** Completed for good, or standing as it should. */
  private stands(node: RenderedNode): boolean {
    if (node.category === 'init') return this.isCompleted(node.name) || this.sight.job(node.name)?.state === 'complete';
    return node.objects.every((object) => this.sight.has(object)) && this.sight.isRolledOut(node.name);
  }

  private isCompleted(node: string): boolean {
    return this.desired.completedInit.has(node) || progressOf(this.operation, node).state === 'completed';
  }

  private startedHere({ object }: JobSight): boolean {
    return object.metadata.annotations?.[annotations.operation] === this.ids.operationId;
  }

  private recordApplied(node: RenderedNode): void {
    const data = { ...this.ids, node: node.name, specHash: node.specHash, deadline: this.desired.clock.deadline };
    this.record({ type: 'NodeApplied', data });
  }

  private applyIfDifferent(object: RenderedObject): void {
    if (!this.sight.has(object)) this.apply(object);
  }

  private apply(object: RenderedObject, node?: string): void {
    const { sealed } = object;
    const marked = markedBy(this.ids.operationId, object);
    this.actions.push({ type: 'apply', object: marked, ...(sealed && { sealed }), ...(node !== undefined && { node }) });
  }

  private remove({ apiVersion, kind, metadata }: ClusterObject, node?: string): void {
    const { namespace, name, uid = '' } = metadata;
    const reference = { apiVersion, kind, name, uid, ...(namespace !== undefined && { namespace }) };
    this.actions.push({ type: 'delete', reference, ...(node !== undefined && { node }) });
  }

  /** Facts of this round count for the rest of it. */
  private record(fact: OperationFact): void {
    if (!isNews(fact, this.operation)) return;
    this.actions.push({ type: 'record', fact });
    this.operation = evolveOperation(this.operation, fact) as StartedOperation;
  }

  private get ids() {
    const { operationId, instanceId } = this.desired.operation.started;
    return { operationId, instanceId };
  }
}

/** Dependencies first; the topology has no cycle. */
function inDeployOrder(nodes: readonly RenderedNode[]): RenderedNode[] {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const waves = new Map<string, number>();
  const open = [...nodes];
  while (open.length > 0) {
    const next = open.filter((node) => node.dependsOn.every((name) => waves.has(name) || !byName.has(name)));
    if (next.length === 0) break;
    for (const node of next) waves.set(node.name, waves.size);
    open.splice(0, open.length, ...open.filter((node) => !waves.has(node.name)));
  }
  return [...waves.keys()].map((name) => byName.get(name)!);
}

/** Kinds that this platform makes; pods and replica sets go with their owners. */
const ownKinds: ReadonlySet<string> = new Set([
  'Deployment',
  'Job',
  'Service',
  'Secret',
  'NetworkPolicy',
  'ResourceQuota',
  'ServiceAccount',
]);

const isOurs = (object: ClusterObject): boolean => ownKinds.has(object.kind);

const isJob = ({ object }: RenderedObject): boolean => object.kind === 'Job';

function inWords(ms: number): string {
  if (ms < 1000) return `${ms} ms`;
  return ms < 120_000 ? `${Math.round(ms / 1000)} seconds` : `${Math.round(ms / 60_000)} minutes`;
}
