import { Injectable } from '@nestjs/common';
import type { InstanceStatus, Platform } from '@souk/contracts';
import { EventStore, type CommandContext, CommandHandler, type CommandOutcome } from '@souk/event-sourcing';
import { AddressRefused, assertPublicOrAllowed, kubeconfigName, KubernetesError, parseKubeconfig } from '@souk/kubernetes';
import { Clock, InjectReadModel, NameRegistry } from '@souk/platform';
import type { ReadModel } from '@souk/read-store';
import { SecretVault } from '@souk/secrets';
import type { HostCapacity } from '../domain/capacity';
import type { Cluster } from '../domain/cluster';
import { cluster as clusterAggregate } from '../domain/cluster.decide';
import {
  ClusterInUse,
  ClusterNotFound,
  ClusterUnreachable,
  KubeconfigRefused,
  SimulatedClusterUnavailable,
} from '../domain/cluster.errors';
import type { ClusterConnectionKind, ClusterDescription, ClusterEvent } from '../domain/cluster.events';
import { type InstanceDoc, instancesProjection } from '../projections/instances.projection';
import { ClusterClients } from './cluster-clients';
import { hostCapacities } from './cluster-workplace';
import { DeploymentSettings } from './deployment-settings';

export interface ClusterRegistration {
  readonly clusterId: string;
  readonly ownerTenant: string;
  readonly name: string;
  readonly shared: boolean;
  readonly connection: { readonly kind: 'simulated' } | { readonly kind: 'kubeconfig'; readonly kubeconfig: string };
  readonly platforms: readonly Platform[];
  readonly serviceAddressRange?: string;
}

type Outcome = CommandOutcome<Cluster, ClusterEvent>;

/** How long a removal waits until everything that was requested before it can be seen, in milliseconds. */
const PATIENCE = 5_000;

/** Clusters of accounts. */
@Injectable()
export class Clusters {
  constructor(
    private readonly commands: CommandHandler,
    private readonly names: NameRegistry,
    private readonly vault: SecretVault,
    private readonly clients: ClusterClients,
    private readonly clock: Clock,
    private readonly settings: DeploymentSettings,
    private readonly store: EventStore,
    @InjectReadModel(instancesProjection) private readonly instances: ReadModel<InstanceDoc>,
  ) {}

  /** @throws KubeconfigRefused with every problem, NameTaken, SimulatedClusterUnavailable */
  async register(registration: ClusterRegistration, context: CommandContext): Promise<Outcome> {
    const { clusterId, ownerTenant, name, connection, ...rest } = registration;
    const told = await this.checked(connection);
    const { state } = await this.commands.load(clusterAggregate, clusterId);
    // A repeat takes nothing again: the cluster may be removed by now, and its name another's.
    if (state.status === 'unknown') {
      const stream = `cluster-${clusterId}`;
      await this.names.reserve({ kind: 'cluster', tenant: ownerTenant, name }, clusterId, stream, context, this.clock.now());
      if (connection.kind === 'kubeconfig') await this.vault.put(ownerTenant, kubeconfigName(clusterId), connection.kubeconfig);
    }
    const description: ClusterDescription = {
      ...{ clusterId, ownerTenant, name, ...rest },
      connection: told,
      hostPolicy: { hostNetwork: false, hostPaths: [] },
    };
    return this.commands.handle(clusterAggregate, clusterId, { type: 'RegisterCluster', description }, context);
  }

  /** @throws ClusterNotFound alike for a missing cluster and another account's; ClusterInUse */
  async remove(clusterId: string, ownerTenant: string, context: CommandContext): Promise<Outcome> {
    const { state } = await this.commands.load(clusterAggregate, clusterId);
    // A removed one as well: the process may have died before all of this was done.
    if (state.status === 'unknown' || state.description.ownerTenant !== ownerTenant) throw new ClusterNotFound(clusterId);
    const { ownerTenant: owner, name } = state.description;
    await this.instances.waitFor(await this.store.head(), PATIENCE);
    const user = await this.userOf(clusterId);
    if (user) throw new ClusterInUse(clusterId, user.instanceId);
    const outcome = await this.commands.handle(clusterAggregate, clusterId, { type: 'RemoveCluster', clusterId }, context);
    await this.vault.delete(owner, kubeconfigName(clusterId));
    await this.names.release({ kind: 'cluster', tenant: owner, name }, clusterId, context);
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
      return await hostCapacities(this.clients.client(clusterId));
    } catch (error) {
      if (error instanceof KubernetesError) throw new ClusterUnreachable(clusterId, error.message);
      throw error;
    }
  }

  /** An instance on this cluster that is not deleted: the index is asked around that status, since there may be any number of those. */
  private async userOf(clusterId: string): Promise<InstanceDoc | undefined> {
    const gone: InstanceStatus = 'deleted';
    for (const range of [{ to: gone }, { from: `${gone}\0` }]) {
      const { items } = await this.instances.query({ index: 'byCluster', where: { clusterId }, range, limit: 1 });
      if (items[0]) return items[0];
    }
    return undefined;
  }

  private async checked(connection: ClusterRegistration['connection']): Promise<ClusterConnectionKind> {
    if (connection.kind === 'simulated') {
      if (this.settings.simulatedKubeconfig === undefined) throw new SimulatedClusterUnavailable();
      return connection;
    }
    const { endpoint, problems } = parseKubeconfig(connection.kubeconfig);
    if (!endpoint)
      throw new KubeconfigRefused(
        problems.map((problem) => ({ ...problem, pointer: `/connection/kubeconfig${problem.pointer}` })),
      );
    try {
      await assertPublicOrAllowed(endpoint.server, this.settings.allowedClusterAddresses);
    } catch (error) {
      const code = error instanceof AddressRefused ? 'kubeconfig-address' : 'kubeconfig-server';
      throw new KubeconfigRefused([{ code, pointer: '/connection/kubeconfig', message: (error as Error).message }]);
    }
    return { kind: 'kubeconfig', server: endpoint.server };
  }
}
