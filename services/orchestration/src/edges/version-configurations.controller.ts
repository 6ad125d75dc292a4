import { Body, Controller, Get, Param, Post, Query, UseFilters } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ReleaseQueries } from '@souk/contracts';
import { Ctx, InjectReadModel, NotFound, PageQuery, problemsOf, RequestContext, Roles } from '@souk/platform';
import type { ReadModel } from '@souk/read-store';
import { Configurations } from '../application/configurations';
import { type ConfigurationDoc, configurationsProjection } from '../projections/configurations.projection';
import { CreateConfigurationDto } from './configuration.dto';
import { configurationItem, mayRead } from './configuration.view';
import { configurationErrors } from './http-errors';

@ApiTags('configurations')
@Controller('v1/versions/:versionId/configurations')
@UseFilters(problemsOf(configurationErrors))
export class VersionConfigurationsController {
  constructor(
    private readonly configurations: Configurations,
    private readonly releases: ReleaseQueries,
    @InjectReadModel(configurationsProjection) private readonly items: ReadModel<ConfigurationDoc>,
  ) {}

  @Post()
  @Roles('provider')
  @ApiOperation({ summary: 'Begin a configuration of a draft' })
  async create(
    @Param('versionId') versionId: string,
    @Body() { name, hosting }: CreateConfigurationDto,
    @Ctx() ctx: RequestContext,
  ) {
    const outcome = await this.configurations.create({ versionId, name, hosting }, ctx.principal.tenant, ctx.command());
    const { configurationId } = outcome;
    ctx.written(outcome);
    ctx.location(`/v1/configurations/${configurationId}`);
    return { configurationId, versionId, name, hosting, status: 'draft' };
  }

  @Get()
  @Roles('provider', 'operator', 'auditor')
  @ApiOperation({ summary: 'The configurations of a version, by name' })
  async list(@Param('versionId') versionId: string, @Query() { limit, cursor }: PageQuery, @Ctx() { principal }: RequestContext) {
    const version = await this.releases.version(versionId);
    if (!version || !mayRead(version, principal)) throw new NotFound('version', versionId);
    const page = await this.items.query({
      index: 'byVersion',
      where: { versionId },
      audience: principal.tenant,
      ...(limit && { limit }),
      ...(cursor && { cursor }),
    });
    return { ...page, items: page.items.map(configurationItem) };
  }
}
