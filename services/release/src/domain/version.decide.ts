import { type Aggregate, assertNever } from '@souk/event-sourcing';
import { evolve, type ExistingVersion, noVersion, type Version } from './version';
import { VersionExists, VersionNotDraft, VersionNotReleased, VersionUnknown } from './version.errors';
import type {
  ReviewedRevisions,
  VersionDeprecated,
  VersionDescribed,
  VersionDrafted,
  VersionEvent,
  VersionReleased,
  VersionWithdrawn,
} from './version.events';

export type DraftVersion = { readonly type: 'draft-version' } & VersionDrafted['data'];
export type DescribeVersion = { readonly type: 'describe-version'; readonly description: string; readonly releaseNotes?: string };
export type ReleaseVersion = {
  readonly type: 'release-version';
  readonly snapshot: string;
  readonly reviewed: ReviewedRevisions;
  readonly releaseNotes?: string;
};
export type DeprecateVersion = { readonly type: 'deprecate-version' };
export type WithdrawVersion = { readonly type: 'withdraw-version' };

export type VersionCommand = DraftVersion | DescribeVersion | ReleaseVersion | DeprecateVersion | WithdrawVersion;

export const versionAggregate: Aggregate<Version, VersionCommand, VersionEvent> = {
  category: 'version',
  eventTypes: { VersionDrafted: {}, VersionDescribed: {}, VersionReleased: {}, VersionDeprecated: {}, VersionWithdrawn: {} },
  initial: noVersion,
  tenants: (version) => (version.status === 'none' ? [] : [version.providerTenant]),
  evolve,

  decide(command, version) {
    if (command.type === 'draft-version') return draft(command, version);
    if (version.status === 'none') throw new VersionUnknown();
    switch (command.type) {
      case 'describe-version':
        return describe(command, version);
      case 'release-version':
        return release(command, version);
      case 'deprecate-version':
        return deprecate(version);
      case 'withdraw-version':
        return withdraw(version);
      default:
        return assertNever(command);
    }
  },
};

const draft = ({ type: _, ...data }: DraftVersion, version: Version): VersionDrafted[] => {
  if (version.status !== 'none') throw new VersionExists(version);
  return [{ type: 'VersionDrafted', data }];
};

const describe = ({ description, releaseNotes }: DescribeVersion, version: ExistingVersion): VersionDescribed[] => {
  if (version.status !== 'draft') throw new VersionNotDraft(version);
  const sameNotes = releaseNotes === undefined || releaseNotes === version.releaseNotes;
  if (description === version.description && sameNotes) return [];
  const { versionId } = version;
  return [{ type: 'VersionDescribed', data: { versionId, description, ...(releaseNotes !== undefined && { releaseNotes }) } }];
};

const release = ({ snapshot, reviewed, releaseNotes }: ReleaseVersion, version: ExistingVersion): VersionReleased[] => {
  if (version.status === 'released' && version.snapshot === snapshot) return [];
  if (version.status !== 'draft') throw new VersionNotDraft(version);
  const { versionId, appId, providerTenant, number } = version;
  const notes = releaseNotes ?? version.releaseNotes;
  const data = {
    versionId,
    appId,
    providerTenant,
    number,
    snapshot,
    reviewed,
    ...(notes !== undefined && { releaseNotes: notes }),
  };
  return [{ type: 'VersionReleased', data }];
};

const deprecate = (version: ExistingVersion): VersionDeprecated[] => {
  if (version.status === 'deprecated') return [];
  if (version.status !== 'released') throw new VersionNotReleased(version);
  return [{ type: 'VersionDeprecated', data: { versionId: version.versionId, appId: version.appId } }];
};

const withdraw = (version: ExistingVersion): VersionWithdrawn[] => {
  if (version.status === 'withdrawn') return [];
  if (version.status === 'draft') throw new VersionNotReleased(version);
  return [{ type: 'VersionWithdrawn', data: { versionId: version.versionId, appId: version.appId } }];
};
