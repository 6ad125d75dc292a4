import type { AppView, InstanceRequest, VersionView } from '@souk/contracts';
import {
  AppArchived,
  AppNotDeliveredAsInstance,
  AppNotFound,
  NoReleasedVersion,
  VersionNotFound,
  VersionNotReleased,
} from './fulfilment.errors';
import type { StartedFulfilment } from './purchase';
import type { FulfilmentStarted, OrderPaid } from './purchase.events';

/**
 * What this order gets. `app` and `version` are those that the order names, as far as they exist; for an order without a version,
 * `version` is the app's newest released one.
 * @throws DomainError when the order cannot become an instance
 */
export function startOf(
  order: OrderPaid['data'],
  app: AppView | undefined,
  version: VersionView | undefined,
  instanceId: string,
): FulfilmentStarted['data'] {
  if (!app) throw new AppNotFound(order.appId);
  if (app.status === 'archived') throw new AppArchived(app.appId);
  if (app.distributionType !== 'instance') throw new AppNotDeliveredAsInstance(app.appId, app.distributionType);
  return {
    purchaseId: order.purchaseId,
    sequence: order.sequence,
    instanceId,
    instanceName: order.instanceName ?? defaultInstanceName(app.name, order.purchaseId),
    versionId: released(order, version).versionId,
    providerTenant: app.providerTenant,
  };
}

/** What deployment is asked for, once it was decided what the order gets. */
export function requestOf(order: OrderPaid['data'], { instanceId, instanceName, versionId }: StartedFulfilment): InstanceRequest {
  return {
    instanceId,
    name: instanceName,
    ownerTenant: order.buyerTenant,
    versionId,
    configuration: order.configuration,
    ...(order.clusterId !== undefined && { clusterId: order.clusterId }),
    ...(order.region !== undefined && { region: order.region }),
    parameters: order.parameters ?? {},
    secrets: order.secrets,
    purchaseId: order.purchaseId,
  };
}

/**
 * A name that a person recognises and that no other order of the account has: `Line Monitor` gives `line-monitor-4xk2vq`,
 * with the end of the purchase id.
 */
export function defaultInstanceName(appName: string, purchaseId: string): string {
  const words = appName
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-+|-+$/g, '');
  return `${words || 'app'}-${purchaseId.slice(-6).toLowerCase()}`;
}

function released(order: OrderPaid['data'], version: VersionView | undefined): VersionView {
  if (!version) throw order.versionId === undefined ? new NoReleasedVersion(order.appId) : new VersionNotFound(order.versionId);
  if (version.appId !== order.appId) throw new VersionNotFound(version.versionId);
  if (version.status !== 'released') throw new VersionNotReleased(version.number, version.status);
  return version;
}
