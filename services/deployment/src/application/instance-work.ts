import { Injectable } from '@nestjs/common';
import { ReleaseQueries, type Snapshot, type SnapshotConfiguration } from '@souk/contracts';
import { Clock, NameRegistry } from '@souk/platform';
import { SecretVault } from '@souk/secrets';
import { wavesOf } from '@souk/topology';
import { needsCapacity, type Observed } from '../domain/observe';
import { type KnownInstance, type RunningOperation } from '../domain/instance';
import { nextDeadline } from '../domain/operation';
import type { OperationFact, OperationStarted } from '../domain/operation.events';
import { type Action, type Desired, plan } from '../domain/plan';
import { renderInstance } from '../domain/render/render-instance';
import type { ClusterWorkplace } from './cluster-workplace';
import { DeploymentSettings } from './deployment-settings';
import { IdentityBinding } from './identity-binding';
import { OperationCauses } from './operation-causes';
import { type Entry, OperationJournal } from './operation-journal';
import { suppliedName } from './sealed-values';
import type { Outcome } from './work-queue';

/** Rounds of observe, plan, apply in one turn of an instance; what is left then waits for its next turn. */
const MAX_ROUNDS = 25;

/** An instance that is worked on, with what its operation is about. */
interface Job {
  readonly instance: KnownInstance;
  readonly snapshot: Snapshot;
  readonly configuration: SnapshotConfiguration;
}

/** A node that takes its time is no news; from here on it is said what it waits for. Milliseconds. */
const slowAfter = (nodeTimeoutMs: number): number => Math.min(10_000, nodeTimeoutMs / 2);

/**
 * One turn of an instance: loads what is true, observes, plans, applies, records, until there is only to wait. Holds nothing between two
 * turns: whoever calls it next, in this process or after a crash in another one, goes on from what is recorded and what the cluster shows.
 */
@Injectable()
export class InstanceWork {
  constructor(
    private readonly journal: OperationJournal,
    private readonly identity: IdentityBinding,
    private readonly causes: OperationCauses,
    private readonly releases: ReleaseQueries,
    private readonly names: NameRegistry,
    private readonly vault: SecretVault,
    private readonly clock: Clock,
    private readonly settings: DeploymentSettings,
  ) {}

  /** @throws what a cluster or another service throws; to be called again after a pause */
  async turn(instanceId: string, workplace: ClusterWorkplace): Promise<Outcome> {
    const instance = await this.journal.instance(instanceId);
    if (!('operation' in instance)) return { done: true };
    if (instance.status === 'deleting' && instance.preempted !== undefined)
      await this.journal.preempt(instance.preempted, instance.operation);
    const job = await this.jobOf(instance);
    const entry = (await this.journal.operation(instance.operation.operationId)) ?? (await this.start(job, instance.operation));
    const after = entry.operation.status === 'running' ? await this.advance(job, entry, workplace) : entry;
    if (after.operation.status !== 'running') {
      await this.finish(instance, after);
      return { done: true };
    }
    const deadline = nextDeadline(after.operation);
    return deadline === undefined ? {} : { lookAgainAt: this.nextLook(deadline) };
  }

  /** When a node with this deadline becomes slow, and after that the deadline itself. */
  private nextLook(deadline: string): string {
    const { nodeTimeoutMs } = this.settings;
    const slowAt = Date.parse(deadline) - nodeTimeoutMs + slowAfter(nodeTimeoutMs);
    return slowAt > this.clock.now().getTime() ? new Date(slowAt).toISOString() : deadline;
  }

  /** The cluster does not answer: said once, in the record of the operation. */
  async stall(instanceId: string, code: 'cluster-unreachable' | 'cluster-refuses', reason: string): Promise<void> {
    const instance = await this.journal.instance(instanceId);
    if (!('operation' in instance)) return;
    const { operationId } = instance.operation;
    const entry =
      (await this.journal.operation(operationId)) ?? (await this.start(await this.jobOf(instance), instance.operation));
    await this.journal.record(entry, { type: 'OperationStalled', data: { operationId, instanceId, code, reason } });
  }

  private async jobOf(instance: KnownInstance): Promise<Job> {
    const snapshot = await this.releases.snapshot(instance.wanted.snapshot);
    const configuration = snapshot && configurationOf(snapshot, instance);
    if (!configuration)
      throw new Error(`snapshot ${instance.wanted.snapshot} of instance "${instance.instanceId}" can't be read`);
    return { instance, snapshot, configuration };
  }

  private async start({ instance, configuration }: Job, { operationId, kind }: RunningOperation): Promise<Entry> {
    const { instanceId, ownerTenant, providerTenant, clusterId, wanted, running } = instance;
    const before = kind === 'upgrade' ? await this.configurationBefore(running?.snapshot, instance) : undefined;
    const names = new Set(configuration.topology.nodes.map((node) => node.serviceName));
    const removes = before?.topology.nodes.map((node) => node.serviceName).filter((name) => !names.has(name)) ?? [];
    const data: OperationStarted['data'] = {
      ...{ operationId, instanceId, ownerTenant, providerTenant, clusterId, kind, snapshot: wanted.snapshot },
      waves: wavesOf(configuration.topology),
      ...(kind === 'upgrade' && running && { fromSnapshot: running.snapshot }),
      ...(removes.length > 0 && { removes }),
    };
    return this.journal.start(data);
  }

  private async advance(job: Job, started: Entry, workplace: ClusterWorkplace): Promise<Entry> {
    let entry = await this.settleIdentity(job, started);
    await workplace.ready();
    entry = await this.journal.record(entry, { type: 'OperationContinued', data: idsOf(entry) });
    for (let round = 0; round < MAX_ROUNDS && entry.operation.status === 'running'; round++) {
      const actions = plan(await this.desired(job, entry), await this.observe(job, workplace));
      if (actions.length === 0) return entry;
      entry = await this.carryOut(actions, job, entry, workplace);
    }
    return entry;
  }

  private async settleIdentity({ instance, snapshot }: Job, entry: Entry): Promise<Entry> {
    const { operation } = entry;
    if (operation.started.kind === 'delete') {
      if (operation.revoked) return entry;
      await this.identity.revoke(instance, operation);
      return this.journal.record(entry, { type: 'CredentialUnbound', data: idsOf(entry) });
    }
    if (operation.credential) return entry;
    const { appKey, secretVersion } = await this.identity.bind(instance, operation, snapshot);
    return this.journal.record(entry, { type: 'CredentialBound', data: { ...idsOf(entry), appKey, secretVersion } });
  }

  private async desired({ instance, configuration }: Job, { operation }: Entry): Promise<Desired> {
    const now = this.clock.now();
    const { nodeTimeoutMs } = this.settings;
    const deadline = now.getTime() + nodeTimeoutMs;
    const slowDeadline = new Date(deadline - slowAfter(nodeTimeoutMs)).toISOString();
    const clock = { now: now.toISOString(), deadline: new Date(deadline).toISOString(), slowDeadline, nodeTimeoutMs };
    const { completedInit } = instance;
    if (operation.started.kind === 'delete' || !operation.credential) return { operation, completedInit, clock };
    const before = await this.configurationBefore(operation.started.fromSnapshot, instance);
    const rendered = renderInstance({
      instanceId: instance.instanceId,
      name: instance.name,
      appId: instance.appId,
      configuration,
      ...(before && { before }),
      parameters: instance.parameters,
      identity: { ...operation.credential, apiUrl: this.settings.apiUrl() },
      restarts: instance.restarts,
    });
    return { instance: rendered, operation, completedInit, clock };
  }

  private async observe({ instance }: Job, workplace: ClusterWorkplace): Promise<Observed> {
    const objects = workplace.objectsOf(instance.instanceId);
    return needsCapacity(objects) ? { objects, hosts: await workplace.hosts() } : { objects };
  }

  private async carryOut(actions: readonly Action[], job: Job, entry: Entry, workplace: ClusterWorkplace): Promise<Entry> {
    const facts: OperationFact[] = [];
    for (const action of actions) if (action.type === 'record') facts.push(action.fact);
    if (facts.some((fact) => fact.type === 'OperationSucceeded')) await this.beforeSuccess(job, entry, workplace);
    const recorded = await this.journal.record(entry, ...facts);
    const refusal = await workplace.carryOut(actions, job.instance, job.configuration.topology.secrets);
    if (!refusal || entry.operation.started.kind === 'delete') {
      if (refusal) throw refusal.error;
      return recorded;
    }
    const { node, reason } = refusal;
    const data = { ...idsOf(entry), reason, ...(node !== undefined && { node }) };
    return this.journal.record(recorded, { type: 'OperationFailed', data });
  }

  private async beforeSuccess({ instance, snapshot }: Job, { operation }: Entry, workplace: ClusterWorkplace): Promise<void> {
    if (operation.started.kind === 'delete') await workplace.assertNothingLeft(instance.instanceId);
    else await this.identity.settle(instance, operation, snapshot);
  }

  /** Everything after the last word about the cluster. Each step may be repeated. */
  private async finish(instance: KnownInstance, entry: Entry): Promise<void> {
    const { kind, operationId } = entry.operation.started;
    if (kind === 'delete') {
      const { instanceId, ownerTenant, name, secrets } = instance;
      for (const secret of secrets) await this.vault.delete(ownerTenant, suppliedName(instanceId, secret));
      const call = await this.causes.context(instanceId, operationId, 'release-name');
      await this.names.release({ kind: 'instance', tenant: ownerTenant, name }, instanceId, call);
    }
    await this.journal.conclude(instance, entry);
  }

  private async configurationBefore(
    digest: string | undefined,
    instance: KnownInstance,
  ): Promise<SnapshotConfiguration | undefined> {
    const snapshot = digest === undefined ? undefined : await this.releases.snapshot(digest);
    return snapshot && configurationOf(snapshot, instance);
  }
}

function configurationOf(snapshot: Snapshot, { configuration }: KnownInstance): SnapshotConfiguration | undefined {
  return snapshot.configurations.find(({ name, hosting }) => name === configuration && hosting === 'edge');
}

function idsOf({ operation: { started } }: Entry) {
  return { operationId: started.operationId, instanceId: started.instanceId };
}
