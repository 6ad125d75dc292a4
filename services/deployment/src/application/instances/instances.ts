import { Injectable } from '@nestjs/common';
import {
  AuthorizationQueries,
  type CallContext,
  derivedId,
  DeploymentCommands,
  type InstanceRequest,
  ReleaseQueries,
  type ServiceDependency,
  type Snapshot,
  type SnapshotConfiguration,
} from '@souk/contracts';
import { type CommandContext, CommandHandler, type CommandOutcome } from '@souk/event-sourcing';
import { Clock, NameRegistry, NotFound } from '@souk/platform';
import { SecretVault } from '@souk/secrets';
import { isWithin, replicaRange } from '@souk/topology';
import type { Instance, KnownInstance } from '../../domain/instances/instance';
import { instance as instanceAggregate, type InstanceCommand } from '../../domain/instances/instance.decide';
import {
  ConfigurationNotDeployable,
  NodeKeepsState,
  ParametersInvalid,
  ReplicasOutOfRange,
  UnknownNodes,
  VersionNotFound,
  VersionOfAnotherApp,
} from '../../domain/instances/instance.errors';
import type { DriftPolicy, InstanceEvent, InstanceOrigin } from '../../domain/instances/instance.events';
import { lackingProblems } from '../../domain/instances/parameters';
import { beyond } from '../../domain/instances/permissions';
import { scaleProblems } from '../../domain/instances/scale';
import type { PlanRevisions } from '../../domain/plans/plan-revisions';
import { CloudProviders } from '../cloud/cloud-providers';
import { ClusterChoice } from '../clusters/cluster-choice';
import { ClusterObstacles } from '../clusters/cluster-obstacles';
import { Clusters } from '../clusters/clusters';
import { type Deployable, Deployables } from '../plans/deployables';
import { OperationCounts } from '../operations/operation-counts';
import { PlanFreshness } from '../plans/plan-freshness';
import { Reconciler } from '../operations/reconciler';
import { suppliedName } from '../secrets/sealed-values';
import { InstanceServices } from '../services/services';

/** What is asked for, wherever it comes from. */
type Wish = Omit<InstanceRequest, 'purchaseId' | 'versionId'> & Planned;

/** What was asked for on the grounds of a plan is refused when that does not hold any more. */
interface Planned {
  readonly plan?: PlanRevisions;
}

interface ChangeOfVersion extends Planned {
  readonly instanceId: string;
  readonly operationId: string;
  readonly versionId: string;
  readonly acceptPermissions: boolean;
}

/** An operation that is asked for. */
interface OfInstance {
  readonly instanceId: string;
  readonly operationId: string;
}

type Outcome = CommandOutcome<Instance, InstanceEvent>;

/** What owners of instances, and commerce on their behalf, ask for. The reconciler does it. */
@Injectable()
export class Instances extends DeploymentCommands {
  constructor(
    private readonly commands: CommandHandler,
    private readonly names: NameRegistry,
    private readonly vault: SecretVault,
    private readonly releases: ReleaseQueries,
    private readonly authorization: AuthorizationQueries,
    private readonly clusters: Clusters,
    private readonly choice: ClusterChoice,
    private readonly obstacles: ClusterObstacles,
    private readonly deployables: Deployables,
    private readonly reconciler: Reconciler,
    private readonly clock: Clock,
    private readonly counts: OperationCounts,
    private readonly freshness: PlanFreshness,
    private readonly services: InstanceServices,
    private readonly providers: CloudProviders,
  ) {
    super();
  }

  override async requestInstance(request: InstanceRequest, call: CallContext): Promise<void> {
    if (await this.isKnown(request.instanceId)) return;
    const { versionId, purchaseId, ...wish } = request;
    const deployable = await this.deployables.released(versionId, request.configuration);
    await this.request(wish, deployable, { kind: 'purchase', purchaseId }, call);
  }

  /** A provider's trial, of a draft of its own or of a version that it released. */
  async requestTrial(wish: Wish & { readonly versionId: string }, context: CommandContext): Promise<Outcome> {
    const { versionId, ...rest } = wish;
    const deployable = await this.deployables.own(versionId, wish.configuration, wish.ownerTenant, context);
    await this.deployables.assertForTrials(deployable);
    return this.request(rest, deployable, { kind: 'trial' }, context);
  }

  override async deleteInstance(instanceId: string, call: CallContext): Promise<void> {
    await this.requestDelete(instanceId, call);
  }

  /**
   * @param force although others are bound to its services
   * @throws NotFound alike for a missing instance and another account's; ServiceInUse
   */
  async delete(instanceId: string, owner: string, force: boolean, context: CommandContext): Promise<Outcome> {
    const { status } = await this.own(instanceId, owner);
    const isRepeat = status === 'deleting' || status === 'deleted';
    if (!force && !isRepeat) await this.services.assertUnused(instanceId);
    return this.requestDelete(instanceId, context);
  }

  async upgrade(wish: ChangeOfVersion, owner: string, context: CommandContext): Promise<Outcome> {
    return this.changeVersion('RequestUpgrade', wish, owner, context);
  }

  /** To an earlier version. */
  async rollBack(wish: ChangeOfVersion, owner: string, context: CommandContext): Promise<Outcome> {
    return this.changeVersion('RequestRollback', wish, owner, context);
  }

  async stop(operation: OfInstance, owner: string, context: CommandContext): Promise<Outcome> {
    return this.handle(await this.own(operation.instanceId, owner), context, { type: 'RequestStop', ...operation });
  }

  async start(operation: OfInstance, owner: string, context: CommandContext): Promise<Outcome> {
    return this.handle(await this.own(operation.instanceId, owner), context, { type: 'RequestStart', ...operation });
  }

  /** @param nodes replicas by service name */
  async scale(
    { nodes, ...operation }: OfInstance & { readonly nodes: Readonly<Record<string, unknown>> },
    owner: string,
    context: CommandContext,
  ): Promise<Outcome> {
    const instance = await this.own(operation.instanceId, owner);
    const configuration = await this.configurationOf(instance);
    assertKnown(Object.keys(nodes), lastingNodes(configuration));
    for (const [node, replicas] of Object.entries(nodes))
      if (!isReplicas(replicas)) throw new ReplicasOutOfRange(node, replicas, replicaRange.most);
    const scale = nodes as Readonly<Record<string, number>>;
    if (configuration) {
      assertScalable(configuration, new Map(Object.entries(scale)));
      await this.assertHosts(instance, configuration, scale);
    }
    const command = { type: 'RequestScale', ...operation, nodes: scale } as const;
    return this.handle(instance, context, command);
  }

  async chooseDriftPolicy(instanceId: string, policy: DriftPolicy, owner: string, context: CommandContext): Promise<Outcome> {
    const instance = await this.own(instanceId, owner);
    const command = { type: 'ChooseDriftPolicy', instanceId, policy } as const;
    const outcome = await this.commands.handle(instanceAggregate, instanceId, command, context);
    this.reconciler.inspect(instance.clusterId, instanceId);
    return outcome;
  }

  /** @param nodes all that can be restarted, where none are named */
  async restart(
    input: { readonly instanceId: string; readonly operationId: string; readonly nodes?: readonly string[] },
    owner: string,
    context: CommandContext,
  ): Promise<Outcome> {
    const { instanceId, operationId } = input;
    const instance = await this.own(instanceId, owner);
    const all = lastingNodes(await this.configurationOf(instance));
    const nodes = input.nodes ?? all;
    assertKnown(nodes, all);
    await this.services.rebind(instance, await this.dependenciesOf(instance), context);
    return this.handle(instance, context, { type: 'RequestRestart', instanceId, operationId, nodes });
  }

  private async dependenciesOf({ wanted }: KnownInstance): Promise<readonly ServiceDependency[] | undefined> {
    return (await this.releases.snapshot(wanted.snapshot))?.permissions.dependencies;
  }

  private async configurationOf({ wanted, configuration: name }: KnownInstance): Promise<SnapshotConfiguration | undefined> {
    const snapshot = await this.releases.snapshot(wanted.snapshot);
    return snapshot?.configurations.find((known) => known.name === name);
  }

  /** Of what is scaled in the network of hosts, each replica needs one of its own. */
  private async assertHosts(
    { clusterId, instanceId, ownerTenant, scale }: KnownInstance,
    configuration: SnapshotConfiguration,
    wanted: Readonly<Record<string, number>>,
  ): Promise<void> {
    const isConcerned = configuration.topology.nodes.some((node) => node.hostNetwork && Object.hasOwn(wanted, node.serviceName));
    if (!isConcerned) return;
    const scaled = scaledTo(configuration, new Map([...scale, ...Object.entries(wanted)]));
    await this.obstacles.assertNone(scaled, await this.clusters.usable(clusterId, ownerTenant), instanceId);
  }

  private async changeVersion(
    type: 'RequestUpgrade' | 'RequestRollback',
    wish: ChangeOfVersion,
    owner: string,
    context: CommandContext,
  ): Promise<Outcome> {
    const { instanceId } = await this.own(wish.instanceId, owner);
    const repeated = await this.commands.repeated(instanceAggregate, instanceId, context.commandId);
    if (repeated) return repeated;
    const { instance, command, dependencies } = await this.changeOfVersion(wish, owner);
    const subject = { ...instance, snapshot: command.target.snapshot };
    return this.freshness.asPlanned(wish.plan, subject, context, async (planned) => {
      // What nobody agreed to, and what the handler refuses to decide, is not bound to anything.
      const agreed = command.acceptPermissions || command.additionalPermissions.length === 0;
      if (agreed && (await this.isAt(instanceId, planned.ifMatch))) await this.services.bind(instance, dependencies, planned);
      return this.handle(instance, planned, { type, ...command });
    });
  }

  /** What is to be known of the instance and the version before it can be decided. */
  private async changeOfVersion({ instanceId, operationId, versionId, acceptPermissions }: ChangeOfVersion, owner: string) {
    const instance = await this.own(instanceId, owner);
    const version = await this.releases.version(versionId);
    // A draft of somebody else is none of the owner's business.
    if (!version || (version.status === 'draft' && version.providerTenant !== owner)) throw new VersionNotFound(versionId);
    if (version.appId !== instance.appId) throw new VersionOfAnotherApp(versionId, instance.appId);
    const snapshot = version.snapshot === undefined ? undefined : await this.releases.snapshot(version.snapshot);
    const before = await this.releases.snapshot((instance.running ?? instance.wanted).snapshot);
    if (snapshot) await this.assertFits(instance, snapshot, before);
    const grants = (await this.authorization.credentialOf(instanceId))?.grants ?? { apis: [], dataModels: [] };
    const granted = { ...before?.permissions, ...grants };
    const command = {
      instanceId,
      operationId,
      target: { versionId, versionNumber: version.number, snapshot: version.snapshot ?? '', status: version.status },
      additionalPermissions: snapshot ? beyond(granted, snapshot.permissions) : [],
      acceptPermissions,
    };
    return { instance, command, dependencies: snapshot?.permissions.dependencies };
  }

  private async request(wish: Wish, deployable: Deployable, origin: InstanceOrigin, context: CommandContext): Promise<Outcome> {
    const { instanceId, name, ownerTenant, configuration, parameters } = wish;
    const { state } = await this.commands.load(instanceAggregate, instanceId);
    // Of a repeat it is known where it went.
    const { clusterId, placement } =
      state.status === 'unknown' ? await this.choice.targetOf(wish, deployable) : { ...state, placement: undefined };
    const cluster = await this.clusters.usable(clusterId, ownerTenant);
    await this.deployables.assertRunsOn(deployable.version, cluster);
    const { problems, values } = await this.deployables.filledIn(deployable, wish, ownerTenant);
    problems.push(...(await this.providers.problems(deployable.configuration.topology)));
    if (problems.length > 0) throw new ParametersInvalid(problems);

    // A repeat takes nothing again: the instance may be deleted by now, its name another's, its secrets gone for good.
    if (state.status === 'unknown') {
      await this.obstacles.assertNone(deployable.configuration, cluster);
      const { snapshot } = deployable.deployed;
      await this.freshness.assertHolds(wish.plan, { snapshot, configuration, clusterId, filledIn: wish });
      await this.services.bind({ instanceId, ownerTenant, clusterId }, deployable.permissions.dependencies, context);
      const stream = `instance-${instanceId}`;
      await this.names.reserve({ kind: 'instance', tenant: ownerTenant, name }, instanceId, stream, context, this.clock.now());
      for (const [secret, value] of values) await this.vault.put(ownerTenant, suppliedName(instanceId, secret), value);
    }
    const { appId, providerTenant, status } = deployable.version;
    const data = {
      ...{ instanceId, name, ownerTenant, providerTenant, appId, configuration, clusterId, parameters, origin },
      ...deployable.deployed,
      ...(placement && { placement }),
      released: status !== 'draft',
      secrets: [...values.keys()].sort(),
      operationId: derivedId('operation', instanceId, 'deploy'),
    };
    const outcome = await this.commands.handle(instanceAggregate, instanceId, { type: 'RequestInstance', data }, context);
    this.reconciler.wake(clusterId, instanceId);
    return outcome;
  }

  private async requestDelete(instanceId: string, context: CommandContext): Promise<Outcome> {
    // There is at most one delete in an instance's life: whoever asks for it means this one.
    const operationId = derivedId('operation', instanceId, 'delete');
    const outcome = await this.commands.handle(
      instanceAggregate,
      instanceId,
      { type: 'RequestDelete', instanceId, operationId },
      context,
    );
    this.counts.add(outcome.events);
    if (outcome.state.status !== 'unknown') this.reconciler.wake(outcome.state.clusterId, instanceId);
    return outcome;
  }

  private async handle(
    { instanceId, clusterId }: KnownInstance,
    context: CommandContext,
    command: InstanceCommand,
  ): Promise<Outcome> {
    const outcome = await this.commands.handle(instanceAggregate, instanceId, command, context);
    this.reconciler.wake(clusterId, instanceId);
    return outcome;
  }

  private async own(instanceId: string, owner: string): Promise<KnownInstance> {
    const { state } = await this.commands.load(instanceAggregate, instanceId);
    if (state.status === 'unknown' || state.ownerTenant !== owner) throw new NotFound('instance', instanceId);
    return state;
  }

  private async isAt(instanceId: string, revision: number | undefined): Promise<boolean> {
    return revision === undefined || (await this.commands.load(instanceAggregate, instanceId)).revision === revision;
  }

  private async isKnown(instanceId: string): Promise<boolean> {
    return (await this.commands.load(instanceAggregate, instanceId)).revision >= 0;
  }

  /** The version has the instance's configuration, and asks for nothing that the instance, its cluster or a cloud does not have. */
  private async assertFits(instance: KnownInstance, { configurations }: Snapshot, before?: Snapshot): Promise<void> {
    const { clusterId, instanceId, ownerTenant } = instance;
    const current = before?.configurations.find(({ name }) => name === instance.configuration);
    const hosting = current?.hosting;
    const possible = configurations.filter((known) => hosting === undefined || known.hosting === hosting);
    const configuration = possible.find(({ name }) => name === instance.configuration);
    if (!configuration)
      throw new ConfigurationNotDeployable(
        instance.configuration,
        possible.map(({ name }) => name),
      );
    assertScalable(configuration, instance.scale);
    const standing = instance.running && current?.topology;
    const problems = [
      ...lackingProblems(configuration.topology, instance),
      ...(await this.providers.problems(configuration.topology, standing)),
    ];
    if (problems.length > 0) throw new ParametersInvalid(problems);
    const scaled = scaledTo(configuration, instance.scale);
    await this.obstacles.assertNone(scaled, await this.clusters.usable(clusterId, ownerTenant), instanceId);
  }
}

/** Nodes that run on and on, on the cluster. */
function lastingNodes(configuration: SnapshotConfiguration | undefined): string[] {
  return (configuration?.topology.nodes ?? [])
    .filter(({ category }) => category !== 'init' && category !== 'cloud')
    .map(({ serviceName }) => serviceName);
}

function scaledTo(configuration: SnapshotConfiguration, scale: ReadonlyMap<string, number>): SnapshotConfiguration {
  const nodes = configuration.topology.nodes.map((node) => {
    const replicas = scale.get(node.serviceName);
    return replicas === undefined ? node : { ...node, replicas };
  });
  return { ...configuration, topology: { ...configuration.topology, nodes } };
}

/** @throws NodeKeepsState */
function assertScalable({ topology }: SnapshotConfiguration, scale: ReadonlyMap<string, number>): void {
  const problems = scaleProblems(topology, scale);
  if (problems.length > 0) throw new NodeKeepsState(problems);
}

/** @throws UnknownNodes */
function assertKnown(nodes: readonly string[], all: readonly string[]): void {
  const unknown = nodes.filter((node) => !all.includes(node));
  if (unknown.length > 0) throw new UnknownNodes(unknown);
}

const isReplicas = (value: unknown): boolean => typeof value === 'number' && isWithin(value, replicaRange);
