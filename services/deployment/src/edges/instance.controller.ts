import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, UseFilters } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { AppCatalogQueries, derivedId } from '@souk/contracts';
import { Ctx, InjectReadModel, NotFound, PageQuery, type Principal, problemsOf, RequestContext, Roles } from '@souk/platform';
import type { Query as Criteria, ReadModel } from '@souk/read-store';
import { Instances } from '../application/instances';
import { ResourceReports } from '../application/resource-reports';
import { AppNotInitialised } from '../domain/instance.errors';
import { type InstanceDoc, instancesProjection, OPERATORS } from '../projections/instances.projection';
import { type OperationDoc, operationsProjection } from '../projections/operations.projection';
import { filledIn } from './filled-in';
import { deploymentStatuses } from './http-errors';
import { ChangeVersionDto, DeleteQuery, InstanceQuery, ReportDto, RequestInstanceDto, RestartDto } from './instance.dto';
import { instanceView, maySee, operationView } from './instance.view';

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
  ) {}

  @Post('resource-reports')
  @HttpCode(200)
  @Roles('buyer', 'provider')
  @ApiOperation({ summary: 'What an instance would take, against what a cluster has free; the deploy order; every problem' })
  async report(@Body() body: ReportDto, @Ctx() ctx: RequestContext) {
    const { tenant, role } = ctx.principal;
    const { versionId, configuration, clusterId, parameters, secrets } = body;
    const request = { versionId, configuration, clusterId, tenant, asProvider: role === 'provider' };
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
    return { ...page, items: page.items.map((instance) => instanceView(instance, principal)) };
  }

  @Get('instances/:instanceId')
  @Roles('provider', 'buyer', 'operator')
  @ApiOperation({ summary: 'One instance' })
  async get(@Param('instanceId') instanceId: string, @Ctx() ctx: RequestContext) {
    const instance = await this.visible(instanceId, ctx.principal);
    ctx.etag(instance.revision);
    return instanceView(instance, ctx.principal);
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
  @ApiOperation({ summary: 'Restart nodes, in deploy order; init nodes never' })
  async restart(@Param('instanceId') instanceId: string, @Body() { nodes, reason }: RestartDto, @Ctx() ctx: RequestContext) {
    const operationId = ctx.newId('operation');
    const input = { instanceId, operationId, ...(nodes && { nodes }) };
    const outcome = await this.instances.restart(input, ctx.principal.tenant, ctx.command({ reason, ifMatch: 'optional' }));
    return this.accepted(instanceId, operationId, outcome, ctx);
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
