import { Injectable } from '@nestjs/common';
import { derivedId, platformTenant } from '@souk/contracts';
import { CommandHandler, derivedUuid } from '@souk/event-sourcing';
import { cluster } from '../domain/cluster.decide';
import { Clusters } from './clusters';

/** The simulated cluster of this marketplace: it belongs to the platform, and every buyer may deploy to it. */
@Injectable()
export class SharedCluster {
  constructor(
    private readonly clusters: Clusters,
    private readonly commands: CommandHandler,
  ) {}

  /** Registers it once; called at every start. Answers its id, the same in every installation. */
  async register(): Promise<string> {
    const clusterId = derivedId('cluster', platformTenant, 'simulated');
    const { state } = await this.commands.load(cluster, clusterId);
    if (state.status !== 'unknown') return clusterId;
    const commandId = derivedUuid('register-shared-cluster', clusterId);
    const actor = { kind: 'system', id: 'marketplace' } as const;
    await this.clusters.register(
      {
        clusterId,
        ownerTenant: platformTenant,
        name: 'simulated',
        shared: true,
        connection: { kind: 'simulated' },
        platforms: ['linux/amd64'],
      },
      { commandId, correlationId: commandId, causationId: commandId, actor },
    );
    return clusterId;
  }
}
