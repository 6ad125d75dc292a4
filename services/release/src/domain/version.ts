import { assertNever } from '@souk/event-sourcing';
import type { ReviewedRevisions, VersionEvent } from './version.events';

interface Known {
  readonly versionId: string;
  readonly appId: string;
  readonly providerTenant: string;
  readonly number: string;
  readonly description: string;
  readonly releaseNotes?: string;
  readonly first: boolean;
  readonly clonedFrom?: string;
}

/** `none → draft → released → deprecated → withdrawn` */
export type Version =
  | { readonly status: 'none' }
  | (Known & { readonly status: 'draft' })
  | (Known & {
      readonly status: 'released' | 'deprecated' | 'withdrawn';
      readonly snapshot: string;
      readonly reviewed: ReviewedRevisions;
    });

export type ExistingVersion = Exclude<Version, { status: 'none' }>;

export const noVersion: Version = { status: 'none' };

export function evolve(version: Version, event: VersionEvent): Version {
  if (event.type === 'VersionDrafted') return { status: 'draft', ...event.data };
  if (version.status === 'none') return version;
  switch (event.type) {
    case 'VersionDescribed': {
      const { description, releaseNotes } = event.data;
      return { ...version, description, ...(releaseNotes !== undefined && { releaseNotes }) };
    }
    case 'VersionReleased': {
      const { snapshot, reviewed, releaseNotes } = event.data;
      return { ...version, status: 'released', snapshot, reviewed, ...(releaseNotes !== undefined && { releaseNotes }) };
    }
    case 'VersionDeprecated':
      return 'snapshot' in version ? { ...version, status: 'deprecated' } : version;
    case 'VersionWithdrawn':
      return 'snapshot' in version ? { ...version, status: 'withdrawn' } : version;
    default:
      return assertNever(event);
  }
}
