import type { CloudNode, CredentialUse } from '../cloud/cloud-node';
import { annotations, type ClusterObject, isTerminating, keyOf, nodeOf } from '../cluster-object';
import { inDeployOrder, inOrderBack, type Ordered } from './deploy-order';
import { cloudRefused, credentialMissing, type Failure, initFailed, stillThere, tooLate, unstable } from './failure';
import { isTrouble, type JobSight, type Observed, Sight, type Trouble } from './observe';
import { isNews, MAX_WAITS } from './operation.decide';
import { consequenceOf, evolveOperation, progressOf, removesOf, type StartedOperation } from './operation';
import type { OperationFact, WaitCode } from './operation.events';
import { markedBy, type RenderedNode, type RenderedObject } from '../render/rendered';
import type { RenderedInstance } from '../render/render-instance';
import { failureFor, isLeft, isThere, type Resource } from '../cloud/resources';
import type { ResourceSpec } from '../cloud/resources.events';

/** What an operation wants, and what it knows. */
export interface Desired {
  /** What is to stand on the cluster; absent for a delete. */
  readonly instance?: RenderedInstance;
  /** Its nodes that are no processes; none where it is absent. */
  readonly cloud?: readonly CloudNode[];
  /** Process → what it reads of them. */
  readonly reads?: ReadonlyMap<string, readonly CredentialUse[]>;
  /** On a way back: nodes of the version that it leads away from. Its order is theirs, reversed; so is that of a stop. */
  readonly left?: readonly Ordered[];
  /** The record of this operation so far. */
  readonly operation: StartedOperation;
  /** Init nodes that completed in earlier operations. */
  readonly completedInit: ReadonlySet<string>;
  /** Nothing is to run: init nodes wait until it is started. */
  readonly stopped?: boolean;
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
  /** Trouble that is waited for less than that: how long, and until when if it begins now. */
  readonly patience: Readonly<Partial<Record<WaitCode, { readonly ms: number; readonly until: string }>>>;
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
  | { readonly type: 'want'; readonly node: string; readonly spec: ResourceSpec }
  | { readonly type: 'release'; readonly node: string }
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
 * A cloud node is ready when its binding is there. It is asked for once, and made by somebody else meanwhile:
 *
 *     web -> rds               nothing there              apply namespace …, want rds
 *                              rds is being made          record rds waiting
 *                              rds bound                  record rds ready, apply web
 *
 * A way back (a rollback, or an operation that has failed and leads back) touches nodes in the reverse order, each as soon as all that
 * depend on it are as before, or visibly wait for it:
 *
 *     web -> api -> db         api never ready            record RollbackStarted
 *                              web as before              apply api
 *                              api ready again            record api ready, apply db
 *                              all ready                  record db ready, record OperationRolledBack
 *
 * Facts are read off the cluster, never remembered from the last round: after a crash at any point the next observation alone goes on.
 */
export function plan(desired: Desired, observed: Observed): Action[] {
  if (desired.operation.status !== 'running') return [];
  const { operationId, kind } = desired.operation.started;
  const sight = new Sight(observed, { operationId, corrects: kind === 'correct' });
  const round = new Round(desired, sight, observed.resources ?? new Map());
  if (desired.operation.started.kind === 'delete') round.dismantle();
  else if (desired.instance && desired.left) round.goBack(desired.instance, desired.left);
  else if (desired.instance) round.build(desired.instance);
  return round.actions;
}

/** How far a node is. One that is `waiting` is as it should be, and says that it waits for something, or has not been touched at all. */
type NodeState = 'blocked' | 'changing' | 'waiting' | 'ready';

class Round {
  actions: Action[] = [];
  private operation: StartedOperation;
  /** It led forward when this round began, and leads back now: from another rendering. */
  private turned = false;

  constructor(
    private readonly desired: Desired,
    private readonly sight: Sight,
    private readonly resources: ReadonlyMap<string, Resource>,
  ) {
    this.operation = desired.operation;
  }

  build(instance: RenderedInstance): void {
    const settled = this.surround(instance);
    const states = new Map<string, NodeState>();
    for (const node of inDeployOrder(this.nodesOf(instance))) {
      const open = node.dependsOn.every((dependency) => states.get(dependency) === 'ready');
      states.set(node.name, this.advance(node, open));
    }
    this.settle(instance, settled, states);
  }

  goBack(instance: RenderedInstance, left: readonly Ordered[]): void {
    const settled = this.surround(instance);
    const states = new Map<string, NodeState>();
    let complete = true;
    for (const { name, node, again, after } of inOrderBack(this.nodesOf(instance), left)) {
      const open = (again || complete) && after.every((earlier) => isBack(states.get(earlier)));
      const state = node ? this.advance(node, open) : this.leave(name, open);
      states.set(name, state);
      if (again && !isBack(state)) complete = false;
    }
    this.settle(instance, settled, states);
  }

  /** Everything is in the namespace; it goes, and everything with it. */
  dismantle(): void {
    let left = false;
    for (const object of this.sight.all()) {
      left = true;
      if (object.kind === 'Namespace' && !isTerminating(object)) this.remove(object);
    }
    if (left) return;
    for (const resource of [...this.resources.values()].filter(isThere)) {
      left = true;
      // One that is thrown away after a failure would be tried again.
      if (resource.status !== 'leaving' || resource.failure) this.actions.push({ type: 'release', node: resource.node });
    }
    if (left) return;
    for (const node of this.operation.started.waves.flat().toReversed())
      this.record({ type: 'NodeDeleted', data: { ...this.ids, node } });
    this.record({ type: 'OperationSucceeded', data: this.ids });
  }

  /** What is around the nodes, with room for both versions. Answers whether all nodes are as they should be. */
  private surround(instance: RenderedInstance): boolean {
    for (const object of instance.surroundings) this.applyIfDifferent(object);
    const settled = instance.nodes.every((node) => this.stands(node));
    if (!settled) this.applyIfDifferent(instance.quota.changing);
    return settled;
  }

  /** The end, as soon as every node is there and nothing else. */
  private settle(instance: RenderedInstance, settled: boolean, states: ReadonlyMap<string, NodeState>): void {
    if (this.isOver) return;
    if (![...states.values()].every((state) => state === 'ready')) return;
    if (settled) this.applyIfDifferent(instance.quota.settled);
    const leftovers = this.removeLeftovers(instance);
    const open = this.actions.some((action) => action.type !== 'record');
    if (open || leftovers) return;
    const { rollback, started } = this.operation;
    if (rollback && started.fallback) {
      const { versionId, versionNumber, snapshot } = started.fallback;
      const to = { versionId, versionNumber, snapshot };
      this.record({ type: 'OperationRolledBack', data: { ...this.ids, ...rollback, to } });
    } else this.record({ type: 'OperationSucceeded', data: this.ids });
  }

  /** @param open whether its turn has come */
  private advance(node: RenderedNode | CloudNode, open: boolean): NodeState {
    if (this.isOver) return 'blocked';
    if (node.category === 'cloud') return this.advanceCloud(node, open);
    if (node.category === 'init' && this.isDone(node.name)) return 'ready';
    if (!open) return 'blocked';
    if (this.isIdle(node)) return this.putAway(node.name);
    if (!this.canRead(node)) return 'blocked';
    return node.category === 'init' ? this.advanceInit(node) : this.advanceWorkload(node);
  }

  private advanceCloud({ name: node, spec }: CloudNode, open: boolean): NodeState {
    const resource = this.resources.get(node);
    const { operationId } = this.ids;
    if (resource?.status === 'bound' && resource.spec.specHash === spec.specHash) {
      const unchanged = resource.operationId !== operationId;
      this.record({ type: 'NodeBecameReady', data: { ...this.ids, node, ...(unchanged && { unchanged }) } });
      return 'ready';
    }
    // Whoever starts the instance asks for it.
    if (this.desired.stopped && !(resource && 'credentials' in resource)) return 'ready';
    if (!open) return 'blocked';
    const reason = failureFor(resource, operationId, spec.specHash);
    if (reason !== undefined) return this.fail(cloudRefused(node, reason));
    if (!resource || !isThere(resource) || resource.status === 'bound') {
      this.actions.push({ type: 'want', node, spec });
      return 'changing';
    }
    if (isLeft(resource, operationId, spec.specHash)) return this.waitUntilGone(resource);
    const { deadline } = this.desired.clock;
    const waits = resource.delay ?? `${spec.service} "${spec.plan}" is on its way`;
    this.record({ type: 'NodeWaiting', data: { ...this.ids, node, code: 'being-provided', reason: waits, deadline } });
    return 'changing';
  }

  /** Nobody else watches over that: its provider may never remove it. */
  private waitUntilGone({ node, delay }: Resource): NodeState {
    const { now, deadline, nodeTimeoutMs } = this.desired.clock;
    const reason = delay ?? 'the resource that it had before is on its way out';
    this.record({ type: 'NodeWaiting', data: { ...this.ids, node, code: 'being-removed', reason, deadline } });
    const { deadline: until = deadline } = progressOf(this.operation, node);
    return until <= now ? this.fail(stillThere(node, nodeTimeoutMs, delay)) : 'changing';
  }

  /** What the node reads of cloud nodes is there. */
  private canRead({ name }: RenderedNode): boolean {
    for (const { node, field } of this.desired.reads?.get(name) ?? []) {
      const resource = this.resources.get(node);
      if (!resource || !('credentials' in resource)) return false;
      if (resource.credentials.includes(field)) continue;
      this.fail(credentialMissing(name, node, field, resource.credentials));
      return false;
    }
    return true;
  }

  /** Nothing is to run, and what it would read is not there: it can't be made, and need not. */
  private isIdle({ name }: RenderedNode): boolean {
    const reads = this.desired.reads?.get(name) ?? [];
    return this.desired.stopped === true && !reads.every(({ node, field }) => isReadable(this.resources.get(node), field));
  }

  /** What of it stands from another version, goes. */
  private putAway(node: string): NodeState {
    const left = this.remains(node);
    for (const object of left) if (isOurs(object) && !isTerminating(object)) this.remove(object, node);
    return left.length > 0 ? 'changing' : 'ready';
  }

  private remains(node: string): readonly ClusterObject[] {
    return this.sight.ofNode(node).filter((object) => isOurs(object) || object.kind === 'Pod');
  }

  private nodesOf({ nodes }: RenderedInstance): (RenderedNode | CloudNode)[] {
    return [...nodes, ...(this.desired.cloud ?? [])];
  }

  /** A node that the version led back to does not have. */
  private leave(node: string, open: boolean): NodeState {
    if (this.isOver || !open) return 'blocked';
    const state = this.putAway(node);
    if (state === 'ready') this.record({ type: 'NodeDeleted', data: { ...this.ids, node } });
    return state;
  }

  private advanceWorkload(node: RenderedNode): NodeState {
    const missing = node.objects.filter((object) => !this.sight.has(object));
    for (const object of missing) this.apply(object, node.name);
    if (missing.length > 0) return 'changing';

    const touched = this.sight.wasTouched(node.objects);
    if (touched) this.recordApplied(node);
    if (!this.sight.isRolledOut(node)) return this.isOverridden(node.name) ? 'ready' : this.wait(node);

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
    const { deadline: newDeadline, slowDeadline } = this.desired.clock;
    const { deadline, applied } = progressOf(this.operation, node.name);
    const visible = isTrouble(trouble) || (deadline !== undefined && deadline <= slowDeadline);
    if (visible || deadline === undefined) {
      const giveUpAt = this.patienceFor(trouble.code)?.until;
      const data = {
        ...this.ids,
        node: node.name,
        ...trouble,
        deadline: newDeadline,
        ...(giveUpAt !== undefined && { giveUpAt }),
      };
      this.record({ type: 'NodeWaiting', data });
    }
    const failure = this.failureOf(node, trouble);
    if (failure) return this.fail(failure);
    // What an init node does is done, or it is not.
    if (node.category === 'init') return 'changing';
    return visible || applied === undefined ? 'waiting' : 'changing';
  }

  /** What becomes of waiting for too long. */
  private failureOf(node: RenderedNode, wait: Trouble): Failure | undefined {
    const { now, nodeTimeoutMs } = this.desired.clock;
    const { deadline, waits, giveUpAt } = progressOf(this.operation, node.name);
    const late = { name: node.name, category: node.category, image: node.image, wait };
    if (deadline !== undefined && deadline <= now) return tooLate({ ...late, waited: nodeTimeoutMs });
    const patience = this.patienceFor(wait.code);
    const until = giveUpAt[wait.code];
    if (patience && until !== undefined && until <= now) return tooLate({ ...late, waited: patience.ms });
    return waits >= MAX_WAITS ? unstable(node.name, wait.reason) : undefined;
  }

  /** Less than the full time only where there is something to go back to: what leads nowhere else is waited for to the end. */
  private patienceFor(code: WaitCode) {
    const { started, rollback } = this.operation;
    return started.fallback && !rollback ? this.desired.clock.patience[code] : undefined;
  }

  private failInit(node: RenderedNode, reason: string): NodeState {
    this.record({ type: 'InitNodeFailed', data: { ...this.ids, node: node.name, reason } });
    return this.fail(initFailed(node.name, reason));
  }

  /** The end of it, or of its way forward: what this round was about to do is not done. */
  private fail(failure: Failure): NodeState {
    const fact = consequenceOf(this.operation, failure);
    this.record(fact);
    this.turned = fact.type === 'RollbackStarted';
    this.actions = this.actions.filter((action) => action.type === 'record');
    return 'blocked';
  }

  private get isOver(): boolean {
    return this.turned || this.operation.status !== 'running';
  }

  /** Objects of the instance that its version does not know (any more). Answers whether there are any. */
  private removeLeftovers(instance: RenderedInstance): boolean {
    const wanted = new Set(
      [...instance.surroundings, instance.quota.settled, ...instance.nodes.flatMap((node) => node.objects)].map(({ object }) =>
        keyOf(object),
      ),
    );
    const names = new Set(this.nodesOf(instance).map((node) => node.name));
    const initNodes = new Set(instance.nodes.filter((node) => node.category === 'init').map((node) => node.name));
    const leaving = new Set<string>();
    for (const object of this.sight.all()) {
      const node = nodeOf(object);
      if (wanted.has(keyOf(object)) || !isOurs(object)) continue;
      // What an init node left behind stays: its Job is where its log is read.
      if (node !== undefined && initNodes.has(node) && (object.kind === 'Job' || object.kind === 'Secret')) continue;
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
    for (const node of removesOf(this.operation))
      if (!names.has(node) && !leaving.has(node)) this.record({ type: 'NodeDeleted', data: { ...this.ids, node } });
  }

  /** Completed for good, or standing as it should. */
  private stands(node: RenderedNode): boolean {
    if (node.category === 'init') return this.isDone(node.name) || this.sight.job(node.name)?.state === 'complete';
    if (this.isOverridden(node.name)) return true;
    if (this.isIdle(node)) return this.remains(node.name).length === 0;
    return node.objects.every((object) => this.sight.has(object)) && this.sight.isRolledOut(node);
  }

  /** It has completed, somebody has said that it is as good as that, or its time has not come. */
  private isDone(node: string): boolean {
    return this.isCompleted(node) || this.isOverridden(node) || this.desired.stopped === true;
  }

  private isOverridden(node: string): boolean {
    return this.operation.overridden.has(node);
  }

  private isCompleted(node: string): boolean {
    return this.desired.completedInit.has(node) || this.operation.completedInit.has(node);
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

/** Nothing that comes after it on a way back has to wait for it: what it waits for may be that. */
const isBack = (state: NodeState | undefined): boolean => state === 'ready' || state === 'waiting';

/**
 * Kinds that this platform makes; pods and replica sets go with their owners. Not the claim of an instance's storage: what a version no longer
 * mounts is kept as long as the instance lives.
 */
const ownKinds: ReadonlySet<string> = new Set([
  'Deployment',
  'StatefulSet',
  'Job',
  'Service',
  'Secret',
  'ConfigMap',
  'NetworkPolicy',
  'ResourceQuota',
  'ServiceAccount',
]);

const isReadable = (resource: Resource | undefined, field: string): boolean =>
  resource !== undefined && 'credentials' in resource && resource.credentials.includes(field);

const isOurs = (object: ClusterObject): boolean => ownKinds.has(object.kind);

const isJob = ({ object }: RenderedObject): boolean => object.kind === 'Job';
