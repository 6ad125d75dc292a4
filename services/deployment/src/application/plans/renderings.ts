import { Injectable } from '@nestjs/common';
import { AppCatalogQueries, type DeclaredPermissions, type SnapshotConfiguration } from '@souk/contracts';
import type { ClusterDescription } from '../../domain/clusters/cluster.events';
import { withoutSimulatedDigests } from '../../domain/render/image-digests';
import type { InstanceFacts } from '../../domain/instances/instance';
import { addressedNodes } from '../../domain/clusters/obstacles';
import { platformsOfImages } from '../../domain/clusters/platforms';
import type { ClusterTraits, InstanceToRender } from '../../domain/render/render-instance';
import { CloudResources } from '../cloud/cloud-resources';
import { AddressPools } from '../clusters/address-pools';
import { KnownClusters } from '../clusters/known-clusters';
import { DeploymentSettings } from '../deployment-settings';
import { InstanceServices } from '../services/services';

/** What is wanted of an instance: a configuration, and the identity that it runs with. */
export interface Wanted {
  readonly configuration: SnapshotConfiguration;
  /** What ran before, while an upgrade is under way. */
  readonly before?: SnapshotConfiguration;
  readonly credential: { readonly appKey: string; readonly secretVersion: number };
  /** What the version declares. */
  readonly permissions: DeclaredPermissions;
}

/** Gathers what the objects of an instance follow from: the instance itself, and what was taken, bound and found for it. */
@Injectable()
export class Renderings {
  constructor(
    private readonly clusters: KnownClusters,
    private readonly settings: DeploymentSettings,
    private readonly resources: CloudResources,
    private readonly pools: AddressPools,
    private readonly services: InstanceServices,
    private readonly apps: AppCatalogQueries,
  ) {}

  async inputOf(instance: InstanceFacts, { configuration, before, credential, permissions }: Wanted): Promise<InstanceToRender> {
    const { instanceId, name, appId, clusterId, parameters, restarts, scale, stopped } = instance;
    const { state } = await this.clusters.now(clusterId);
    const description = state.status === 'unknown' ? undefined : state.description;
    return {
      ...{ instanceId, name, appId, parameters, restarts },
      configuration: description?.connection.kind === 'simulated' ? configuration : withoutSimulatedDigests(configuration),
      ...(before && { before }),
      identity: { ...credential, apiUrl: this.settings.apiUrl() },
      cluster: traitsOf(description),
      platforms: platformsOfImages(configuration) ?? (await this.apps.app(appId))?.platforms ?? [],
      scale,
      stopped,
      ...(this.settings.logs && { logs: this.settings.logs }),
      ...(await this.addressesOf(instance, configuration)),
      services: await this.services.addressesOf(instanceId, permissions.dependencies),
      ...(permissions.provisions && { provisions: permissions.provisions }),
      ...(await this.cloudBindingsOf(instanceId, configuration)),
    };
  }

  private async cloudBindingsOf(instanceId: string, { topology }: SnapshotConfiguration) {
    if (topology.nodes.every(({ category }) => category !== 'cloud')) return {};
    return { cloudBindings: await this.resources.bindings(instanceId) };
  }

  private async addressesOf(
    instance: InstanceFacts,
    { topology }: SnapshotConfiguration,
  ): Promise<Pick<InstanceToRender, 'addresses'>> {
    return addressedNodes(topology).length === 0 ? {} : { addresses: await this.pools.of(instance) };
  }
}

function traitsOf(description: ClusterDescription | undefined): ClusterTraits {
  if (!description) return {};
  const { loadBalancer, nas, shared } = description;
  return { ...(loadBalancer && { loadBalancer }), ...(nas && { nas }), shared };
}
