import { Injectable } from '@nestjs/common';
import type { SnapshotConfiguration } from '@souk/contracts';
import type { Problem } from '@souk/event-sourcing';
import { AddressPoolExhausted } from '../domain/address-pool.errors';
import type { HostCapacity } from '../domain/capacity';
import { ClusterUnsuitable } from '../domain/cluster.errors';
import type { ClusterDescription } from '../domain/cluster.events';
import { addressedNodes, obstaclesOn } from '../domain/obstacles';
import { AddressPools } from './address-pools';

/** Known of the one who asks. */
interface Circumstances {
  /** Which is there already: what it has taken is its own. */
  readonly instanceId?: string;
  readonly hosts?: readonly HostCapacity[];
  readonly platforms?: readonly string[];
}

/** What of a cluster stands in the way of a configuration, with what is taken there by now. */
@Injectable()
export class ClusterObstacles {
  constructor(private readonly pools: AddressPools) {}

  async of(
    { topology }: SnapshotConfiguration,
    cluster: ClusterDescription,
    { instanceId, hosts, platforms }: Circumstances = {},
  ): Promise<Problem[]> {
    const isAddressed = addressedNodes(topology).length > 0;
    const addresses = isAddressed ? await this.pools.circumstances(cluster.clusterId, instanceId) : undefined;
    return obstaclesOn(topology, cluster, {
      ...(addresses && { addresses }),
      ...(hosts && { hosts }),
      ...(platforms && { platforms }),
    });
  }

  /** @throws AddressPoolExhausted where nothing else is in the way, ClusterUnsuitable with everything */
  async assertNone(configuration: SnapshotConfiguration, cluster: ClusterDescription, instanceId?: string): Promise<void> {
    const problems = await this.of(configuration, cluster, instanceId === undefined ? {} : { instanceId });
    if (problems.length === 0) return;
    const { clusterId } = cluster;
    if (problems.some(({ code }) => code !== 'address-pool-exhausted')) throw new ClusterUnsuitable(clusterId, problems);
    const { free } = await this.pools.circumstances(clusterId, instanceId);
    throw new AddressPoolExhausted(clusterId, free + problems.length, free);
  }
}
