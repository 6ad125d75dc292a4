import type { RecordedEvent } from '@souk/event-sourcing';
import type { Publication } from '@souk/messaging';
import type { VersionDeprecated, VersionDrafted, VersionReleased, VersionWithdrawn } from '../domain/version.events';

export const publication: Publication = {
  service: 'release',
  on: {
    VersionDrafted: ({ data: { versionId, appId, providerTenant, number, first } }: RecordedEvent<VersionDrafted>) => ({
      type: 'release.version-drafted.v1',
      data: { versionId, appId, providerTenant, number, first },
    }),
    VersionReleased: ({ data: { versionId, appId, providerTenant, number, snapshot } }: RecordedEvent<VersionReleased>) => ({
      type: 'release.version-released.v1',
      data: { versionId, appId, providerTenant, number, snapshot },
    }),
    VersionDeprecated: ({ data }: RecordedEvent<VersionDeprecated>) => ({ type: 'release.version-deprecated.v1', data }),
    VersionWithdrawn: ({ data }: RecordedEvent<VersionWithdrawn>) => ({ type: 'release.version-withdrawn.v1', data }),
  },
};
