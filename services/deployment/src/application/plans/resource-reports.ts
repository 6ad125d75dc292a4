import { Injectable } from '@nestjs/common';
import { type CommandContext, inSlices, type Problem } from '@souk/event-sourcing';
import { PlatformMismatch } from '../../domain/instances/instance.errors';
import type { FilledIn } from '../../domain/instances/parameters';
import { reportSteps, type ResourceReport } from '../../domain/plans/resource-report';
import { CloudProviders } from '../cloud/cloud-providers';
import { ClusterChoice, type Target } from '../clusters/cluster-choice';
import { ClusterObstacles } from '../clusters/cluster-obstacles';
import { Clusters } from '../clusters/clusters';
import { Deployables } from './deployables';

export interface ReportRequest {
  readonly versionId: string;
  readonly configuration: string;
  readonly target: Target;
  /** Absent where nothing was filled in yet: then nothing is said about it. */
  readonly filledIn?: FilledIn;
  readonly tenant: string;
  /** A provider may ask about drafts of its own. */
  readonly asProvider: boolean;
}

/** What an instance would take, before anybody asks for it (F44). */
@Injectable()
export class ResourceReports {
  constructor(
    private readonly deployables: Deployables,
    private readonly clusters: Clusters,
    private readonly choice: ClusterChoice,
    private readonly obstacles: ClusterObstacles,
    private readonly providers: CloudProviders,
  ) {}

  async report(request: ReportRequest, context: CommandContext): Promise<ResourceReport> {
    const { versionId, configuration, target, tenant, asProvider } = request;
    const deployable = asProvider
      ? await this.deployables.own(versionId, configuration, tenant, context)
      : await this.deployables.released(versionId, configuration);
    const { clusterId } = await this.choice.targetOf(target, deployable);
    const cluster = await this.clusters.usable(clusterId, tenant);
    const { problems } = request.filledIn
      ? await this.deployables.filledIn(deployable, request.filledIn, tenant)
      : { problems: [] };
    const mismatch: Problem[] = [];
    try {
      await this.deployables.assertRunsOn(deployable.version, cluster);
    } catch (error) {
      if (!(error instanceof PlatformMismatch)) throw error;
      mismatch.push({ code: error.code, pointer: '/clusterId', message: error.message });
    }
    const hosts = await this.clusters.hosts(clusterId);
    const platforms = mismatch.length > 0 ? [] : await this.deployables.platformsOf(deployable);
    const obstacles = await this.obstacles.of(deployable.configuration, cluster, { hosts, platforms });
    const { topology } = deployable.configuration;
    const unprovided = await this.providers.problems(topology);
    const found = [...mismatch, ...obstacles, ...problems, ...unprovided];
    return inSlices(reportSteps(topology, hosts, found, platforms));
  }
}
