import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, UseFilters } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Ctx, InjectReadModel, InvalidInput, NotFound, PageQuery, problemsOf, RequestContext, Roles } from '@souk/platform';
import type { ReadModel } from '@souk/read-store';
import { formatCpu, formatMemory } from '@souk/topology';
import { type ClusterRegistration, Clusters } from '../application/clusters';
import { type Amount, freeOf, type HostCapacity } from '../domain/capacity';
import { ClusterUnreachable } from '../domain/cluster.errors';
import { type ClusterDoc, clustersProjection, EVERYBODY } from '../projections/clusters.projection';
import { type ClusterConnectionDto, RegisterClusterDto } from './cluster.dto';
import { deploymentStatuses } from './http-errors';

@ApiTags('clusters')
@Controller('v1/clusters')
@UseFilters(problemsOf(deploymentStatuses))
export class ClusterController {
  constructor(
    private readonly clusters: Clusters,
    @InjectReadModel(clustersProjection) private readonly documents: ReadModel<ClusterDoc>,
  ) {}

  @Post()
  @Roles('buyer', 'provider', 'operator')
  @ApiOperation({ summary: 'Register an edge cluster; an operator registers one that everybody may use' })
  async register(@Body() body: RegisterClusterDto, @Ctx() ctx: RequestContext) {
    const clusterId = ctx.newId('cluster');
    const { tenant, role } = ctx.principal;
    const registration = {
      ...body,
      clusterId,
      ownerTenant: tenant,
      shared: role === 'operator',
      connection: connectionOf(body.connection),
    };
    ctx.written(await this.clusters.register(registration, ctx.command()));
    ctx.location(`/v1/clusters/${clusterId}`);
    return { clusterId, name: body.name };
  }

  @Get()
  @Roles('buyer', 'provider', 'operator')
  @ApiOperation({ summary: 'Own clusters, and those that everybody may use' })
  async list(@Query() { limit, cursor }: PageQuery, @Ctx() { principal: { tenant } }: RequestContext) {
    const page = await this.documents.query({
      index: 'byAudience',
      where: { audience: tenant },
      audience: tenant,
      ...(limit && { limit }),
      ...(cursor && { cursor }),
    });
    // Few, and the platform's own: they lead the first page.
    const shared = cursor
      ? []
      : (await this.documents.query({ index: 'byAudience', where: { audience: EVERYBODY }, limit: 100 })).items;
    return { ...page, items: [...shared, ...page.items].map(clusterView) };
  }

  @Get(':clusterId')
  @Roles('buyer', 'provider', 'operator')
  @ApiOperation({ summary: 'One cluster, with what its hosts have free now' })
  async get(@Param('clusterId') clusterId: string, @Ctx() ctx: RequestContext) {
    const document = await this.documents.get(clusterId);
    const { tenant, role } = ctx.principal;
    if (!document || (document.ownerTenant !== tenant && !document.shared && role !== 'operator'))
      throw new NotFound('cluster', clusterId);
    ctx.etag(document.revision);
    return { ...clusterView(document), ...(await this.capacity(clusterId)) };
  }

  @Delete(':clusterId')
  @HttpCode(204)
  @Roles('buyer', 'provider', 'operator')
  @ApiOperation({ summary: 'Forget a cluster on which nothing runs any more' })
  async remove(@Param('clusterId') clusterId: string, @Ctx() ctx: RequestContext): Promise<void> {
    ctx.written(await this.clusters.remove(clusterId, ctx.principal.tenant, ctx.command()));
  }

  private async capacity(clusterId: string) {
    try {
      return { reachable: true, hosts: (await this.clusters.hosts(clusterId)).map(hostView) };
    } catch (error) {
      if (!(error instanceof ClusterUnreachable)) throw error;
      return { reachable: false, detail: error.message, hosts: [] };
    }
  }
}

function connectionOf({ kind, kubeconfig }: ClusterConnectionDto): ClusterRegistration['connection'] {
  if (kind === 'kubeconfig' && kubeconfig === undefined)
    throw new InvalidInput(
      [{ code: 'required', pointer: '/connection/kubeconfig', message: '"kubeconfig" is required' }],
      'body',
    );
  if (kind === 'simulated' && kubeconfig !== undefined)
    throw new InvalidInput(
      [{ code: 'unknown-field', pointer: '/connection/kubeconfig', message: 'a simulated cluster has no kubeconfig' }],
      'body',
    );
  return kubeconfig === undefined ? { kind: 'simulated' } : { kind: 'kubeconfig', kubeconfig };
}

function clusterView({ audience: _, revision: __, ...cluster }: ClusterDoc) {
  return cluster;
}

function hostView(host: HostCapacity) {
  const { name, platform, schedulable, allocatable, requested } = host;
  return {
    name,
    platform,
    schedulable,
    allocatable: written(allocatable),
    requested: written(requested),
    free: written(freeOf(host)),
  };
}

const written = ({ cpu, memory }: Amount) => ({ cpu: formatCpu(cpu), memory: formatMemory(memory) });
