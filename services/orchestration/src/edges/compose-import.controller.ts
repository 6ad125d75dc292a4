import { Body, Controller, HttpCode, Param, Post, UseFilters } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Finding } from '@souk/compose';
import { BodyLimit, Ctx, problemsOf, RequestContext, Roles } from '@souk/platform';
import type { Topology } from '@souk/topology';
import { ComposeImports } from '../application/compose-imports';
import { topologyOf } from '../domain/drawing';
import { ComposeImportDto } from './compose-import.dto';
import { configurationErrors } from './http-errors';

/** Bytes of a request with a document. */
const COMPOSE_LIMIT = 1024 * 1024;

interface Imported {
  readonly configurationId: string;
  /** Of what was stored. */
  readonly revision?: number;
  /** Absent where a dry run finds that there is none. */
  readonly topology?: Topology;
  readonly report: readonly Finding[];
}

@ApiTags('configurations')
@Controller('v1/configurations')
@UseFilters(problemsOf(configurationErrors))
export class ComposeImportController {
  constructor(private readonly imports: ComposeImports) {}

  @Post(':configurationId/compose-imports')
  @HttpCode(200)
  @Roles('provider')
  @BodyLimit(COMPOSE_LIMIT)
  @ApiOperation({
    summary: 'Replace the whole topology by what a Compose file describes, and tell what was lost; a dry run needs no If-Match',
  })
  async importCompose(
    @Param('configurationId') configurationId: string,
    @Body() { compose, environment, dryRun }: ComposeImportDto,
    @Ctx() ctx: RequestContext,
  ): Promise<Imported> {
    const document = { compose, ...(environment && { environment }) };
    const { tenant } = ctx.principal;
    if (dryRun) return { configurationId, ...(await this.imports.preview(configurationId, document, tenant)) };
    const { outcome, report } = await this.imports.apply(configurationId, document, tenant, ctx.command({ ifMatch: 'required' }));
    ctx.written(outcome);
    const { state, revision } = outcome;
    return { configurationId, revision, ...(state.status !== 'none' && { topology: topologyOf(state.drawing) }), report };
  }
}
