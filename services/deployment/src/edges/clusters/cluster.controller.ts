import { Body, Controller, Delete, Get, Header, HttpCode, Param, Patch, Post, Query, UseFilters } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiSecurity, ApiTags } from '@nestjs/swagger';
import {
  Ctx,
  InjectReadModel,
  InvalidInput,
  NotFound,
  PageQuery,
  type Principal,
  problemsOf,
  Public,
  RequestContext,
  Roles,
} from '@souk/platform';
import type { ReadModel } from '@souk/read-store';
import { formatCpu, formatMemory } from '@souk/topology';
import { clusterRoleManifest } from '../../application/clusters/cluster-access';
import { type ClusterRegistration, Clusters } from '../../application/clusters/clusters';
import { HostGrants } from '../../application/operations/host-grants';
import { type Amount, freeOf, type HostCapacity } from '../../domain/clusters/capacity';
import { ClusterUnreachable } from '../../domain/clusters/cluster.errors';
import { type ClusterDoc, clustersProjection, EVERYBODY } from '../../projections/clusters.projection';
import { ChangeClusterDto, type ClusterConnectionDto, RegisterClusterDto } from './cluster.dto';
import { deploymentStatuses } from '../http-errors';

@ApiTags('clusters')
@Controller('v1/clusters')
@UseFilters(problemsOf(deploymentStatuses))
export class ClusterController {
  constructor(
    private readonly clusters: Clusters,
    private readonly grants: HostGrants,
    @InjectReadModel(clustersProjection) private readonly documents: ReadModel<ClusterDoc>,
  ) {}

  @Post()
  @Roles('buyer', 'provider', 'operator')
  @ApiOperation({ summary: 'Register an edge cluster; an operator registers one that everybody may use' })
  async register(@Body() body: RegisterClusterDto, @Ctx() ctx: RequestContext) {
    const clusterId = ctx.newId('cluster');
    const { tenant, role } = ctx.principal;
    const { reason, ...said } = body;
    const registration = {
      ...said,
      clusterId,
      ownerTenant: tenant,
      shared: role === 'operator',
      connection: connectionOf(body.connection),
    };
    const { outcome, warnings } = await this.clusters.admit(registration, ctx.command({ reason }));
    ctx.written(outcome);
    ctx.location(`/v1/clusters/${clusterId}`);
    return { clusterId, name: body.name, warnings };
  }

  @Post('checks')
  @HttpCode(200)
  @Roles('buyer', 'provider', 'operator')
  @ApiOperation({ summary: 'What would stand in the way of registering a cluster; nothing is stored' })
  async check(@Body() body: RegisterClusterDto, @Ctx() { principal }: RequestContext) {
    const claims = { ...body, connection: connectionOf(body.connection) };
    const { problems, warnings, version, hosts } = await this.clusters.check(claims, principal.tenant);
    return { problems, warnings, ...(version !== undefined && { version }), hosts: hosts.map(hostView) };
  }

  @Get('cluster-role')
  @Public()
  @ApiSecurity({})
  @Header('content-type', 'application/yaml; charset=utf-8')
  @ApiOkResponse({ content: { 'application/yaml': { schema: { type: 'string' } } } })
  @ApiOperation({ summary: 'The least that is needed of a cluster, for `kubectl apply -f -`' })
  clusterRole(): string {
    return clusterRoleManifest();
  }

  @Get()
  @Roles('buyer', 'provider', 'operator')
  @ApiOperation({ summary: 'Own clusters, and those that everybody may use' })
  async list(@Query() { limit, cursor }: PageQuery, @Ctx() { principal }: RequestContext) {
    const { tenant } = principal;
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
    return { ...page, items: [...shared, ...page.items].map((cluster) => clusterView(cluster, principal)) };
  }

  @Get(':clusterId')
  @Roles('buyer', 'provider', 'operator')
  @ApiOperation({ summary: 'One cluster; for its owner and operators with what its hosts have free now' })
  async get(@Param('clusterId') clusterId: string, @Ctx() ctx: RequestContext) {
    const document = await this.documents.get(clusterId);
    const { tenant, role } = ctx.principal;
    if (!document || (document.ownerTenant !== tenant && !document.shared && role !== 'operator'))
      throw new NotFound('cluster', clusterId);
    ctx.etag(document.revision);
    const view = clusterView(document, ctx.principal);
    // Whoever may use it and no more is told what was seen of it last: how many hosts, and how much there is in all.
    const capacity = await this.capacity(document);
    if (isFor(document, ctx.principal)) return { ...view, ...capacity };
    return { ...view, reachable: capacity.reachable, hosts: [] };
  }

  @Patch(':clusterId')
  @Roles('buyer', 'provider', 'operator')
  @ApiOperation({ summary: 'Change what is said of a cluster, grant and withdraw, or rotate its credentials' })
  async change(@Param('clusterId') clusterId: string, @Body() body: ChangeClusterDto, @Ctx() ctx: RequestContext) {
    const { hostPolicy, connection, remove = [], reason, ...said } = body;
    const changes = { ...said, ...Object.fromEntries(remove.map((part) => [part, null])) };
    const kubeconfig = connection && kubeconfigOf(connection);
    const change = { changes, ...(hostPolicy && { hostPolicy }), ...(kubeconfig !== undefined && { kubeconfig }) };
    const command = ctx.command({ ifMatch: 'required', reason });
    ctx.written(await this.clusters.change(clusterId, ctx.principal.tenant, change, command));
    return { clusterId, noLongerGranted: hostPolicy ? await this.grants.noLongerGranted(clusterId) : [] };
  }

  @Delete(':clusterId')
  @HttpCode(204)
  @Roles('buyer', 'provider', 'operator')
  @ApiOperation({ summary: 'Forget a cluster on which nothing runs any more' })
  async remove(@Param('clusterId') clusterId: string, @Ctx() ctx: RequestContext): Promise<void> {
    ctx.written(await this.clusters.remove(clusterId, ctx.principal.tenant, ctx.command()));
  }

  /** A cluster that was away at the last look is not waited for. */
  private async capacity({ clusterId, reachable }: ClusterDoc) {
    if (reachable === false) return { reachable, hosts: [] };
    try {
      return { reachable: true, hosts: (await this.clusters.hosts(clusterId)).map(hostView) };
    } catch (error) {
      if (!(error instanceof ClusterUnreachable)) throw error;
      return { reachable: false, detail: error.message, hosts: [] };
    }
  }
}

function kubeconfigOf(connection: ClusterConnectionDto): string {
  const told = connectionOf(connection);
  if (told.kind === 'kubeconfig') return told.kubeconfig;
  throw new InvalidInput(
    [{ code: 'not-one-of', pointer: '/connection/kind', message: 'credentials are rotated by a kubeconfig' }],
    'body',
  );
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

const isFor = ({ ownerTenant }: ClusterDoc, { tenant, role }: Principal): boolean =>
  ownerTenant === tenant || role === 'operator';

/** Where it listens, who granted what and why, and why it is away, is for those whose cluster it is, and for operators. */
function clusterView(document: ClusterDoc, principal: Principal) {
  const { audience: _, revision: __, grants, detail, connection, ...cluster } = document;
  if (!isFor(document, principal)) return { ...cluster, connection: { kind: connection.kind }, grants: [] };
  return { ...cluster, connection, grants, ...(detail !== undefined && { detail }) };
}

function hostView(host: HostCapacity) {
  const { name, platform, address, schedulable, allocatable, requested } = host;
  return {
    name,
    platform,
    ...(address !== undefined && { address }),
    schedulable,
    allocatable: written(allocatable),
    requested: written(requested),
    free: written(freeOf(host)),
  };
}

const written = ({ cpu, memory }: Amount) => ({ cpu: formatCpu(cpu), memory: formatMemory(memory) });
