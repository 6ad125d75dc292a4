import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query, UseFilters } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { AppCatalogQueries, derivedId } from '@souk/contracts';
import { Ctx, InjectReadModel, NotFound, PageQuery, type Principal, problemsOf, RequestContext, Roles } from '@souk/platform';
import type { Query as Criteria, ReadModel } from '@souk/read-store';
import { Instances } from '../../application/instances/instances';
import { Interventions } from '../../application/instances/interventions';
import { ResourceReports } from '../../application/plans/resource-reports';
import { AppNotInitialised } from '../../domain/instances/instance.errors';
import type { UnreadyNode } from '../../domain/health/health.events';
import { type ClusterDoc, clustersProjection } from '../../projections/clusters.projection';
import { type InstanceDoc, instancesProjection, OPERATORS } from '../../projections/instances.projection';
import { type OperationDoc, operationsProjection } from '../../projections/operations.projection';
import { filledIn } from './filled-in';
import { deploymentStatuses } from '../http-errors';
import {
  ChangeVersionDto,
  DeleteQuery,
  DriftPolicyDto,
  InstanceQuery,
  InterventionDto,
  ReasonDto,
  ReportDto,
  RequestInstanceDto,
  RestartDto,
  ScaleDto,
} from './instance.dto';
import { instanceView, maySee, operationView } from './instance.view';

/** What the cluster of an instance adds to what is told of it. */
interface Sighted {
  readonly clusterReachable?: boolean;
  readonly health?: { readonly state: 'unknown'; readonly since: string; readonly nodes: readonly UnreadyNode[] };
}

@ApiTags('instances')
@Controller('v1')
@UseFilters(problemsOf(deploymentStatuses))
export class InstanceController {
  constructor(
    private readonly instances: Instances,
    private readonly reports: ResourceReports,
    private readonly apps: AppCatalogQueries,
    @InjectReadModel(instancesProjection) private readonly documents: ReadModel<InstanceDoc>,
    @InjectReadModel(operationsProjection) private readonly operations: ReadModel<OperationDoc>,
    @InjectReadModel(clustersProjection) private readonly clusters: ReadModel<ClusterDoc>,
    private readonly interventions: Interventions,
  ) {}

  @Post('resource-reports')
  @HttpCode(200)
  @Roles('buyer', 'provider')
  @ApiOperation({ summary: 'What an instance would take, against what a cluster has free; the deploy order; every problem' })
  async report(@Body() body: ReportDto, @Ctx() ctx: RequestContext) {
    const { tenant, role } = ctx.principal;
    const { versionId, configuration, clusterId, region, parameters, secrets } = body;
    const target = { ...(clusterId !== undefined && { clusterId }), ...(region !== undefined && { region }) };
    const request = { versionId, configuration, target, tenant, asProvider: role === 'provider' };
    const given = (parameters ?? secrets) ? { filledIn: filledIn(body) } : {};
    return this.reports.report({ ...request, ...given }, ctx.command());
  }

  @Post('instances')
  @HttpCode(202)
  @Roles('provider')
  @ApiOperation({ summary: 'Deploy a trial of a draft or of a version of an own app' })
  async create(@Body() body: RequestInstanceDto, @Ctx() ctx: RequestContext) {
    const instanceId = ctx.newId('instance');
    const { reason, ...wish } = body;
    const outcome = await this.instances.requestTrial(
      { ...wish, ...filledIn(body), instanceId, ownerTenant: ctx.principal.tenant },
      ctx.command({ reason }),
    );
    return this.accepted(instanceId, derivedId('operation', instanceId, 'deploy'), outcome, ctx);
  }

  @Get('instances')
  @Roles('provider', 'buyer', 'operator')
  @ApiOperation({ summary: 'Own instances, and those of own apps' })
  async list(@Query() query: InstanceQuery, @Ctx() { principal }: RequestContext) {
    if (principal.role === 'provider' && query.appId !== undefined) await this.refuseUninitialised(query.appId, principal);
    const page = await this.documents.query(criteriaOf(query, principal));
    const reachable = await this.reachable(page.items);
    return { ...page, items: page.items.map((instance) => ({ ...instanceView(instance, principal), ...reachable(instance) })) };
  }

  @Get('instances/:instanceId')
  @Roles('provider', 'buyer', 'operator')
  @ApiOperation({ summary: 'One instance' })
  async get(@Param('instanceId') instanceId: string, @Ctx() ctx: RequestContext) {
    const instance = await this.visible(instanceId, ctx.principal);
    ctx.etag(instance.revision);
    const reachable = await this.reachable([instance]);
    return { ...instanceView(instance, ctx.principal), ...reachable(instance) };
  }

  @Post('instances/:instanceId/upgrade')
  @HttpCode(202)
  @Roles('provider', 'buyer')
  @ApiOperation({ summary: 'Upgrade to another released version: only what changed is touched' })
  async upgrade(@Param('instanceId') instanceId: string, @Body() body: ChangeVersionDto, @Ctx() ctx: RequestContext) {
    const { wish, context } = changeOfVersion(instanceId, body, ctx);
    const outcome = await this.instances.upgrade(wish, ctx.principal.tenant, context);
    return this.accepted(instanceId, wish.operationId, outcome, ctx);
  }

  @Post('instances/:instanceId/rollback')
  @HttpCode(202)
  @Roles('provider', 'buyer')
  @ApiOperation({ summary: 'Go back to an earlier released version, nodes in reverse order; init nodes are not run again' })
  async rollBack(@Param('instanceId') instanceId: string, @Body() body: ChangeVersionDto, @Ctx() ctx: RequestContext) {
    const { wish, context } = changeOfVersion(instanceId, body, ctx);
    const outcome = await this.instances.rollBack(wish, ctx.principal.tenant, context);
    return this.accepted(instanceId, wish.operationId, outcome, ctx);
  }

  @Post('instances/:instanceId/restart')
  @HttpCode(202)
  @Roles('provider', 'buyer')
  @ApiOperation({ summary: 'Restart nodes, in deploy order; init nodes that completed never' })
  async restart(@Param('instanceId') instanceId: string, @Body() { nodes, reason }: RestartDto, @Ctx() ctx: RequestContext) {
    const operationId = ctx.newId('operation');
    const input = { instanceId, operationId, ...(nodes && { nodes }) };
    const outcome = await this.instances.restart(input, ctx.principal.tenant, ctx.command({ reason, ifMatch: 'optional' }));
    return this.accepted(instanceId, operationId, outcome, ctx);
  }

  @Post('instances/:instanceId/stop')
  @HttpCode(202)
  @Roles('provider', 'buyer')
  @ApiOperation({ summary: 'Stop all nodes, those first that depend on others; what is kept stays, also over an upgrade' })
  async stop(@Param('instanceId') instanceId: string, @Body() { reason }: ReasonDto, @Ctx() ctx: RequestContext) {
    const operationId = ctx.newId('operation');
    const context = ctx.command({ reason, ifMatch: 'optional' });
    const outcome = await this.instances.stop({ instanceId, operationId }, ctx.principal.tenant, context);
    return this.accepted(instanceId, operationId, outcome, ctx);
  }

  @Post('instances/:instanceId/start')
  @HttpCode(202)
  @Roles('provider', 'buyer')
  @ApiOperation({ summary: 'Start a stopped instance, in deploy order' })
  async start(@Param('instanceId') instanceId: string, @Body() { reason }: ReasonDto, @Ctx() ctx: RequestContext) {
    const operationId = ctx.newId('operation');
    const context = ctx.command({ reason, ifMatch: 'optional' });
    const outcome = await this.instances.start({ instanceId, operationId }, ctx.principal.tenant, context);
    return this.accepted(instanceId, operationId, outcome, ctx);
  }

  @Post('instances/:instanceId/scale')
  @HttpCode(202)
  @Roles('provider', 'buyer')
  @ApiOperation({ summary: 'Another number of replicas for some nodes; it stays so over an upgrade' })
  async scale(@Param('instanceId') instanceId: string, @Body() { nodes, reason }: ScaleDto, @Ctx() ctx: RequestContext) {
    const operationId = ctx.newId('operation');
    const context = ctx.command({ reason, ifMatch: 'optional' });
    const outcome = await this.instances.scale({ instanceId, operationId, nodes }, ctx.principal.tenant, context);
    return this.accepted(instanceId, operationId, outcome, ctx);
  }

  @Put('instances/:instanceId/drift-policy')
  @Roles('provider', 'buyer')
  @ApiOperation({ summary: 'What becomes of changes that somebody else makes on the cluster' })
  async chooseDriftPolicy(
    @Param('instanceId') instanceId: string,
    @Body() { policy }: DriftPolicyDto,
    @Ctx() ctx: RequestContext,
  ) {
    const context = ctx.command({ ifMatch: 'optional' });
    ctx.written(await this.instances.chooseDriftPolicy(instanceId, policy, ctx.principal.tenant, context));
    return { instanceId, driftPolicy: policy };
  }

  @Post('instances/:instanceId/suspend-reconciliation')
  @HttpCode(200)
  @Roles('operator')
  @ApiOperation({ summary: 'Do nothing to the instance until further notice, but a delete; what is under way stalls' })
  async suspend(@Param('instanceId') instanceId: string, @Body() { reason }: InterventionDto, @Ctx() ctx: RequestContext) {
    ctx.written(await this.interventions.suspend({ instanceId, reason }, ctx.command({ reason })));
    return { instanceId };
  }

  @Post('instances/:instanceId/resume-reconciliation')
  @HttpCode(200)
  @Roles('operator')
  @ApiOperation({ summary: 'Go on with a suspended instance' })
  async resume(@Param('instanceId') instanceId: string, @Body() { reason }: InterventionDto, @Ctx() ctx: RequestContext) {
    ctx.written(await this.interventions.resume({ instanceId, reason }, ctx.command({ reason })));
    return { instanceId };
  }

  @Delete('instances/:instanceId')
  @HttpCode(202)
  @Roles('provider', 'buyer')
  @ApiOperation({ summary: 'Delete the instance, whatever it is doing, with everything that was made for it' })
  async remove(
    @Param('instanceId') instanceId: string,
    @Query() { reason, force = false }: DeleteQuery,
    @Ctx() ctx: RequestContext,
  ) {
    const outcome = await this.instances.delete(
      instanceId,
      ctx.principal.tenant,
      force,
      ctx.command({ reason, ifMatch: 'optional' }),
    );
    return this.accepted(instanceId, derivedId('operation', instanceId, 'delete'), outcome, ctx);
  }

  @Get('instances/:instanceId/operations')
  @Roles('provider', 'buyer', 'operator')
  @ApiOperation({ summary: 'Deployment records, newest first' })
  async records(
    @Param('instanceId') instanceId: string,
    @Query() { limit, cursor }: PageQuery,
    @Ctx() { principal }: RequestContext,
  ) {
    const instance = await this.visible(instanceId, principal);
    const page = await this.operations.query({
      index: 'byInstance',
      where: { instanceId },
      order: 'descending',
      audience: principal.tenant,
      ...(limit && { limit }),
      ...(cursor && { cursor }),
    });
    const isOwner = instance.ownerTenant === principal.tenant;
    return { ...page, items: page.items.map((operation) => operationView(operation, isOwner)) };
  }

  private async refuseUninitialised(appId: string, { tenant }: Principal): Promise<void> {
    const app = await this.apps.app(appId);
    if (app?.providerTenant === tenant && app.status === 'created') throw new AppNotInitialised(appId);
  }

  private accepted(
    instanceId: string,
    operationId: string,
    outcome: Parameters<RequestContext['written']>[0],
    ctx: RequestContext,
  ) {
    ctx.written(outcome);
    ctx.location(`/v1/operations/${operationId}`);
    return { instanceId, operationId };
  }

  /** Of an instance whose cluster does not answer, nobody knows how it is (F42). Told of each, as far as the cluster was looked at. */
  private async reachable(instances: readonly InstanceDoc[]) {
    const ids = [...new Set(instances.map(({ clusterId }) => clusterId))];
    const clusters = new Map(await Promise.all(ids.map(async (id) => [id, await this.clusters.get(id)] as const)));
    return ({ clusterId, status, updatedAt }: InstanceDoc): Sighted => {
      const { reachable, since = updatedAt } = clusters.get(clusterId) ?? {};
      if (reachable === undefined) return {};
      if (reachable || status === 'deleted') return { clusterReachable: reachable };
      return { clusterReachable: false, health: { state: 'unknown', since, nodes: [] } };
    };
  }

  private async visible(instanceId: string, principal: Principal): Promise<InstanceDoc> {
    const instance = await this.documents.get(instanceId);
    if (!instance || !maySee(principal, instance)) throw new NotFound('instance', instanceId);
    return instance;
  }
}

function changeOfVersion(
  instanceId: string,
  { versionId, acceptPermissions = false, plan, reason }: ChangeVersionDto,
  ctx: RequestContext,
) {
  const wish = { instanceId, operationId: ctx.newId('operation'), versionId, acceptPermissions, ...(plan && { plan }) };
  return { wish, context: ctx.command({ reason, ifMatch: 'optional' }) };
}

/** The index that narrows most; what else was asked is checked document by document. */
function criteriaOf(
  { status, appId, clusterId, limit, cursor }: InstanceQuery,
  { tenant, role }: Principal,
): Criteria<InstanceDoc> {
  const page = { order: 'descending', audience: tenant, ...(limit && { limit }), ...(cursor && { cursor }) } as const;
  const filter = (doc: InstanceDoc) =>
    (status === undefined || doc.status === status) &&
    (appId === undefined || doc.appId === appId) &&
    (clusterId === undefined || doc.clusterId === clusterId);
  const viewers = role === 'operator' ? OPERATORS : tenant;
  if (clusterId !== undefined) return { ...page, index: 'byViewerAndCluster', where: { viewers, clusterId }, filter };
  if (appId !== undefined) return { ...page, index: 'byViewerAndApp', where: { viewers, appId }, filter };
  if (status !== undefined) return { ...page, index: 'byViewerAndStatus', where: { viewers, status } };
  return { ...page, index: 'byViewer', where: { viewers } };
}
