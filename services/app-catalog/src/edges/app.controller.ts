import { Body, Controller, Get, HttpCode, Param, Patch, Post, Query, UseFilters } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Ctx, InjectReadModel, NotFound, PageQuery, problemsOf, RequestContext, Roles } from '@souk/platform';
import type { ReadModel } from '@souk/read-store';
import { AppCatalog } from '../application/app-catalog';
import type { AppDetails } from '../domain/app.events';
import { type AppDoc, appsProjection } from '../projections/apps.projection';
import { AppDetailsDto, CreateAppDto, ReasonDto } from './app.dto';
import { appView } from './app.view';
import { appErrors } from './http-errors';

@ApiTags('apps')
@Controller('v1/apps')
@UseFilters(problemsOf(appErrors))
export class AppController {
  constructor(
    private readonly catalog: AppCatalog,
    @InjectReadModel(appsProjection) private readonly apps: ReadModel<AppDoc>,
  ) {}

  @Post()
  @Roles('provider')
  @ApiOperation({ summary: 'Create an app' })
  async create(@Body() body: CreateAppDto, @Ctx() ctx: RequestContext) {
    const { name, distributionType, hostingMode, platforms, ...details } = body;
    const appId = ctx.newId('app');
    const providerTenant = ctx.principal.tenant;
    const outcome = await this.catalog.create(
      { appId, providerTenant, name, distributionType, hostingMode, platforms, details: detailsOf(details) },
      ctx.command(),
    );
    ctx.written(outcome);
    ctx.location(`/v1/apps/${appId}`);
    return { appId, name, status: 'created' };
  }

  @Get()
  @Roles('provider', 'operator')
  @ApiOperation({ summary: "The provider's own apps; all apps for an operator" })
  async list(@Query() { limit, cursor }: PageQuery, @Ctx() { principal: { tenant, role } }: RequestContext) {
    const scope = role === 'operator' ? { index: 'all' } : { index: 'byProvider', where: { providerTenant: tenant } };
    const page = await this.apps.query({ ...scope, audience: tenant, ...(limit && { limit }), ...(cursor && { cursor }) });
    return { ...page, items: page.items.map(appView) };
  }

  @Get(':appId')
  @Roles('provider', 'operator', 'auditor')
  @ApiOperation({ summary: 'One app' })
  async get(@Param('appId') appId: string, @Ctx() ctx: RequestContext) {
    const app = await this.apps.get(appId);
    const { tenant, role } = ctx.principal;
    if (!app || (role !== 'operator' && app.providerTenant !== tenant)) throw new NotFound('app', appId);
    ctx.etag(app.revision);
    return appView(app);
  }

  @Patch(':appId')
  @Roles('provider')
  @ApiOperation({ summary: 'Describe the app anew' })
  async describe(@Param('appId') appId: string, @Body() body: AppDetailsDto, @Ctx() ctx: RequestContext) {
    const command = { type: 'describe-app', details: detailsOf(body) } as const;
    const outcome = await this.catalog.command(appId, ctx.principal.tenant, command, ctx.command({ ifMatch: 'required' }));
    ctx.written(outcome);
    return { appId, ...command.details };
  }

  @Post(':appId/list')
  @HttpCode(200)
  @Roles('provider')
  @ApiOperation({ summary: 'Put the app on the marketplace' })
  async putOnMarketplace(@Param('appId') appId: string, @Body() { reason }: ReasonDto, @Ctx() ctx: RequestContext) {
    ctx.written(await this.catalog.list(appId, ctx.principal.tenant, ctx.command({ reason })));
    return { appId, status: 'listed' };
  }

  @Post(':appId/delist')
  @HttpCode(200)
  @Roles('provider')
  @ApiOperation({ summary: 'Take the app off the marketplace' })
  async delist(@Param('appId') appId: string, @Body() { reason }: ReasonDto, @Ctx() ctx: RequestContext) {
    ctx.written(await this.catalog.command(appId, ctx.principal.tenant, { type: 'delist-app' }, ctx.command({ reason })));
    return { appId, status: 'delisted' };
  }

  @Post(':appId/archive')
  @HttpCode(200)
  @Roles('provider')
  @ApiOperation({ summary: 'Archive the app, for good; its instances go on' })
  async archive(@Param('appId') appId: string, @Body() { reason }: ReasonDto, @Ctx() ctx: RequestContext) {
    ctx.written(await this.catalog.command(appId, ctx.principal.tenant, { type: 'archive-app' }, ctx.command({ reason })));
    return { appId, status: 'archived' };
  }
}

function detailsOf({ tags, links, ...details }: AppDetailsDto): AppDetails {
  return { ...details, tags: tags ?? [], links: links ?? [] };
}
