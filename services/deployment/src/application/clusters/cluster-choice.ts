import { Injectable } from '@nestjs/common';
import { InjectReadModel } from '@souk/platform';
import type { ReadModel } from '@souk/read-store';
import type { HostCapacity } from '../../domain/clusters/capacity';
import { type Candidate, chooseCluster } from '../../domain/clusters/choose-cluster';
import { ClusterUnreachable, NoClusterAvailable, WrongTarget } from '../../domain/clusters/cluster.errors';
import type { Placement } from '../../domain/instances/instance.events';
import { type ClusterDoc, clustersProjection, EVERYBODY } from '../../projections/clusters.projection';
import { AddressPools } from './address-pools';
import { Clusters } from './clusters';
import { type Deployable, Deployables } from '../plans/deployables';

/** Operators offer few in one region; more than these are not looked at. */
const MAX_CANDIDATES = 200;

/** As it is asked for: one of both. */
export interface Target {
  readonly clusterId?: string;
  readonly region?: string;
}

/** Finds the operator's cluster for a configuration that is hosted in the cloud (F43). */
@Injectable()
export class ClusterChoice {
  constructor(
    private readonly deployables: Deployables,
    private readonly clusters: Clusters,
    private readonly pools: AddressPools,
    @InjectReadModel(clustersProjection) private readonly documents: ReadModel<ClusterDoc>,
  ) {}

  /**
   * Where a configuration goes: to the cluster that is named, where it is for the edge, or to one that is chosen in the region.
   * @throws WrongTarget, NoClusterAvailable
   */
  async targetOf({ clusterId, region }: Target, deployable: Deployable): Promise<{ clusterId: string; placement?: Placement }> {
    const { name, hosting } = deployable.configuration;
    if (hosting === 'edge') {
      if (clusterId === undefined || region !== undefined) throw new WrongTarget(name, hosting);
      return { clusterId };
    }
    if (region === undefined || clusterId !== undefined) throw new WrongTarget(name, hosting);
    const chosen = await this.inRegion(region, deployable);
    return { clusterId: chosen.clusterId, placement: { region, reason: chosen.reason } };
  }

  /** @throws NoClusterAvailable with why they are not suitable */
  private async inRegion(region: string, deployable: Deployable): Promise<{ clusterId: string; reason: string }> {
    const { items } = await this.documents.query({
      index: 'byRegion',
      where: { audience: EVERYBODY, region },
      limit: MAX_CANDIDATES,
    });
    const candidates = await Promise.all(items.map((document) => this.candidate(document)));
    const platforms = await this.deployables.platformsOf(deployable);
    const choice = chooseCluster(deployable.configuration.topology, candidates, platforms);
    if (choice.clusterId !== undefined) return choice;
    throw new NoClusterAvailable(
      region,
      choice.unsuitable.map(({ code }) => code),
    );
  }

  private async candidate(cluster: ClusterDoc): Promise<Candidate> {
    const { clusterId } = cluster;
    const { free } = await this.pools.circumstances(clusterId);
    const hosts = cluster.reachable === false ? undefined : await this.hosts(clusterId);
    return { cluster, ...(hosts && { hosts }), freeAddresses: free };
  }

  private async hosts(clusterId: string): Promise<readonly HostCapacity[] | undefined> {
    try {
      return await this.clusters.hosts(clusterId);
    } catch (error) {
      if (error instanceof ClusterUnreachable) return undefined;
      throw error;
    }
  }
}
