import { Injectable } from '@nestjs/common';
import {
  AppCatalogQueries,
  ReleaseCommands,
  ReleaseQueries,
  type CallContext,
  type Platform,
  type DeclaredPermissions,
  type SnapshotConfiguration,
  type VersionView,
} from '@souk/contracts';
import type { Problem } from '@souk/event-sourcing';
import type { Topology } from '@souk/topology';
import type { ClusterDescription } from '../../domain/clusters/cluster.events';
import { isDeployable } from '../../domain/instances/instance.decide';
import {
  ConfigurationNotDeployable,
  PlanNotForTrials,
  PlatformMismatch,
  VersionNotDeployable,
  VersionNotFound,
} from '../../domain/instances/instance.errors';
import type { DeployedVersion } from '../../domain/instances/instance.events';
import { filledInProblems, type FilledIn, suppliedSecrets, suppliedValueProblems } from '../../domain/instances/parameters';
import { platformsOfImages } from '../../domain/clusters/platforms';
import { CloudProviders } from '../cloud/cloud-providers';
import { TenantSecrets } from '../secrets/tenant-secrets';

/** A version and the configuration of it that is to be deployed. */
export interface Deployable {
  readonly version: VersionView;
  readonly deployed: DeployedVersion;
  readonly configuration: SnapshotConfiguration;
  /** What the version declares. */
  readonly permissions: DeclaredPermissions;
}

/** Finds what is to be deployed, and what stands in the way. */
@Injectable()
export class Deployables {
  constructor(
    private readonly releases: ReleaseQueries,
    private readonly releaseCommands: ReleaseCommands,
    private readonly apps: AppCatalogQueries,
    private readonly secrets: TenantSecrets,
    private readonly providers: CloudProviders,
  ) {}

  /** A released version. @throws VersionNotFound, VersionNotDeployable, ConfigurationNotDeployable */
  async released(versionId: string, configuration: string): Promise<Deployable> {
    const version = await this.releases.version(versionId);
    if (!version) throw new VersionNotFound(versionId);
    if (!isDeployable(version.status) || version.snapshot === undefined)
      throw new VersionNotDeployable(versionId, version.status);
    return this.ofSnapshot(version, version.snapshot, configuration);
  }

  /** A draft or a released version, for its own provider. @throws DomainError `version-invalid` of release for a draft with problems */
  async own(versionId: string, configuration: string, provider: string, call: CallContext): Promise<Deployable> {
    const version = await this.releases.version(versionId);
    if (version?.providerTenant !== provider) throw new VersionNotFound(versionId);
    if (version.status !== 'draft') return this.released(versionId, configuration);
    return this.ofSnapshot(version, await this.releaseCommands.trialSnapshot(versionId, call), configuration);
  }

  /** @throws PlanNotForTrials */
  async assertForTrials({ configuration }: Deployable): Promise<void> {
    const problems = await this.trialProblems(configuration.topology);
    if (problems.length > 0) throw new PlanNotForTrials(problems);
  }

  trialProblems(topology: Topology): Promise<Problem[]> {
    return this.providers.trialProblems(topology);
  }

  /** That its images are for, or else that the app was built for; none where it runs on any. */
  async platformsOf({
    version: { appId },
    configuration,
  }: Pick<Deployable, 'version' | 'configuration'>): Promise<readonly string[]> {
    return platformsOfImages(configuration) ?? (await this.platformsOfApp(appId));
  }

  private async platformsOfApp(appId: string): Promise<readonly Platform[]> {
    return (await this.apps.app(appId))?.platforms ?? [];
  }

  /** @throws PlatformMismatch */
  async assertRunsOn(version: VersionView, { clusterId, platforms }: ClusterDescription): Promise<void> {
    const needs = await this.platformsOfApp(version.appId);
    if (needs.length > 0 && !needs.some((platform) => platforms.includes(platform)))
      throw new PlatformMismatch(clusterId, platforms, needs);
  }

  /** What is wrong with what was filled in, and values of what was supplied by the names under which the instance keeps them. */
  async filledIn(
    { configuration }: Deployable,
    input: FilledIn,
    tenant: string,
  ): Promise<{ problems: Problem[]; values: Map<string, string> }> {
    const problems = filledInProblems(configuration.topology, input);
    const values = new Map<string, string>();
    for (const supplied of suppliedSecrets(configuration.topology)) {
      const { name, keptAs } = supplied;
      const stored = Object.hasOwn(input.secrets, name) ? input.secrets[name] : undefined;
      if (stored === undefined) continue;
      const value = await this.secrets.value(tenant, stored);
      if (value !== undefined) {
        values.set(keptAs, value);
        problems.push(...suppliedValueProblems(supplied, value));
      } else
        problems.push({
          code: 'secret-not-stored',
          pointer: `/secrets/${name}`,
          message: `no secret is stored under the name "${stored}"`,
        });
    }
    return { problems, values };
  }

  private async ofSnapshot(version: VersionView, digest: string, name: string): Promise<Deployable> {
    const snapshot = await this.releases.snapshot(digest);
    if (!snapshot) throw new Error(`snapshot ${digest} of version "${version.versionId}" can't be read`);
    const configuration = snapshot.configurations.find((known) => known.name === name);
    if (!configuration)
      throw new ConfigurationNotDeployable(
        name,
        snapshot.configurations.map((known) => known.name),
      );
    const deployed = { versionId: version.versionId, versionNumber: version.number, snapshot: digest };
    return { version, deployed, configuration, permissions: snapshot.permissions };
  }
}
