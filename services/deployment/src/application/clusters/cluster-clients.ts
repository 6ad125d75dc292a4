import { Injectable } from '@nestjs/common';
import { CommandHandler } from '@souk/event-sourcing';
import { ClusterConnection, KubernetesCluster, type KubernetesEndpoint } from '@souk/kubernetes';
import { cluster } from '../../domain/clusters/cluster.decide';
import { ClusterNotFound } from '../../domain/clusters/cluster.errors';
import { DeploymentSettings } from '../deployment-settings';

/** One client for each cluster, made when it is first needed; all callers share its rate limit. */
@Injectable()
export class ClusterClients {
  private readonly clients = new Map<string, KubernetesCluster>();

  constructor(
    private readonly commands: CommandHandler,
    private readonly connection: ClusterConnection,
    private readonly settings: DeploymentSettings,
  ) {}

  client(clusterId: string): KubernetesCluster {
    const known = this.clients.get(clusterId);
    if (known) return known;
    const client = new KubernetesCluster(() => this.endpointOf(clusterId), this.settings.clusterCalls);
    this.clients.set(clusterId, client);
    return client;
  }

  /** It is reached by other credentials from here on. Other replicas learn that when the old ones are refused. */
  renew(clusterId: string): void {
    this.clients.get(clusterId)?.renew();
  }

  /** Calls that are under way fail, and later ones too. */
  close(): void {
    for (const client of this.clients.values()) client.close();
  }

  /** As it is reached now. @throws ClusterNotFound */
  async endpointOf(clusterId: string): Promise<KubernetesEndpoint> {
    const { state } = await this.commands.load(cluster, clusterId);
    if (state.status === 'unknown') throw new ClusterNotFound(clusterId);
    const { ownerTenant, connection } = state.description;
    const { credentials } = state;
    return this.connection.endpointOf({
      ...{ clusterId, ownerTenant, kind: connection.kind },
      ...(credentials !== undefined && { credentials }),
    });
  }
}
