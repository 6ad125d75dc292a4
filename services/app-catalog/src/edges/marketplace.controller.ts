import { Controller, Get, Param, Query, UseFilters } from '@nestjs/common';
import { ApiOperation, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { InjectReadModel, NotFound, problemsOf, Public } from '@souk/platform';
import type { Query as Criteria, ReadModel } from '@souk/read-store';
import { type AppDoc, appsProjection, fold, wordsOf } from '../projections/apps.projection';
import { SearchQuery } from './app.dto';
import { listingView } from './app.view';
import { appErrors } from './http-errors';

/** The public read API for marketplace frontends. */
@ApiTags('marketplace')
@ApiSecurity({})
@Controller('v1/marketplace/apps')
@UseFilters(problemsOf(appErrors))
export class MarketplaceController {
  constructor(@InjectReadModel(appsProjection) private readonly apps: ReadModel<AppDoc>) {}

  @Get()
  @Public()
  @ApiOperation({ summary: 'Search the listed apps' })
  async search(@Query() query: SearchQuery) {
    const page = await this.apps.query(criteriaOf(query));
    return { ...page, items: page.items.map(listingView) };
  }

  @Get(':appId')
  @Public()
  @ApiOperation({ summary: 'One listed app' })
  async get(@Param('appId') appId: string) {
    const app = await this.apps.get(appId);
    if (!app?.listed) throw new NotFound('app', appId);
    return listingView(app);
  }
}

/** The longest word is likely the rarest. */
function criteriaOf({ search, category, tag, limit, cursor }: SearchQuery): Criteria<AppDoc> {
  const words = [...new Set(wordsOf(search ?? ''))].sort((a, b) => b.length - a.length);
  const whole = [...(tag ? [`t:${fold(tag)}`] : []), ...(category ? [`c:${fold(category)}`] : [])];
  const ranges = [
    ...words.map((word) => ({ from: `q:${word}`, to: `q:${word}\uffff` })),
    ...whole.map((term) => ({ from: term, to: `${term}\0` })),
  ];
  const page = { audience: 'public', ...(limit && { limit }), ...(cursor && { cursor }) };
  if (ranges.length === 0) return { ...page, index: 'listed', where: { listed: true } };
  return { ...page, index: 'byTerm', where: { listed: true }, ranges };
}
