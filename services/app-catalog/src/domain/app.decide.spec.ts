import { given } from '@souk/event-sourcing/testing';
import { type AppCommand, appAggregate } from './app.decide';
import {
  AppExists,
  AppIsArchived,
  AppNotInitialised,
  AppNotListed,
  AppUnknown,
  HostingNotPossible,
  NoReleasedVersion,
} from './app.errors';
import type { AppCreated, AppEvent } from './app.events';

const details = { summary: 'A servlet container with its database', tags: ['java'], links: [] };
const created: AppCreated = {
  type: 'AppCreated',
  data: {
    appId: 'app_1',
    providerTenant: 'ten_p',
    name: 'Tomcat',
    distributionType: 'instance',
    hostingMode: 'edge',
    platforms: ['linux/amd64'],
    details,
  },
};
const create: AppCommand = { type: 'create-app', ...created.data };
const initialised: AppEvent = { type: 'AppInitialised', data: { appId: 'app_1', versionId: 'ver_1' } };
const party = { appId: 'app_1', providerTenant: 'ten_p' };
const listed: AppEvent = { type: 'AppListed', data: party };
const delisted: AppEvent = { type: 'AppDelisted', data: party };
const archived: AppEvent = { type: 'AppArchived', data: party };

describe('App', () => {
  describe('that does not exist', () => {
    it('is created with its details', () => given(appAggregate).when(create).then(created));
    it('is not hosted elsewhere unless it is an account', () =>
      given(appAggregate)
        .when({ ...create, hostingMode: 'external' })
        .thenRefused(HostingNotPossible));
    it('can be hosted by its provider when it is an account', () =>
      given(appAggregate)
        .when({ ...create, distributionType: 'account', hostingMode: 'external' })
        .then({ type: 'AppCreated', data: { ...created.data, distributionType: 'account', hostingMode: 'external' } }));
    it('cannot be listed', () => given(appAggregate).when({ type: 'list-app', releasedVersions: 1 }).thenRefused(AppUnknown));
  });

  describe('created', () => {
    it('is not created again', () => given(appAggregate, created).when(create).thenRefused(AppExists));
    it('is initialised by its first version', () =>
      given(appAggregate, created).when({ type: 'initialise-app', versionId: 'ver_1' }).then(initialised));
    it('cannot be listed before it is initialised', () =>
      given(appAggregate, created).when({ type: 'list-app', releasedVersions: 0 }).thenRefused(AppNotInitialised));
    it('takes another description', () =>
      given(appAggregate, created)
        .when({ type: 'describe-app', details: { ...details, summary: 'Other' } })
        .then({ type: 'AppDescribed', data: { appId: 'app_1', details: { ...details, summary: 'Other' } } }));
    it('says nothing new when described as it is', () =>
      given(appAggregate, created).when({ type: 'describe-app', details }).thenNothing());
  });

  describe('initialised', () => {
    it('is initialised once', () =>
      given(appAggregate, created, initialised).when({ type: 'initialise-app', versionId: 'ver_2' }).thenNothing());
    it('is not listed without a released version', () =>
      given(appAggregate, created, initialised).when({ type: 'list-app', releasedVersions: 0 }).thenRefused(NoReleasedVersion));
    it('is listed with one', () =>
      given(appAggregate, created, initialised).when({ type: 'list-app', releasedVersions: 1 }).then(listed));
    it('cannot be delisted', () =>
      given(appAggregate, created, initialised).when({ type: 'delist-app' }).thenRefused(AppNotListed));
  });

  describe('listed', () => {
    const history = [created, initialised, listed] as const;
    it('is listed once', () =>
      given(appAggregate, ...history)
        .when({ type: 'list-app', releasedVersions: 1 })
        .thenNothing());
    it('is delisted', () =>
      given(appAggregate, ...history)
        .when({ type: 'delist-app' })
        .then(delisted));
    it('is archived', () =>
      given(appAggregate, ...history)
        .when({ type: 'archive-app' })
        .then(archived));
  });

  describe('delisted', () => {
    it('is listed again', () =>
      given(appAggregate, created, initialised, listed, delisted).when({ type: 'list-app', releasedVersions: 1 }).then(listed));
  });

  describe('archived', () => {
    it('is archived once', () => given(appAggregate, created, archived).when({ type: 'archive-app' }).thenNothing());
    it.each<AppCommand>([{ type: 'list-app', releasedVersions: 1 }, { type: 'delist-app' }, { type: 'describe-app', details }])(
      'refuses %j',
      (command) => given(appAggregate, created, initialised, archived).when(command).thenRefused(AppIsArchived),
    );
  });
});
