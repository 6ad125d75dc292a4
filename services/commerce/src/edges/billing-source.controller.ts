import { Body, Controller, Get, Param, Post, Query, UseFilters } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Ctx, InjectReadModel, NotFound, PageQuery, problemsOf, RequestContext, Roles } from '@souk/platform';
import type { ReadModel } from '@souk/read-store';
import { BillingSources } from '../application/billing-sources';
import { type BillingSourceDoc, billingSourcesProjection } from '../projections/billing-sources.projection';
import { RegisterBillingSourceDto } from './billing-source.dto';
import { commerceErrors } from './http-errors';

@ApiTags('commerce')
@Controller('v1/billing-sources')
@UseFilters(problemsOf(commerceErrors))
export class BillingSourceController {
  constructor(
    private readonly sources: BillingSources,
    @InjectReadModel(billingSourcesProjection) private readonly known: ReadModel<BillingSourceDoc>,
  ) {}

  @Post()
  @Roles('operator')
  @ApiOperation({ summary: 'Register a billing system; the answer holds its signing secret, which is not shown again' })
  async register(@Body() { name, source, tenant }: RegisterBillingSourceDto, @Ctx() ctx: RequestContext) {
    const owner = tenant ?? ctx.principal.tenant;
    const { outcome, billingSourceId, secret } = await this.sources.register({ name, source, tenant: owner }, ctx.command());
    const events = `/v1/billing-sources/${billingSourceId}/events`;
    ctx.written(outcome);
    ctx.location(`/v1/billing-sources/${billingSourceId}`);
    return { billingSourceId, name, source, tenant: owner, events, secret };
  }

  @Get()
  @Roles('operator')
  @ApiOperation({ summary: 'The registered billing systems' })
  async list(@Query() { limit, cursor }: PageQuery, @Ctx() { principal: { tenant } }: RequestContext) {
    return this.known.query({ index: 'all', audience: tenant, ...(limit && { limit }), ...(cursor && { cursor }) });
  }

  @Get(':billingSourceId')
  @Roles('operator')
  @ApiOperation({ summary: 'One registered billing system' })
  async get(@Param('billingSourceId') billingSourceId: string) {
    const source = await this.known.get(billingSourceId);
    if (!source) throw new NotFound('billing source', billingSourceId);
    return source;
  }
}
