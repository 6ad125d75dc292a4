import { given } from '@souk/event-sourcing/testing';
import { type VersionCommand, versionAggregate } from './version.decide';
import { VersionExists, VersionNotDraft, VersionNotReleased, VersionUnknown } from './version.errors';
import type { VersionDrafted, VersionEvent } from './version.events';

const drafted: VersionDrafted = {
  type: 'VersionDrafted',
  data: { versionId: 'ver_1', appId: 'app_1', providerTenant: 'ten_p', number: '1.0.0', description: 'First', first: true },
};
const snapshot = 'a'.repeat(64);
const reviewed = { configurations: [{ configurationId: 'cfg_1', revision: 4 }], permissions: 1 };
const released: VersionEvent = {
  type: 'VersionReleased',
  data: { versionId: 'ver_1', appId: 'app_1', providerTenant: 'ten_p', number: '1.0.0', snapshot, reviewed },
};
const deprecated: VersionEvent = { type: 'VersionDeprecated', data: { versionId: 'ver_1', appId: 'app_1' } };
const withdrawn: VersionEvent = { type: 'VersionWithdrawn', data: { versionId: 'ver_1', appId: 'app_1' } };
const release: VersionCommand = { type: 'release-version', snapshot, reviewed };

describe('Version', () => {
  describe('that does not exist', () => {
    it('is drafted', () =>
      given(versionAggregate)
        .when({ type: 'draft-version', ...drafted.data })
        .then(drafted));
    it('cannot be released', () => given(versionAggregate).when(release).thenRefused(VersionUnknown));
  });

  describe('draft', () => {
    it('is drafted once', () =>
      given(versionAggregate, drafted)
        .when({ type: 'draft-version', ...drafted.data })
        .thenRefused(VersionExists));
    it('is released as a snapshot of what was reviewed', () => given(versionAggregate, drafted).when(release).then(released));
    it('keeps the release notes written before', () =>
      given(versionAggregate, drafted, {
        type: 'VersionDescribed',
        data: { versionId: 'ver_1', description: 'First', releaseNotes: 'All new' },
      })
        .when(release)
        .then({ ...released, data: { ...released.data, releaseNotes: 'All new' } }));
    it.each<VersionCommand>([{ type: 'deprecate-version' }, { type: 'withdraw-version' }])('refuses %j', (command) =>
      given(versionAggregate, drafted).when(command).thenRefused(VersionNotReleased),
    );
  });

  describe('released', () => {
    it('says nothing new when released again as the same snapshot', () =>
      given(versionAggregate, drafted, released).when(release).thenNothing());
    it('is frozen', () =>
      given(versionAggregate, drafted, released)
        .when({ ...release, snapshot: 'b'.repeat(64) })
        .thenRefused(VersionNotDraft));
    it('is not described anew', () =>
      given(versionAggregate, drafted, released)
        .when({ type: 'describe-version', description: 'Other' })
        .thenRefused(VersionNotDraft));
    it('is deprecated', () => given(versionAggregate, drafted, released).when({ type: 'deprecate-version' }).then(deprecated));
    it('is withdrawn', () => given(versionAggregate, drafted, released).when({ type: 'withdraw-version' }).then(withdrawn));
  });

  describe('withdrawn', () => {
    const history = [drafted, released, deprecated, withdrawn] as const;
    it('stays withdrawn', () =>
      given(versionAggregate, ...history)
        .when({ type: 'withdraw-version' })
        .thenNothing());
    it('is not deprecated any more', () =>
      given(versionAggregate, ...history)
        .when({ type: 'deprecate-version' })
        .thenRefused(VersionNotReleased));
  });
});
