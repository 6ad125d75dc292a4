import { Injectable } from '@nestjs/common';
import { AuthorizationQueries, type DeclaredPermissions, isEarlierVersion, ReleaseQueries } from '@souk/contracts';
import { type CommandContext, CommandHandler, DomainError, inSlices, type Problem } from '@souk/event-sourcing';
import { InvalidInput, NotFound } from '@souk/platform';
import type { HostCapacity } from '../../domain/clusters/capacity';
import { type DeploymentPlan, planSteps } from '../../domain/plans/deployment-plan';
import type { InstanceFacts, KnownInstance } from '../../domain/instances/instance';
import { instance as instanceAggregate, type InstanceCommand } from '../../domain/instances/instance.decide';
import { PlatformMismatch, VersionOfAnotherApp } from '../../domain/instances/instance.errors';
import { notProvided } from '../../domain/services/service-binding';
import type { ServiceBinding } from '../../domain/services/services.events';
import { MASK } from '../../domain/plans/instance-difference';
import { type FilledIn, lackingProblems } from '../../domain/instances/parameters';
import { scaleProblems } from '../../domain/instances/scale';
import type { PlanRevisions } from '../../domain/plans/plan-revisions';
import { type RenderedInstance, renderingSteps } from '../../domain/render/render-instance';
import { CloudProviders } from '../cloud/cloud-providers';
import { ClusterChoice, type Target } from '../clusters/cluster-choice';
import { ClusterObstacles } from '../clusters/cluster-obstacles';
import { Clusters } from '../clusters/clusters';
import { type Deployable, Deployables } from './deployables';
import { PlanFreshness } from './plan-freshness';
import { Renderings, type Wanted } from './renderings';
import { InstanceServices } from '../services/services';

export interface PlanRequest extends Target {
  readonly versionId: string;
  /** Another version for this instance; without it, a new one. */
  readonly instanceId?: string;
  /** Of a new instance, as is the target; one that runs has its own. */
  readonly configuration?: string;
  /** Absent where nothing was filled in yet: then nothing is said about it. */
  readonly filledIn?: FilledIn;
  /** Nodes whose objects are told in full; as many as fit in where none are named. */
  readonly nodes?: readonly string[];
  readonly tenant: string;
  /** A provider may ask about drafts of its own. */
  readonly asProvider: boolean;
}

/** What is wanted of which instance. */
interface Intent {
  readonly kind: DeploymentPlan['kind'];
  readonly instance: InstanceFacts;
  readonly deployable: Deployable;
  /** What runs now. */
  readonly before?: Omit<Wanted, 'credential' | 'before'>;
  readonly credential: Wanted['credential'];
  readonly granted: DeclaredPermissions;
  readonly problems: readonly Problem[];
  /** Read before what they are the revisions of, so that a change meanwhile makes the plan stale. */
  readonly revisions: PlanRevisions;
}

/** In the place of the id of an instance that there is not yet: it shows in the name of the namespace. */
const UNBORN = `inst_${'0'.repeat(26)}`;

/** In the place of what the cluster has not: a problem says so, and the rest is shown all the same. */
const nowhere = { host: 'not-provided.invalid', port: 0, provider: '' };
const nowhereToStore = { storageClass: 'not-provided.invalid' };

const nothing: DeclaredPermissions = { apis: [], dataModels: [] };

/** What a deploy, an upgrade or a rollback would do. Nothing is stored and nothing is touched. */
@Injectable()
export class Plans {
  constructor(
    private readonly commands: CommandHandler,
    private readonly releases: ReleaseQueries,
    private readonly authorization: AuthorizationQueries,
    private readonly deployables: Deployables,
    private readonly clusters: Clusters,
    private readonly renderings: Renderings,
    private readonly freshness: PlanFreshness,
    private readonly obstacles: ClusterObstacles,
    private readonly services: InstanceServices,
    private readonly choice: ClusterChoice,
    private readonly providers: CloudProviders,
  ) {}

  /** @throws DomainError where there is nothing to plan: a version, configuration, cluster or instance that is not there for this tenant */
  async plan(request: PlanRequest, context: CommandContext): Promise<DeploymentPlan> {
    const intent = request.instanceId === undefined ? await this.newInstance(request, context) : await this.change(request);
    const { kind, instance, deployable, before, granted, credential, problems, revisions } = intent;
    const { configuration } = deployable;
    const { permissions: declared } = deployable;
    const wanted = await this.services.find(instance, declared.dependencies);
    const rendered = await this.rendered(instance, { configuration, credential, permissions: declared }, wanted.bindings);
    const standing = before && {
      configuration: before.configuration,
      rendered: await this.rendered(instance, { ...before, credential }),
    };
    const hosts = await this.clusters.hosts(instance.clusterId);
    const running = instance.running && before?.configuration.topology;
    const platforms = await this.deployables.platformsOf(deployable);
    const obstacles = [
      ...(await this.obstaclesOf(intent, hosts, platforms)),
      ...notProvided(wanted.missing, instance),
      ...(await this.providers.problems(configuration.topology, running)),
    ];
    return inSlices(
      planSteps({
        ...{ kind, configuration, rendered, hosts, platforms, revisions, completedInit: instance.completedInit },
        ...(standing && { before: standing }),
        permissions: { granted, declared },
        problems: [...problems, ...obstacles],
        services: wanted.bindings,
        // What an app is made of is its provider's secret until somebody has it.
        inFull: kind !== 'deploy' || deployable.version.providerTenant === request.tenant,
        ...(request.nodes && { only: request.nodes }),
      }),
    );
  }

  /** What of the cluster is in the way. */
  private async obstaclesOf(
    { kind, instance, deployable }: Intent,
    hosts: readonly HostCapacity[],
    platforms: readonly string[],
  ) {
    const { configuration } = deployable;
    const { clusterId, instanceId, ownerTenant } = instance;
    const circumstances = { hosts, platforms, ...(kind !== 'deploy' && { instanceId }) };
    return this.obstacles.of(configuration, await this.clusters.usable(clusterId, ownerTenant), circumstances);
  }

  /** @param bindings to services, where they are to be others than the instance has */
  private async rendered(
    instance: InstanceFacts,
    wanted: Wanted,
    bindings: readonly ServiceBinding[] = [],
  ): Promise<RenderedInstance> {
    const input = await this.renderings.inputOf(instance, wanted);
    const { dependencies = [] } = wanted.permissions;
    const services = new Map([
      ...dependencies.map(({ model }) => [model, nowhere] as const),
      ...(input.services ?? []),
      ...bindings.map((binding) => [binding.model, binding] as const),
    ]);
    return inSlices(renderingSteps({ ...input, services, cluster: { nas: nowhereToStore, ...input.cluster } }));
  }

  private async newInstance(request: PlanRequest, context: CommandContext): Promise<Intent> {
    const { versionId, configuration, tenant, asProvider } = request;
    const anywhere = request.clusterId ?? request.region;
    if (configuration === undefined || anywhere === undefined) throw missing({ configuration, clusterId: anywhere });
    const deployable = asProvider
      ? await this.deployables.own(versionId, configuration, tenant, context)
      : await this.deployables.released(versionId, configuration);
    const { clusterId } = await this.choice.targetOf(request, deployable);
    const { filledIn } = request;
    const revisions = await this.freshness.revisionsOf({
      ...{ snapshot: deployable.deployed.snapshot, configuration, clusterId },
      ...(filledIn && { filledIn }),
    });
    const cluster = await this.clusters.usable(clusterId, tenant);
    const problems: Problem[] = [];
    try {
      await this.deployables.assertRunsOn(deployable.version, cluster);
    } catch (error) {
      if (!(error instanceof PlatformMismatch)) throw error;
      problems.push({ code: error.code, pointer: '/clusterId', message: error.message });
    }
    if (asProvider) problems.push(...(await this.deployables.trialProblems(deployable.configuration.topology)));
    if (filledIn) problems.push(...(await this.deployables.filledIn(deployable, filledIn, tenant)).problems);
    const { appId, providerTenant, status } = deployable.version;
    const instance: InstanceFacts = {
      ...{ instanceId: UNBORN, name: '(new)', ownerTenant: tenant, providerTenant, appId, configuration, clusterId },
      parameters: filledIn?.parameters ?? {},
      secrets: Object.keys(filledIn?.secrets ?? {}).sort(),
      origin: { kind: 'trial' },
      released: status !== 'draft',
      wanted: deployable.deployed,
      restarts: new Map(),
      completedInit: new Set(),
      stopped: false,
      scale: new Map(),
      driftPolicy: 'correct',
      corrections: [],
    };
    const credential = { appKey: MASK, secretVersion: 1 };
    return { kind: 'deploy', instance, deployable, credential, granted: nothing, problems, revisions };
  }

  private async change({ versionId, instanceId = '', tenant, ...request }: PlanRequest): Promise<Intent> {
    const { state, revision } = await this.commands.load(instanceAggregate, instanceId);
    if (state.status === 'unknown' || state.status === 'deleted' || state.ownerTenant !== tenant)
      throw new NotFound('instance', instanceId);
    const { configuration: another, clusterId, region } = request;
    if ([another, clusterId, region].some((field) => field !== undefined))
      throw superfluous({ configuration: another, clusterId, region });
    const deployable = await this.deployables.released(versionId, state.configuration);
    if (deployable.version.appId !== state.appId) throw new VersionOfAnotherApp(versionId, state.appId);
    const { snapshot } = deployable.deployed;
    const subject = { snapshot, configuration: state.configuration, clusterId: state.clusterId, instanceId };
    const revisions = { ...(await this.freshness.revisionsOf(subject)), instance: revision };
    const ran = await this.releases.snapshot((state.running ?? state.wanted).snapshot);
    const configuration = ran?.configurations.find(({ name }) => name === state.configuration);
    const view = await this.authorization.credentialOf(instanceId);
    const kind = isEarlierVersion(deployable.deployed.versionNumber, state.wanted.versionNumber) ? 'rollback' : 'upgrade';
    return {
      ...{ kind, instance: state, deployable },
      ...(configuration && { before: { configuration, permissions: ran?.permissions ?? nothing } }),
      credential: { appKey: view?.appKey ?? MASK, secretVersion: view?.secretVersion ?? 1 },
      granted: { ...ran?.permissions, ...(view?.grants ?? nothing) },
      problems: [
        ...refusalOf(kind, state, deployable),
        ...lackingProblems(deployable.configuration.topology, state),
        ...scaleProblems(deployable.configuration.topology, state.scale),
      ],
      revisions,
    };
  }
}

/** What the instance itself would say to the request. */
function refusalOf(kind: 'upgrade' | 'rollback', state: KnownInstance, { version, deployed }: Deployable): Problem[] {
  const { instanceId } = state;
  const target = { ...deployed, status: version.status };
  const change = { instanceId, operationId: '', target, additionalPermissions: [], acceptPermissions: true };
  const command: InstanceCommand = { type: kind === 'rollback' ? 'RequestRollback' : 'RequestUpgrade', ...change };
  try {
    instanceAggregate.decide(command, state);
    return [];
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return [{ code: error.code, pointer: '', message: error.message }];
  }
}

function missing(fields: Readonly<Record<string, string | undefined>>): InvalidInput {
  const names = Object.keys(fields).filter((name) => fields[name] === undefined);
  return new InvalidInput(
    names.map((name) => ({ code: 'required', pointer: `/${name}`, message: `"${name}" is required for a new instance` })),
    'body',
  );
}

function superfluous(fields: Readonly<Record<string, string | undefined>>): InvalidInput {
  const names = Object.keys(fields).filter((name) => fields[name] !== undefined);
  return new InvalidInput(
    names.map((name) => ({ code: 'unknown-field', pointer: `/${name}`, message: `an instance that runs keeps its "${name}"` })),
    'body',
  );
}
