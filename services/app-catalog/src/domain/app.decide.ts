import { type Aggregate, assertNever } from '@souk/event-sourcing';
import { type App, evolve, type ExistingApp, noApp } from './app';
import {
  AppExists,
  AppIsArchived,
  AppNotInitialised,
  AppNotListed,
  AppUnknown,
  HostingNotPossible,
  NoReleasedVersion,
} from './app.errors';
import type {
  AppArchived,
  AppCreated,
  AppDelisted,
  AppDescribed,
  AppDetails,
  AppEvent,
  AppInitialised,
  AppListed,
} from './app.events';

export type CreateApp = { readonly type: 'create-app' } & AppCreated['data'];
export type DescribeApp = { readonly type: 'describe-app'; readonly details: AppDetails };
export type InitialiseApp = { readonly type: 'initialise-app'; readonly versionId: string };
/** The evidence travels with the command: how many released versions the app has. */
export type ListApp = { readonly type: 'list-app'; readonly releasedVersions: number };
export type DelistApp = { readonly type: 'delist-app' };
export type ArchiveApp = { readonly type: 'archive-app' };

export type AppCommand = CreateApp | DescribeApp | InitialiseApp | ListApp | DelistApp | ArchiveApp;

export const appAggregate: Aggregate<App, AppCommand, AppEvent> = {
  category: 'app',
  eventTypes: { AppCreated: {}, AppDescribed: {}, AppInitialised: {}, AppListed: {}, AppDelisted: {}, AppArchived: {} },
  initial: noApp,
  tenants: (app) => (app.status === 'none' ? [] : [app.providerTenant]),
  evolve,

  decide(command, app) {
    if (command.type === 'create-app') return create(command, app);
    if (app.status === 'none') throw new AppUnknown();
    switch (command.type) {
      case 'describe-app':
        return describe(command, app);
      case 'initialise-app':
        return initialise(command, app);
      case 'list-app':
        return list(command, app);
      case 'delist-app':
        return delist(app);
      case 'archive-app':
        return archive(app);
      default:
        return assertNever(command);
    }
  },
};

const create = ({ type: _, ...data }: CreateApp, app: App): AppCreated[] => {
  if (app.status !== 'none') throw new AppExists(app);
  if (data.hostingMode === 'external' && data.distributionType !== 'account')
    throw new HostingNotPossible(data.distributionType, data.hostingMode);
  return [{ type: 'AppCreated', data }];
};

const describe = ({ details }: DescribeApp, app: ExistingApp): AppDescribed[] => {
  if (app.status === 'archived') throw new AppIsArchived(app);
  if (JSON.stringify(details) === JSON.stringify(app.details)) return [];
  return [{ type: 'AppDescribed', data: { appId: app.appId, details } }];
};

const initialise = ({ versionId }: InitialiseApp, app: ExistingApp): AppInitialised[] => {
  if (app.status !== 'created') return [];
  return [{ type: 'AppInitialised', data: { appId: app.appId, versionId } }];
};

const list = ({ releasedVersions }: ListApp, app: ExistingApp): AppListed[] => {
  if (app.status === 'archived') throw new AppIsArchived(app);
  if (app.status === 'created') throw new AppNotInitialised(app);
  if (app.status === 'listed') return [];
  if (releasedVersions === 0) throw new NoReleasedVersion(app);
  return [{ type: 'AppListed', data: { appId: app.appId, providerTenant: app.providerTenant } }];
};

const delist = (app: ExistingApp): AppDelisted[] => {
  if (app.status === 'archived') throw new AppIsArchived(app);
  if (app.status === 'delisted') return [];
  if (app.status !== 'listed') throw new AppNotListed(app);
  return [{ type: 'AppDelisted', data: { appId: app.appId, providerTenant: app.providerTenant } }];
};

const archive = (app: ExistingApp): AppArchived[] => {
  if (app.status === 'archived') return [];
  return [{ type: 'AppArchived', data: { appId: app.appId, providerTenant: app.providerTenant } }];
};
