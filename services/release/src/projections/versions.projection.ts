import type { VersionStatus } from '@souk/contracts';
import type { Projection } from '@souk/event-sourcing';
import type { VersionEvent } from '../domain/version.events';

export interface VersionDoc {
  readonly versionId: string;
  readonly appId: string;
  readonly providerTenant: string;
  readonly number: string;
  readonly description: string;
  readonly releaseNotes?: string;
  readonly status: VersionStatus;
  readonly clonedFrom?: string;
  readonly snapshot?: string;
  readonly draftedAt: string;
  readonly releasedAt?: string;
  readonly revision: number;
}

export const versionsProjection: Projection<VersionDoc, VersionEvent> = {
  name: 'versions',
  version: 1,
  streamPrefixes: ['version-'],
  indexes: { byApp: ['appId', 'draftedAt'], byAppAndStatus: ['appId', 'status', 'draftedAt'] },
  on: {
    VersionDrafted: (_, { data: { first: __, ...version }, recordedAt, revision }) => ({
      ...version,
      status: 'draft',
      draftedAt: recordedAt,
      revision,
    }),
    VersionDescribed: (version, { data, revision }) => version && { ...version, ...data, revision },
    VersionReleased: (version, { data: { snapshot, releaseNotes }, recordedAt, revision }) =>
      version && {
        ...version,
        status: 'released',
        snapshot,
        releasedAt: recordedAt,
        ...(releaseNotes !== undefined && { releaseNotes }),
        revision,
      },
    VersionDeprecated: (version, { revision }) => version && { ...version, status: 'deprecated', revision },
    VersionWithdrawn: (version, { revision }) => version && { ...version, status: 'withdrawn', revision },
  },
};
