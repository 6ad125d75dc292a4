import { Body, Controller, Get, HttpCode, Param, Patch, Post, UseFilters } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ReleaseQueries } from '@souk/contracts';
import { Ctx, InjectReadModel, NotFound, problemsOf, RequestContext, Roles } from '@souk/platform';
import type { ReadModel } from '@souk/read-store';
import { Release } from '../application/release';
import { type VersionDoc, versionsProjection } from '../projections/versions.projection';
import { versionErrors } from './http-errors';
import { DescribeVersionDto, ReleaseVersionDto, VersionReasonDto } from './version.dto';
import { mayRead, offerOf } from './version.view';

@ApiTags('versions')
@Controller('v1/versions')
@UseFilters(problemsOf(versionErrors))
export class VersionController {
  constructor(
    private readonly release: Release,
    private readonly queries: ReleaseQueries,
    @InjectReadModel(versionsProjection) private readonly versions: ReadModel<VersionDoc>,
  ) {}

  @Get(':versionId')
  @Roles('provider', 'buyer', 'operator', 'auditor')
  @ApiOperation({ summary: 'One version; once released, with what a buyer has to decide and to fill in' })
  async get(@Param('versionId') versionId: string, @Ctx() ctx: RequestContext) {
    const version = await this.versions.get(versionId);
    if (!version || !mayRead(version, ctx.principal)) throw new NotFound('version', versionId);
    ctx.etag(version.revision);
    const snapshot = version.snapshot === undefined ? undefined : await this.queries.snapshot(version.snapshot);
    return { ...version, ...(snapshot && { configurations: snapshot.configurations.map(offerOf) }) };
  }

  @Patch(':versionId')
  @Roles('provider')
  @ApiOperation({ summary: 'Describe a draft anew' })
  async describe(@Param('versionId') versionId: string, @Body() body: DescribeVersionDto, @Ctx() ctx: RequestContext) {
    const command = { type: 'describe-version', ...body } as const;
    ctx.written(await this.release.command(versionId, ctx.principal.tenant, command, ctx.command({ ifMatch: 'required' })));
    return { versionId, ...body };
  }

  @Get(':versionId/review')
  @Roles('provider')
  @ApiOperation({ summary: 'The draft as it stands: its revisions, and everything in the way of a release' })
  async review(@Param('versionId') versionId: string, @Ctx() { principal }: RequestContext) {
    return this.release.review(versionId, principal.tenant);
  }

  @Post(':versionId/release')
  @HttpCode(200)
  @Roles('provider')
  @ApiOperation({ summary: 'Release exactly what was reviewed' })
  async releaseVersion(
    @Param('versionId') versionId: string,
    @Body() { reason, ...input }: ReleaseVersionDto,
    @Ctx() ctx: RequestContext,
  ) {
    const outcome = await this.release.release(versionId, input, ctx.principal.tenant, ctx.command({ reason }));
    ctx.written(outcome);
    const { state } = outcome;
    return { versionId, status: state.status, ...('snapshot' in state && { snapshot: state.snapshot, number: state.number }) };
  }

  @Post(':versionId/deprecate')
  @HttpCode(200)
  @Roles('provider')
  @ApiOperation({ summary: 'Recommend the version no longer' })
  async deprecate(@Param('versionId') versionId: string, @Body() { reason }: VersionReasonDto, @Ctx() ctx: RequestContext) {
    ctx.written(
      await this.release.command(versionId, ctx.principal.tenant, { type: 'deprecate-version' }, ctx.command({ reason })),
    );
    return { versionId, status: 'deprecated' };
  }

  @Post(':versionId/withdraw')
  @HttpCode(200)
  @Roles('provider')
  @ApiOperation({ summary: 'No new instance and no upgrade to this version any more' })
  async withdraw(@Param('versionId') versionId: string, @Body() { reason }: VersionReasonDto, @Ctx() ctx: RequestContext) {
    ctx.written(
      await this.release.command(versionId, ctx.principal.tenant, { type: 'withdraw-version' }, ctx.command({ reason })),
    );
    return { versionId, status: 'withdrawn' };
  }

  @Get(':versionId/snapshot')
  @Roles('provider', 'operator', 'auditor')
  @ApiOperation({ summary: 'The immutable content of a released version' })
  async snapshot(@Param('versionId') versionId: string, @Ctx() { principal }: RequestContext) {
    const version = await this.queries.version(versionId);
    if (!version || !mayRead(version, principal)) throw new NotFound('version', versionId);
    const snapshot = version.snapshot === undefined ? undefined : await this.queries.snapshot(version.snapshot);
    if (!snapshot) throw new NotFound('snapshot of version', versionId);
    return { digest: version.snapshot, snapshot };
  }
}
