import { Injectable } from '@nestjs/common';
import { AuthorizationQueries, ReleaseQueries, type Snapshot, type SnapshotConfiguration } from '@souk/contracts';
import { Clock, NameRegistry } from '@souk/platform';
import { SecretVault } from '@souk/secrets';
import { following, inSpan, isTracing } from '@souk/tracing';
import { inSlices, type Loaded } from '@souk/event-sourcing';
import { type Topology, waveSteps } from '@souk/topology';
import { cloudNodesOf, credentialsReadIn } from '../../domain/cloud/cloud-node';
import type { Ordered } from '../../domain/operations/deploy-order';
import { needsCapacity, type Observed } from '../../domain/operations/observe';
import { type Instance, type KnownInstance, operationOf, type RunningOperation } from '../../domain/instances/instance';
import {
  changesVersion,
  consequenceOf,
  leadsBack,
  nextDeadline,
  nextGivingUp,
  type StartedOperation,
} from '../../domain/operations/operation';
import type { Fallback, OperationFact, OperationStarted, StallCode } from '../../domain/operations/operation.events';
import { type Action, type Clock as Moment, type Desired, plan } from '../../domain/operations/plan';
import { unrenderable } from '../../domain/render/unrenderable';
import { CloudResources } from '../cloud/cloud-resources';
import { AddressBinding } from './address-binding';
import { type ClusterWorkplace, NotOurs } from '../clusters/cluster-workplace';
import { DeploymentSettings } from '../deployment-settings';
import type { Drawing } from '../plans/drawing';
import { Drawings } from '../plans/drawings';
import { HostGrants } from './host-grants';
import { IdentityBinding } from './identity-binding';
import { OperationCauses } from '../operation-causes';
import { type Entry, OperationJournal } from './operation-journal';
import { suppliedName } from '../secrets/sealed-values';
import { Renderings } from '../plans/renderings';
import { InstanceServices } from '../services/services';
import type { Outcome } from '../work-queue';

/** Rounds of observe, plan, apply in one turn of an instance; what is left then waits for its next turn. */
const MAX_ROUNDS = 25;

const NOTHING: ReadonlySet<string> = new Set();

/** A version as far as an instance is concerned. */
interface Frozen {
  readonly snapshot: Snapshot;
  readonly configuration: SnapshotConfiguration;
}

type Working = Loaded<Extract<KnownInstance, { readonly operation: RunningOperation }>>;

/** An instance that is worked on, with what its operation is about. */
interface Job {
  readonly instance: KnownInstance;
  /** As of when the instance is known. */
  readonly revision: number;
  readonly wanted: Frozen;
  /** What ran before, where the operation leads from one version to another. */
  readonly before?: Frozen;
}

/** A node that takes its time is no news; from here on it is said what it waits for. Milliseconds. */
const slowAfter = (nodeTimeoutMs: number): number => Math.min(10_000, nodeTimeoutMs / 2);

/**
 * One turn of an instance: loads what is true, observes, plans, applies, records, until there is only to wait. Holds nothing between two
 * turns that matters: whoever calls it next, in this process or after a crash in another one, goes on from what is recorded and what the
 * cluster shows.
 */
@Injectable()
export class InstanceWork {
  constructor(
    private readonly journal: OperationJournal,
    private readonly identity: IdentityBinding,
    private readonly causes: OperationCauses,
    private readonly releases: ReleaseQueries,
    private readonly authorization: AuthorizationQueries,
    private readonly names: NameRegistry,
    private readonly vault: SecretVault,
    private readonly renderings: Renderings,
    private readonly drawings: Drawings,
    private readonly resources: CloudResources,
    private readonly addresses: AddressBinding,
    private readonly grants: HostGrants,
    private readonly services: InstanceServices,
    private readonly clock: Clock,
    private readonly settings: DeploymentSettings,
  ) {}

  /** @throws what a cluster or another service throws; to be called again after a pause */
  async turn(instanceId: string, workplace: ClusterWorkplace): Promise<Outcome> {
    const loaded = await this.journal.instance(instanceId);
    if (!isWorking(loaded)) return { done: true };
    const { operationId } = loaded.state.operation;
    const traceparent = isTracing() ? await this.causes.traceparent(instanceId, operationId) : undefined;
    return following(traceparent, () => this.work(loaded, workplace));
  }

  private async work(loaded: Working, workplace: ClusterWorkplace): Promise<Outcome> {
    const instance = loaded.state;
    for (const cutShort of instance.preempted ?? []) await this.journal.preempt(cutShort, instance.operation);
    if (instance.suspended && instance.status !== 'deleting') {
      await this.stall(instance.instanceId, 'suspended', instance.suspended.reason);
      return {};
    }
    const job = await this.jobOf(loaded);
    const entry = (await this.journal.operation(instance.operation.operationId)) ?? (await this.start(job, instance.operation));
    const after = entry.operation.status === 'running' ? await this.advance(job, entry, workplace) : entry;
    if (after.operation.status !== 'running') {
      await this.finish(job, after, workplace);
      return { done: true };
    }
    const lookAgainAt = this.nextLook(after);
    return lookAgainAt === undefined ? {} : { lookAgainAt };
  }

  /** The cluster is another replica's from here on. A last call may have been sent too late, for an instance that is gone by now. */
  async letGo(instanceId: string, workplace: ClusterWorkplace): Promise<void> {
    const { state } = await this.journal.instance(instanceId);
    if (state.status === 'deleted') await workplace.removeNamespace(instanceId);
  }

  /** When a node becomes slow, and after that its deadline; or when some trouble has lasted too long. */
  private nextLook({ operation }: Entry): string | undefined {
    const now = this.clock.now();
    const givingUp = nextGivingUp(operation, now.toISOString());
    const deadline = nextDeadline(operation);
    if (deadline === undefined) return givingUp;
    const { nodeTimeoutMs } = this.settings;
    const slowAt = Date.parse(deadline) - nodeTimeoutMs + slowAfter(nodeTimeoutMs);
    const next = slowAt > now.getTime() ? new Date(slowAt).toISOString() : deadline;
    return givingUp !== undefined && givingUp < next ? givingUp : next;
  }

  /** Nothing can be done for now: said once, in the record of the operation. */
  async stall(instanceId: string, code: StallCode, reason: string): Promise<void> {
    const loaded = await this.journal.instance(instanceId);
    if (!isWorking(loaded)) return;
    const { operation } = loaded.state;
    const { operationId } = operation;
    const entry = (await this.journal.operation(operationId)) ?? (await this.start(await this.jobOf(loaded), operation));
    await this.journal.record(entry, { type: 'OperationStalled', data: { operationId, instanceId, code, reason } });
  }

  private async jobOf({ state: instance, revision }: Working): Promise<Job> {
    const wanted = await this.frozen(instance.wanted.snapshot, instance);
    const { status, running } = instance;
    const isChange = status === 'upgrading' || status === 'rolling-back' || status === 'retrying';
    if (!running || !isChange) return { instance, revision, wanted };
    return { instance, revision, wanted, before: await this.frozen(running.snapshot, instance) };
  }

  private async frozen(digest: string, { instanceId, configuration: name }: KnownInstance): Promise<Frozen> {
    const snapshot = await this.releases.snapshot(digest);
    const configuration = snapshot?.configurations.find((known) => known.name === name);
    if (!snapshot || !configuration) throw new Error(`snapshot ${digest} of instance "${instanceId}" can't be read`);
    return { snapshot, configuration };
  }

  private async start(job: Job, { operationId, kind }: RunningOperation): Promise<Entry> {
    const { instance, wanted, before } = job;
    const { instanceId, ownerTenant, providerTenant, clusterId, running } = instance;
    const names = new Set(wanted.configuration.topology.nodes.map((node) => node.serviceName));
    const removes = before?.configuration.topology.nodes.map((node) => node.serviceName).filter((name) => !names.has(name)) ?? [];
    const fallback = await this.fallbackOf(job);
    const data: OperationStarted['data'] = {
      ...{ operationId, instanceId, ownerTenant, providerTenant, clusterId, kind, snapshot: instance.wanted.snapshot },
      waves: await inSlices(waveSteps(wanted.configuration.topology)),
      ...(before && running && { fromSnapshot: running.snapshot }),
      ...(removes.length > 0 && { removes }),
      ...(fallback && { fallback }),
    };
    return this.journal.start(data);
  }

  /** What ran well, as it is now, before anything is changed. */
  private async fallbackOf({ instance, before }: Job): Promise<Fallback | undefined> {
    if (!before || !('from' in instance)) return undefined;
    const { versionId, versionNumber, snapshot } = instance.from;
    const grants = (await this.authorization.credentialOf(instance.instanceId))?.grants ?? before.snapshot.permissions;
    const waves = await inSlices(waveSteps(before.configuration.topology));
    return { versionId, versionNumber, snapshot, waves, grants };
  }

  private async advance(job: Job, started: Entry, workplace: ClusterWorkplace): Promise<Entry> {
    let entry = await this.grants.uphold(job, started);
    if (entry.operation.status !== 'running') return entry;
    entry = await this.addresses.take(job, await this.settleIdentity(job, entry));
    if (entry.operation.status !== 'running') return entry;
    const { instanceId } = job.instance;
    // Before the cluster is asked for anything: one that is lost for good keeps no database alive.
    if (entry.operation.started.kind === 'delete') await this.releaseAllBut(NOTHING, job, entry, workplace);
    await workplace.ready();
    entry = await this.journal.record(entry, { type: 'OperationContinued', data: idsOf(entry) });
    const drawing = this.drawings.take(instanceId);
    try {
      return await this.rounds(job, entry, drawing, workplace);
    } finally {
      this.drawings.keep(instanceId, drawing);
    }
  }

  /** Until there is only to wait. */
  private async rounds(job: Job, continued: Entry, drawing: Drawing, workplace: ClusterWorkplace): Promise<Entry> {
    const { instanceId } = job.instance;
    let entry = continued;
    let lookedAgain = false;
    for (let round = 0; round < MAX_ROUNDS && entry.operation.status === 'running'; round++) {
      const { suspended, status } = await this.stillOurs(job, entry, workplace);
      if (suspended && status !== 'deleting') {
        const stall = { code: 'suspended', reason: suspended.reason } as const;
        return this.journal.record(entry, { type: 'OperationStalled', data: { ...idsOf(entry), ...stall } });
      }
      const observed = await this.observe(job, workplace);
      const desired = await this.desired(job, entry, drawing).catch(unrenderable);
      if ('failure' in desired) {
        entry = await this.journal.record(entry, consequenceOf(entry.operation, desired.failure));
        continue;
      }
      const actions = plan(desired, observed);
      if (actions.length === 0) return entry;
      if (!lookedAgain && actions.some(givesUp)) {
        lookedAgain = true;
        await workplace.lookAgain(instanceId);
        continue;
      }
      entry = await inSpan('reconcile', { attributes: attributesOf(entry, actions) }, () =>
        this.carryOut(actions, observed, job, entry, workplace),
      );
    }
    return entry;
  }

  /**
   * The instance, as long as the operation is the one under way, and its cluster is ours. A turn that has stood still meanwhile has seen what is
   * not so any more.
   * @throws NotOurs
   */
  private async stillOurs(job: Job, { operation: { started } }: Entry, workplace: ClusterWorkplace): Promise<KnownInstance> {
    workplace.assertOurs();
    const instance = await this.journal.now(started.instanceId, loadedIn(job));
    if (instance.status === 'unknown' || operationOf(instance)?.operationId !== started.operationId) throw new NotOurs();
    return instance;
  }

  private async settleIdentity({ instance, wanted }: Job, entry: Entry): Promise<Entry> {
    const { operation } = entry;
    if (operation.started.kind === 'delete') {
      if (operation.revoked) return entry;
      await this.identity.revoke(instance, operation);
      return this.journal.record(entry, { type: 'CredentialUnbound', data: idsOf(entry) });
    }
    if (operation.credential) return entry;
    const { appKey, secretVersion } = await this.identity.bind(instance, operation, wanted.snapshot);
    return this.journal.record(entry, { type: 'CredentialBound', data: { ...idsOf(entry), appKey, secretVersion } });
  }

  private async desired(job: Job, { operation }: Entry, drawing: Drawing): Promise<Desired> {
    const { instance } = job;
    const { completedInit, stopped } = instance;
    const clock = this.moment();
    if (operation.started.kind === 'delete' || !operation.credential) return { operation, completedInit, clock };
    const { to, from } = directionOf(job, operation);
    const { credential } = operation;
    const { configuration, snapshot } = to;
    const wanted = { configuration, permissions: snapshot.permissions, credential, ...(from && { before: from.configuration }) };
    const rendered = await drawing.of(await this.renderings.inputOf(instance, wanted));
    const left = this.leftBehind(operation, from ?? to);
    const { topology } = to.configuration;
    const cloud = cloudNodesOf(topology);
    return {
      ...{ instance: rendered, operation, completedInit, stopped, clock },
      ...(cloud.length > 0 && { cloud, reads: credentialsReadIn(topology) }),
      ...(left && { left }),
    };
  }

  /** Nodes whose order is followed the other way round. */
  private leftBehind(operation: StartedOperation, { configuration }: Frozen): Ordered[] | undefined {
    return leadsBack(operation) ? orderOf(configuration.topology) : undefined;
  }

  private moment(): Moment {
    const now = this.clock.now().getTime();
    const { nodeTimeoutMs, patienceMs } = this.settings;
    const at = (ms: number) => new Date(now + ms).toISOString();
    const patience = Object.entries(patienceMs).map(([code, ms]) => [code, { ms, until: at(ms) }] as const);
    return {
      ...{ now: at(0), deadline: at(nodeTimeoutMs), slowDeadline: at(nodeTimeoutMs - slowAfter(nodeTimeoutMs)), nodeTimeoutMs },
      patience: Object.fromEntries(patience),
    };
  }

  private async observe(job: Job, workplace: ClusterWorkplace): Promise<Observed> {
    const { instanceId } = job.instance;
    const objects = workplace.objectsOf(instanceId);
    return {
      objects,
      ...(needsCapacity(objects) && { hosts: await workplace.hosts() }),
      ...(concernsResources(job) && { resources: (await this.resources.of(instanceId)).byNode }),
    };
  }

  private async carryOut(
    actions: readonly Action[],
    { objects }: Observed,
    job: Job,
    entry: Entry,
    workplace: ClusterWorkplace,
  ): Promise<Entry> {
    const facts: OperationFact[] = [];
    for (const action of actions) if (action.type === 'record') facts.push(action.fact);
    workplace.assertOurs();
    const proofs = await this.beforeEnd(facts, job, entry, workplace);
    if (!proofs) return entry;
    const recorded = await this.journal.record(entry, ...proofs, ...facts);
    await this.askForResources(actions, job, entry, workplace);
    const { secrets } = directionOf(job, entry.operation).to.configuration.topology;
    const refusal = await workplace.carryOut(actions, objects, job.instance, secrets);
    if (!refusal) return recorded;
    if (entry.operation.started.kind === 'delete') throw refusal.error;
    const { node, reason } = refusal;
    const failure = { code: 'refused', reason, ...(node !== undefined && { node }) } as const;
    return this.journal.record(recorded, consequenceOf(recorded.operation, failure));
  }

  /** They are made by others, on nobody's cluster. */
  private async askForResources(actions: readonly Action[], job: Job, entry: Entry, workplace: ClusterWorkplace): Promise<void> {
    const { instance } = job;
    const { operationId } = entry.operation.started;
    for (const action of actions) {
      if (action.type !== 'want' && action.type !== 'release') continue;
      await this.stillOurs(job, entry, workplace);
      if (action.type === 'want') await this.resources.want(instance, operationId, action.node, action.spec);
      if (action.type === 'release') await this.resources.release(instance.instanceId, operationId, action.node);
    }
  }

  /**
   * What must be so before it is said that the operation has come to a good end. Answers what was seen of that; `undefined` where it is not so
   * any more, and there is to be looked again.
   */
  private async beforeEnd(
    facts: readonly OperationFact[],
    { instance, wanted }: Job,
    { operation }: Entry,
    workplace: ClusterWorkplace,
  ): Promise<OperationFact[] | undefined> {
    const proofs: OperationFact[] = [];
    for (const { type } of facts) {
      if (type === 'OperationRolledBack') await this.identity.restore(instance, operation);
      if (type !== 'OperationSucceeded') continue;
      const { kind, operationId, instanceId } = operation.started;
      if (kind === 'delete') {
        const kinds = await workplace.assertNothingLeft(instanceId);
        if (!(await this.resources.close(instance, operationId, hasCloudNodes(wanted)))) return undefined;
        proofs.push({ type: 'InventoryFoundEmpty', data: { operationId, instanceId, kinds } });
      } else await this.identity.settle(instance, operation, wanted.snapshot);
    }
    return proofs;
  }

  /** What runs for good offers its services to others; what is gone does not. */
  private async settleServices(job: Job, entry: Entry, workplace: ClusterWorkplace): Promise<void> {
    const { instance } = job;
    const { instanceId } = instance;
    const { started, status } = entry.operation;
    if (status !== 'succeeded') return;
    const call = await this.causes.context(instanceId, started.operationId, 'settle-services');
    if (started.kind === 'delete') return this.services.withdraw(instance, call);
    const { snapshot } = await this.frozen(started.snapshot, instance);
    return this.services.settle(instance, snapshot.permissions, call, () => this.stillOurs(job, entry, workplace));
  }

  private releaseAllBut(kept: ReadonlySet<string>, job: Job, entry: Entry, workplace: ClusterWorkplace): Promise<void> {
    const { operationId } = entry.operation.started;
    const { instanceId } = job.instance;
    return this.resources.releaseAllBut(instanceId, operationId, kept, () => this.stillOurs(job, entry, workplace));
  }

  /**
   * Everything after the last word about the cluster. Each step may be repeated, as long as no other operation has begun: what is free by then
   * may be that one's.
   * @throws NotOurs
   */
  private async finish(job: Job, entry: Entry, workplace: ClusterWorkplace): Promise<void> {
    const { instance } = job;
    const { started, status } = entry.operation;
    const { kind, operationId } = started;
    // Only now: what is released is lost, and until here everything might have led back.
    if (kind !== 'delete' && (status === 'succeeded' || status === 'rolled-back')) {
      const { topology } = directionOf(job, entry.operation).to.configuration;
      const kept = new Set(cloudNodesOf(topology).map(({ name }) => name));
      await this.releaseAllBut(kept, job, entry, workplace);
    }
    await this.addresses.settle(job, entry, () => this.stillOurs(job, entry, workplace));
    await this.settleServices(job, entry, workplace);
    if (kind === 'delete') {
      const { instanceId, ownerTenant, name, secrets } = instance;
      for (const secret of secrets) await this.vault.delete(ownerTenant, suppliedName(instanceId, secret));
      const call = await this.causes.context(instanceId, operationId, 'release-name');
      await this.names.release({ kind: 'instance', tenant: ownerTenant, name }, instanceId, call);
    }
    await this.journal.conclude(instance.instanceId, loadedIn(job), entry);
  }
}

const isWorking = (loaded: Loaded<Instance>): loaded is Working => 'operation' in loaded.state;

const loadedIn = ({ instance, revision }: Job): Loaded<Instance> => ({ state: instance, revision });

/** Whether there are managed resources in it. A delete finds also those of versions that never ran. */
function concernsResources({ instance, wanted, before }: Job): boolean {
  return instance.status === 'deleting' || [wanted, before].some((version) => version && hasCloudNodes(version));
}

const hasCloudNodes = ({ configuration: { topology } }: Frozen): boolean =>
  topology.nodes.some(({ category }) => category === 'cloud');

/** Where the operation leads at the moment, and where from. */
function directionOf({ wanted, before }: Job, { started, rollback }: StartedOperation): { to: Frozen; from?: Frozen } {
  if (!changesVersion(started) || !before) return { to: wanted };
  return rollback ? { to: before, from: wanted } : { to: wanted, from: before };
}

function orderOf({ nodes, arrows }: Topology): Ordered[] {
  const dependencies = new Map<string, string[]>(nodes.map(({ serviceName }) => [serviceName, []]));
  for (const { from, to } of arrows) dependencies.get(from)?.push(to);
  return [...dependencies].map(([name, dependsOn]) => ({ name, dependsOn }));
}

function givesUp(action: Action): boolean {
  return action.type === 'record' && (action.fact.type === 'RollbackStarted' || action.fact.type === 'OperationFailed');
}

function attributesOf({ operation: { started } }: Entry, actions: readonly Action[]) {
  const { instanceId, operationId, clusterId, kind } = started;
  return {
    'souk.instance': instanceId,
    'souk.operation': operationId,
    'souk.operation.kind': kind,
    'souk.cluster': clusterId,
    'souk.actions': actions.length,
  };
}

function idsOf({ operation: { started } }: Entry) {
  return { operationId: started.operationId, instanceId: started.instanceId };
}
