import {
  AppCatalogQueries,
  type AppView,
  DeploymentCommands,
  type InstanceRequest,
  ReleaseQueries,
  TenantDirectory,
  type VersionView,
} from '@souk/contracts';
import { DomainError } from '@souk/event-sourcing';

/** The app that is sold. */
export const app: AppView = {
  appId: 'app_01J0000000000000000000000P',
  providerTenant: 'ten_01J0000000000000000000000P',
  name: 'Line Monitor',
  distributionType: 'instance',
  hostingMode: 'edge',
  platforms: ['linux/amd64'],
  status: 'listed',
};

/** Its released version. */
export const version: VersionView = {
  versionId: 'ver_01J0000000000000000000000V',
  appId: app.appId,
  providerTenant: app.providerTenant,
  number: '1.0.0',
  status: 'released',
};

export class OneApp extends AppCatalogQueries {
  override async app(appId: string): Promise<AppView | undefined> {
    return appId === app.appId ? app : undefined;
  }
}

/** Knows everybody but `ten_nobody`. */
export class EveryTenant extends TenantDirectory {
  override async exists(tenantId: string): Promise<boolean> {
    return tenantId !== 'ten_nobody';
  }
}

export class OneVersion extends ReleaseQueries {
  newest: VersionView | undefined = version;

  override async version(versionId: string): Promise<VersionView | undefined> {
    return versionId === version.versionId ? version : undefined;
  }
  override async newestReleased(appId: string): Promise<VersionView | undefined> {
    return appId === app.appId ? this.newest : undefined;
  }
  override async snapshot(): Promise<undefined> {
    return undefined;
  }
}

export class NameIsTaken extends DomainError {
  readonly code = 'name-taken';
}

/** Deployment in memory: names are unique, a repeat has one effect; asked again after its end, an instance would be back. */
export class InMemoryDeployment extends DeploymentCommands {
  readonly live = new Map<string, InstanceRequest>();
  readonly deleted = new Set<string>();
  /** Instances that ever were. */
  created = 0;
  /** Thrown before, or after, the effect of the next call: as when a connection breaks. */
  failBefore: (() => boolean) | undefined;
  failAfter: (() => boolean) | undefined;

  override async requestInstance(request: InstanceRequest): Promise<void> {
    if (this.failBefore?.()) throw new Error('connection refused');
    if (!this.live.has(request.instanceId)) {
      const taken = [...this.live.values()].some(
        ({ name, ownerTenant }) => name === request.name && ownerTenant === request.ownerTenant,
      );
      if (taken) throw new NameIsTaken(`there is already an instance named "${request.name}"`);
      this.live.set(request.instanceId, request);
      this.created++;
    }
    if (this.failAfter?.()) throw new Error('connection reset');
  }

  override async deleteInstance(instanceId: string): Promise<void> {
    if (this.failBefore?.()) throw new Error('connection refused');
    if (this.live.delete(instanceId)) this.deleted.add(instanceId);
    if (this.failAfter?.()) throw new Error('connection reset');
  }
}
