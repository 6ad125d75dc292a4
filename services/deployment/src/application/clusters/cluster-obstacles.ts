import { Injectable } from '@nestjs/common';
import type { SnapshotConfiguration } from '@souk/contracts';
import type { Problem } from '@souk/event-sourcing';
import { KubernetesError } from '@souk/kubernetes';
import { AddressPoolExhausted } from '../../domain/clusters/address-pool.errors';
import type { HostCapacity } from '../../domain/clusters/capacity';
import { ClusterUnsuitable } from '../../domain/clusters/cluster.errors';
import type { ClusterDescription } from '../../domain/clusters/cluster.events';
import { addressedNodes, obstaclesOn } from '../../domain/clusters/obstacles';
import { platformsOfImages } from '../../domain/clusters/platforms';
import { AddressPools } from './address-pools';
import { ClusterSights } from './cluster-sights';

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
  constructor(
    private readonly pools: AddressPools,
    private readonly sights: ClusterSights,
  ) {}

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
    const { clusterId } = cluster;
    const hosts = usesHostNetwork(configuration) ? await this.hostsOf(clusterId) : undefined;
    const problems = await this.of(configuration, cluster, {
      ...(instanceId !== undefined && { instanceId }),
      ...(hosts && { hosts, platforms: platformsOfImages(configuration) ?? [] }),
    });
    if (problems.length === 0) return;
    if (problems.some(({ code }) => code !== 'address-pool-exhausted')) throw new ClusterUnsuitable(clusterId, problems);
    const { free } = await this.pools.circumstances(clusterId, instanceId);
    throw new AddressPoolExhausted(clusterId, free + problems.length, free);
  }

  /** A cluster that does not answer is no obstacle: it may be back by the time that something is done there. */
  private async hostsOf(clusterId: string): Promise<readonly HostCapacity[] | undefined> {
    try {
      return await this.sights.hosts(clusterId);
    } catch (error) {
      if (error instanceof KubernetesError) return undefined;
      throw error;
    }
  }
}

/** Each of its pods needs a host for itself. */
const usesHostNetwork = ({ topology }: SnapshotConfiguration): boolean => topology.nodes.some(({ hostNetwork }) => hostNetwork);
