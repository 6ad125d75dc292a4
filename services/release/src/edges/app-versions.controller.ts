import { Body, Controller, Get, Param, Post, Query, UseFilters } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Ctx, InjectReadModel, PageQuery, problemsOf, RequestContext, Roles } from '@souk/platform';
import type { ReadModel } from '@souk/read-store';
import { Release } from '../application/release';
import { type VersionDoc, versionsProjection } from '../projections/versions.projection';
import { versionErrors } from './http-errors';
import { DraftVersionDto, InitialiseAppDto } from './version.dto';

/** Version management of an app. */
@ApiTags('versions')
@Controller('v1/apps/:appId')
@UseFilters(problemsOf(versionErrors))
export class AppVersionsController {
  constructor(
    private readonly release: Release,
    @InjectReadModel(versionsProjection) private readonly versions: ReadModel<VersionDoc>,
  ) {}

  @Post('initialise')
  @Roles('provider')
  @ApiOperation({ summary: 'Initialise the app: draft its first version' })
  async initialise(@Param('appId') appId: string, @Body() body: InitialiseAppDto, @Ctx() ctx: RequestContext) {
    const first = { number: body.number ?? '1.0.0', description: body.versionDescription };
    const { versionId, ...outcome } = await this.release.initialise(appId, first, ctx.principal.tenant, ctx.command());
    ctx.written(outcome);
    ctx.location(`/v1/versions/${versionId}`);
    return { versionId, appId, number: first.number, status: 'draft' };
  }

  @Post('versions')
  @Roles('provider')
  @ApiOperation({ summary: 'Draft another version, empty or cloned' })
  async draft(@Param('appId') appId: string, @Body() body: DraftVersionDto, @Ctx() ctx: RequestContext) {
    const versionId = ctx.newId('version');
    ctx.written(await this.release.draft({ versionId, appId, ...body }, ctx.principal.tenant, ctx.command()));
    ctx.location(`/v1/versions/${versionId}`);
    return { versionId, appId, number: body.number, status: 'draft', ...(body.cloneFrom && { clonedFrom: body.cloneFrom }) };
  }

  @Get('versions')
  @Roles('provider', 'buyer', 'operator')
  @ApiOperation({ summary: "The app's versions, newest draft first; buyers see the released ones" })
  async list(
    @Param('appId') appId: string,
    @Query() { limit, cursor }: PageQuery,
    @Ctx() { principal: { tenant, role } }: RequestContext,
  ) {
    if (role === 'provider') {
      await this.release.ownApp(appId, tenant);
      await this.release.refuseUninitialised(appId);
    } else await this.release.knownApp(appId);
    const scope =
      role === 'buyer' ? { index: 'byAppAndStatus', where: { appId, status: 'released' } } : { index: 'byApp', where: { appId } };
    return this.versions.query({
      ...scope,
      order: 'descending',
      audience: tenant,
      ...(limit && { limit }),
      ...(cursor && { cursor }),
    });
  }
}
