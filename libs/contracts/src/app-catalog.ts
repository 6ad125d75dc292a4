import type { PublicEvent } from '@souk/messaging';

export const distributionTypes = ['account', 'instance', 'one-time'] as const;
export type DistributionType = (typeof distributionTypes)[number];

export const hostingModes = ['cloud', 'edge', 'external'] as const;
export type HostingMode = (typeof hostingModes)[number];

export const platforms = ['linux/amd64', 'linux/arm64', 'linux/arm/v7'] as const;
export type Platform = (typeof platforms)[number];

/** What other services may know of an app. */
export interface AppView {
  readonly appId: string;
  readonly providerTenant: string;
  readonly name: string;
  readonly distributionType: DistributionType;
  readonly hostingMode: HostingMode;
  readonly platforms: readonly Platform[];
  readonly status: 'created' | 'initialised' | 'listed' | 'delisted' | 'archived';
}

/** Asked by other services. `undefined` where there is no such app. */
export abstract class AppCatalogQueries {
  abstract app(appId: string): Promise<AppView | undefined>;
}

export type AppCatalogEvent =
  | PublicEvent<'app-catalog.app-listed.v1', { appId: string; providerTenant: string }>
  | PublicEvent<'app-catalog.app-delisted.v1', { appId: string; providerTenant: string }>;
