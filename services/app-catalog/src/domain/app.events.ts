import type { DistributionType, HostingMode, Platform } from '@souk/contracts';
import type { DomainEvent } from '@souk/event-sourcing';

/** What a marketplace shows of an app. */
export interface AppDetails {
  readonly summary: string;
  /** Markdown. */
  readonly description?: string;
  readonly category?: string;
  readonly tags: readonly string[];
  readonly iconUrl?: string;
  readonly links: readonly { readonly title: string; readonly url: string }[];
}

export type AppCreated = DomainEvent<
  'AppCreated',
  {
    readonly appId: string;
    readonly providerTenant: string;
    readonly name: string;
    readonly distributionType: DistributionType;
    readonly hostingMode: HostingMode;
    readonly platforms: readonly Platform[];
    readonly details: AppDetails;
  }
>;
export type AppDescribed = DomainEvent<'AppDescribed', { readonly appId: string; readonly details: AppDetails }>;
/** Its first version was drafted: version management is open. */
export type AppInitialised = DomainEvent<'AppInitialised', { readonly appId: string; readonly versionId: string }>;
export type AppListed = DomainEvent<'AppListed', { readonly appId: string; readonly providerTenant: string }>;
export type AppDelisted = DomainEvent<'AppDelisted', { readonly appId: string; readonly providerTenant: string }>;
/** For good: it can neither be listed nor changed any more. Instances go on. */
export type AppArchived = DomainEvent<'AppArchived', { readonly appId: string; readonly providerTenant: string }>;

export type AppEvent = AppCreated | AppDescribed | AppInitialised | AppListed | AppDelisted | AppArchived;
