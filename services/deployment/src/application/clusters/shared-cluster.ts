import { Injectable } from '@nestjs/common';
import { derivedId, platformTenant } from '@souk/contracts';
import { CommandHandler, derivedUuid } from '@souk/event-sourcing';
import { InjectReadModel } from '@souk/platform';
import type { ReadModel } from '@souk/read-store';
import { cluster } from '../../domain/clusters/cluster.decide';
import { type ClusterDoc, clustersProjection } from '../../projections/clusters.projection';
import { Clusters } from './clusters';

/** How long its registration may take to reach the read model, in milliseconds. */
const VISIBLE_WITHIN = 10_000;

/** The simulated cluster of this marketplace: it belongs to the platform, and every buyer may deploy to it. */
@Injectable()
export class SharedCluster {
  constructor(
    private readonly clusters: Clusters,
    private readonly commands: CommandHandler,
    @InjectReadModel(clustersProjection) private readonly documents: ReadModel<ClusterDoc>,
  ) {}

  /** Registers it once, called at every start; everybody sees it when this is fulfilled. Answers its id, the same in every installation. */
  async register(): Promise<string> {
    const clusterId = derivedId('cluster', platformTenant, 'simulated');
    const { state } = await this.commands.load(cluster, clusterId);
    if (state.status !== 'unknown') return clusterId;
    const commandId = derivedUuid('register-shared-cluster', clusterId);
    const actor = { kind: 'system', id: 'marketplace' } as const;
    const { position } = await this.clusters.register(
      {
        clusterId,
        ownerTenant: platformTenant,
        name: 'simulated',
        shared: true,
        connection: { kind: 'simulated' },
        platforms: ['linux/amd64'],
        region: 'local',
        nas: { storageClass: 'nas' },
        serviceAddressRange: '192.168.64.1-192.168.64.250',
        loadBalancer: 'metallb',
      },
      { commandId, correlationId: commandId, causationId: commandId, actor },
    );
    if (position) await this.documents.waitFor(position, VISIBLE_WITHIN);
    return clusterId;
  }
}
