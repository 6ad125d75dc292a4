import type { DomainEvent } from '@souk/event-sourcing';

/** What was looked at before the release: exactly these revisions went into the snapshot. */
export interface ReviewedRevisions {
  readonly configurations: readonly { readonly configurationId: string; readonly revision: number }[];
  /** -1 where nothing was declared. */
  readonly permissions: number;
}

export type VersionDrafted = DomainEvent<
  'VersionDrafted',
  {
    readonly versionId: string;
    readonly appId: string;
    readonly providerTenant: string;
    /** Semantic version 2.0.0, unique in the app. */
    readonly number: string;
    readonly description: string;
    /** The app's first version: it is what initialises the app. */
    readonly first: boolean;
    readonly clonedFrom?: string;
  }
>;
export type VersionDescribed = DomainEvent<
  'VersionDescribed',
  { readonly versionId: string; readonly description: string; readonly releaseNotes?: string }
>;
/** The commit point of a release: from here on the version is this snapshot. */
export type VersionReleased = DomainEvent<
  'VersionReleased',
  {
    readonly versionId: string;
    readonly appId: string;
    readonly providerTenant: string;
    readonly number: string;
    /** SHA-256 of the snapshot, 64 hex digits. */
    readonly snapshot: string;
    readonly reviewed: ReviewedRevisions;
    readonly releaseNotes?: string;
  }
>;
/** Still runs, no longer recommended. */
export type VersionDeprecated = DomainEvent<'VersionDeprecated', { readonly versionId: string; readonly appId: string }>;
/** No new instance and no upgrade to it; what runs goes on. */
export type VersionWithdrawn = DomainEvent<'VersionWithdrawn', { readonly versionId: string; readonly appId: string }>;

export type VersionEvent = VersionDrafted | VersionDescribed | VersionReleased | VersionDeprecated | VersionWithdrawn;
