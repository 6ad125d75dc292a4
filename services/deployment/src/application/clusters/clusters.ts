import { Injectable } from '@nestjs/common';
import { type InstanceStatus, ReleaseQueries } from '@souk/contracts';
import {
  EventStore,
  type CommandContext,
  CommandHandler,
  type CommandOutcome,
  derivedUuid,
  DomainError,
  type Problem,
} from '@souk/event-sourcing';
import {
  AddressRefused,
  assertPublicOrAllowed,
  ClusterConnection,
  guardedLookup,
  kubeconfigName,
  type KubernetesEndpoint,
  KubernetesError,
  parseKubeconfig,
} from '@souk/kubernetes';
import { Clock, InjectReadModel, NameRegistry } from '@souk/platform';
import type { ReadModel } from '@souk/read-store';
import { SecretVault } from '@souk/secrets';
import { AddressRangeInUse } from '../../domain/clusters/address-pool.errors';
import { parseAddressRange } from '../../domain/clusters/address-range';
import type { HostCapacity } from '../../domain/clusters/capacity';
import type { Cluster, KnownCluster } from '../../domain/clusters/cluster';
import { cluster as clusterAggregate } from '../../domain/clusters/cluster.decide';
import {
  ClusterCheckFailed,
  ClusterInUse,
  ClusterNotFound,
  ClusterUnreachable,
  NasInUse,
  SimulatedClusterUnavailable,
} from '../../domain/clusters/cluster.errors';
import {
  changed,
  type ClusterConnectionKind,
  type ClusterDescription,
  type ClusterEvent,
  type DescriptionChanges,
} from '../../domain/clusters/cluster.events';
import { type HostPolicy, isPlain, noHostAccess } from '../../domain/clusters/host-policy';
import { type InstanceDoc, instancesProjection } from '../../projections/instances.projection';
import { AddressPools } from './address-pools';
import { ClusterChecks, type ClusterReport } from './cluster-checks';
import { ClusterClients } from './cluster-clients';
import { ClusterSights } from './cluster-sights';
import { DeploymentSettings } from '../deployment-settings';

type Connection = { readonly kind: 'simulated' } | { readonly kind: 'kubeconfig'; readonly kubeconfig: string };

export type ClusterRegistration = Omit<ClusterDescription, 'connection' | 'hostPolicy'> & {
  readonly connection: Connection;
  /** Nothing is granted without it. */
  readonly hostPolicy?: HostPolicy;
};

export interface ClusterChange {
  readonly changes: DescriptionChanges;
  readonly hostPolicy?: HostPolicy;
  /** In place of the one in use. */
  readonly kubeconfig?: string;
}

type Outcome = CommandOutcome<Cluster, ClusterEvent>;

/** How long a removal waits until everything that was requested before it can be seen, in milliseconds. */
const PATIENCE = 5_000;
/** In the name of a kubeconfig that is tried and not kept. */
const UNKNOWN = { clusterId: '', ownerTenant: '' };

/** Clusters of accounts. */
@Injectable()
export class Clusters {
  constructor(
    private readonly commands: CommandHandler,
    private readonly names: NameRegistry,
    private readonly vault: SecretVault,
    private readonly connection: ClusterConnection,
    private readonly clients: ClusterClients,
    private readonly checks: ClusterChecks,
    private readonly sights: ClusterSights,
    private readonly pools: AddressPools,
    private readonly clock: Clock,
    private readonly settings: DeploymentSettings,
    private readonly store: EventStore,
    private readonly releases: ReleaseQueries,
    @InjectReadModel(instancesProjection) private readonly instances: ReadModel<InstanceDoc>,
  ) {}

  /** What stands in the way of registering it, as the cluster shows it now. Stores nothing. @throws TooManyChecks */
  async check(
    { connection, ...claims }: Omit<ClusterRegistration, 'clusterId' | 'ownerTenant' | 'name' | 'shared'>,
    tenant: string,
  ): Promise<ClusterReport> {
    const stated = await this.stated(connection, tenant);
    const problems = [...stated.problems, ...rangeProblems(claims.serviceAddressRange), ...policyProblems(claims.hostPolicy)];
    // Of a cluster that may not be called nothing more is known.
    if (stated.problems.length > 0) return { problems, warnings: [], hosts: [] };
    const report = await this.checks.report(stated.endpoint, claims);
    return { ...report, problems: [...problems, ...report.problems] };
  }

  /**
   * Warns of what the check has found; a repeat is not checked again.
   * @throws ClusterCheckFailed with every problem, NameTaken, SimulatedClusterUnavailable, TooManyChecks
   */
  async admit(
    registration: ClusterRegistration,
    context: CommandContext,
  ): Promise<{ outcome: Outcome; warnings: readonly Problem[] }> {
    const { clusterId, ownerTenant } = registration;
    const { state } = await this.commands.load(clusterAggregate, clusterId);
    const found = state.status === 'unknown' ? await this.check(registration, ownerTenant) : undefined;
    if (found && found.problems.length > 0) throw new ClusterCheckFailed(found.problems);
    const outcome = await this.register(registration, context);
    if (outcome.events.length > 0) await this.sights.record(clusterId, ownerTenant, await this.sights.look(clusterId));
    return { outcome, warnings: found?.warnings ?? [] };
  }

  /** Of a cluster that need not be asked. @throws NameTaken */
  async register(registration: ClusterRegistration, context: CommandContext): Promise<Outcome> {
    const { connection, hostPolicy = noHostAccess, ...said } = registration;
    const { clusterId, ownerTenant, name } = said;
    const { state } = await this.commands.load(clusterAggregate, clusterId);
    // A repeat takes nothing again: the cluster may be removed by now, and its name another's.
    if (state.status === 'unknown') {
      const stream = `cluster-${clusterId}`;
      await this.names.reserve({ kind: 'cluster', tenant: ownerTenant, name }, clusterId, stream, context, this.clock.now());
      if (connection.kind === 'kubeconfig') await this.vault.put(ownerTenant, kubeconfigName(clusterId), connection.kubeconfig);
    }
    const description: ClusterDescription = { ...said, connection: toldOf(connection), hostPolicy };
    return this.commands.handle(clusterAggregate, clusterId, { type: 'RegisterCluster', description }, context);
  }

  /** @throws ClusterNotFound, ClusterCheckFailed with every problem, NasInUse, AddressRangeInUse, TooManyChecks */
  async change(clusterId: string, ownerTenant: string, change: ClusterChange, context: CommandContext): Promise<Outcome> {
    const state = await this.own(clusterId, ownerTenant);
    if (state.status === 'removed') throw new ClusterNotFound(clusterId);
    const { changes, hostPolicy, kubeconfig } = change;
    await this.assertPossible(state, change);
    // Both lie in the vault until it is a fact which of them is in use.
    const mark = derivedUuid('kubeconfig', context.commandId);
    if (kubeconfig !== undefined) await this.vault.put(ownerTenant, kubeconfigName(clusterId, mark), kubeconfig);
    const connection = kubeconfig === undefined ? undefined : toldOf({ kind: 'kubeconfig', kubeconfig });
    const command = {
      ...({ type: 'ChangeCluster', clusterId, changes } as const),
      ...(hostPolicy && { hostPolicy }),
      ...(connection?.kind === 'kubeconfig' && { credentials: { server: connection.server, mark } }),
    };
    const outcome = await this.commands.handle(clusterAggregate, clusterId, command, context).catch(async (error: unknown) => {
      // Of any other failure it is not known whether the fact was written.
      if (error instanceof DomainError) await this.vault.delete(ownerTenant, kubeconfigName(clusterId, mark));
      throw error;
    });
    if (kubeconfig === undefined || state.credentials === mark) return outcome;
    // Of a repeat that comes after another change, nothing is in use any more.
    const isInUse = outcome.state.status !== 'unknown' && outcome.state.credentials === mark;
    await this.vault.delete(ownerTenant, kubeconfigName(clusterId, isInUse ? state.credentials : mark));
    if (isInUse) await this.reachAnew(clusterId, ownerTenant);
    return outcome;
  }

  /** @throws ClusterNotFound alike for a missing cluster and another account's; ClusterInUse */
  async remove(clusterId: string, ownerTenant: string, context: CommandContext): Promise<Outcome> {
    // A removed one as well: the process may have died before all of this was done.
    const state = await this.own(clusterId, ownerTenant);
    const { name } = state.description;
    await this.instances.waitFor(await this.store.head(), PATIENCE);
    for await (const { instanceId } of this.usersOf(clusterId)) throw new ClusterInUse(clusterId, instanceId);
    const outcome = await this.commands.handle(clusterAggregate, clusterId, { type: 'RemoveCluster', clusterId }, context);
    await this.vault.delete(ownerTenant, kubeconfigName(clusterId, state.credentials));
    await this.names.release({ kind: 'cluster', tenant: ownerTenant, name }, clusterId, context);
    return outcome;
  }

  /** @throws ClusterNotFound alike for a missing cluster and one that this tenant may not use */
  async usable(clusterId: string, tenant: string): Promise<ClusterDescription> {
    const { state } = await this.commands.load(clusterAggregate, clusterId);
    if (state.status !== 'registered') throw new ClusterNotFound(clusterId);
    const { description } = state;
    if (description.ownerTenant !== tenant && !description.shared) throw new ClusterNotFound(clusterId);
    return description;
  }

  /** Hosts and what is free on them, as the cluster says now. @throws ClusterUnreachable */
  async hosts(clusterId: string): Promise<HostCapacity[]> {
    try {
      return await this.sights.hosts(clusterId);
    } catch (error) {
      if (error instanceof KubernetesError) throw new ClusterUnreachable(clusterId, error.message);
      throw error;
    }
  }

  /** Instances on this cluster that are not deleted: the index is asked around that status, since there may be any number of those. */
  private async *usersOf(clusterId: string): AsyncGenerator<InstanceDoc> {
    const gone: InstanceStatus = 'deleted';
    for (const range of [{ to: gone }, { from: `${gone}\0` }]) {
      let cursor: string | undefined;
      do {
        const where = { clusterId };
        const page = await this.instances.query({ index: 'byCluster', where, range, limit: 100, ...(cursor && { cursor }) });
        yield* page.items;
        cursor = page.next;
      } while (cursor !== undefined);
    }
  }

  private async own(clusterId: string, ownerTenant: string): Promise<KnownCluster> {
    const { state } = await this.commands.load(clusterAggregate, clusterId);
    if (state.status === 'unknown' || state.description.ownerTenant !== ownerTenant) throw new ClusterNotFound(clusterId);
    return state;
  }

  private async assertPossible({ description, credentials }: KnownCluster, { changes, hostPolicy, kubeconfig }: ClusterChange) {
    const { clusterId, ownerTenant, connection } = description;
    const next = changed(description, changes);
    const problems = [...rangeProblems(next.serviceAddressRange), ...policyProblems(hostPolicy)];
    let endpoint = () =>
      this.connection.endpointOf({ clusterId, ownerTenant, kind: connection.kind, ...(credentials && { credentials }) });
    const asks = kubeconfig !== undefined || changes.platforms !== undefined || changes.nas;
    if (kubeconfig !== undefined) {
      const stated = await this.stated({ kind: 'kubeconfig', kubeconfig }, ownerTenant);
      problems.push(...(connection.kind === 'kubeconfig' ? stated.problems : [NO_KUBECONFIG]));
      endpoint = stated.endpoint;
    }
    if (asks && problems.every(({ pointer }) => !pointer.startsWith('/connection')))
      problems.push(...(await this.checks.report(endpoint, next)).problems);
    if (problems.length > 0) throw new ClusterCheckFailed(problems);
    if (changes.nas === null) await this.assertNothingStored(clusterId);
    if (changes.serviceAddressRange === undefined) return;
    const range = next.serviceAddressRange === undefined ? undefined : parseAddressRange(next.serviceAddressRange).range;
    const stranded = await this.pools.outside(range, clusterId);
    if (stranded.length > 0) throw new AddressRangeInUse(clusterId, stranded);
  }

  /** Versions are few, however many instances run. */
  private async assertNothingStored(clusterId: string): Promise<void> {
    await this.instances.waitFor(await this.store.head(), PATIENCE);
    const stores = new Map<string, boolean>();
    for await (const { instanceId, snapshot, configuration } of this.usersOf(clusterId)) {
      const version = `${snapshot} ${configuration}`;
      const known = stores.get(version) ?? (await this.wantsStorage(snapshot, configuration));
      if (known) throw new NasInUse(clusterId, instanceId);
      stores.set(version, known);
    }
  }

  private async wantsStorage(digest: string, configuration: string): Promise<boolean> {
    const snapshot = await this.releases.snapshot(digest);
    const { nodes = [] } = snapshot?.configurations.find(({ name }) => name === configuration)?.topology ?? {};
    return nodes.some(({ storage = [] }) => storage.length > 0);
  }

  private async reachAnew(clusterId: string, ownerTenant: string): Promise<void> {
    this.clients.renew(clusterId);
    this.sights.forget(clusterId);
    await this.sights.record(clusterId, ownerTenant, await this.sights.look(clusterId));
  }

  /** How a cluster is reached by what is said of it, and what is wrong with that. Nobody is called. @throws TooManyChecks */
  private async stated(
    connection: Connection,
    tenant: string,
  ): Promise<{ endpoint: () => Promise<KubernetesEndpoint>; problems: Problem[] }> {
    if (connection.kind === 'simulated') {
      if (this.settings.simulatedKubeconfig === undefined) throw new SimulatedClusterUnavailable();
      return { endpoint: () => this.connection.endpointOf({ ...UNKNOWN, kind: 'simulated' }), problems: [] };
    }
    const allowed = this.settings.allowedClusterAddresses;
    const { endpoint, problems } = parseKubeconfig(connection.kubeconfig);
    const nowhere = () => Promise.reject(new Error('a cluster is not called by a kubeconfig that is refused'));
    if (!endpoint)
      return {
        endpoint: nowhere,
        problems: problems.map((problem) => ({ ...problem, pointer: `/connection/kubeconfig${problem.pointer}` })),
      };
    this.checks.count(tenant);
    try {
      await assertPublicOrAllowed(endpoint.server, allowed);
    } catch (error) {
      // What its name stands for, here, is not told.
      const [code, message] =
        error instanceof AddressRefused
          ? ['kubeconfig-address', 'its server is where no cluster may be']
          : ['kubeconfig-server', "its server can't be found"];
      return { endpoint: nowhere, problems: [{ code, pointer: '/connection/kubeconfig', message }] };
    }
    return { endpoint: () => Promise.resolve({ ...endpoint, lookup: guardedLookup(allowed) }), problems: [] };
  }
}

const NO_KUBECONFIG: Problem = {
  code: 'no-kubeconfig',
  pointer: '/connection/kubeconfig',
  message: 'a simulated cluster has no kubeconfig',
};

/** What is told of it: never more than the address. */
function toldOf(connection: Connection): ClusterConnectionKind {
  if (connection.kind === 'simulated') return connection;
  return { kind: 'kubeconfig', server: parseKubeconfig(connection.kubeconfig).endpoint?.server ?? '' };
}

function rangeProblems(serviceAddressRange: string | undefined): Problem[] {
  const problem = serviceAddressRange === undefined ? undefined : parseAddressRange(serviceAddressRange).problem;
  return problem ? [{ ...problem, pointer: '/serviceAddressRange' }] : [];
}

function policyProblems({ hostPaths, devices }: HostPolicy = noHostAccess): Problem[] {
  const code = 'host-path-not-plain';
  const message = (path: string) => `"${path}" is not the plain absolute path of what it leads to`;
  return [
    ...hostPaths.flatMap(({ path }, i) =>
      isPlain(path) ? [] : [{ code, pointer: `/hostPolicy/hostPaths/${i}/path`, message: message(path) }],
    ),
    ...devices.flatMap((path, i) =>
      isPlain(path) && path.startsWith('/dev/')
        ? []
        : [
            {
              code,
              pointer: `/hostPolicy/devices/${i}`,
              message: `"${path}" is not the plain absolute path of a device below /dev`,
            },
          ],
    ),
  ];
}
