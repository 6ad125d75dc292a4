import { Controller, Get, Param, Query, UseFilters } from '@nestjs/common';
import { ApiOperation, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { InjectReadModel, NotFound, problemsOf, Public } from '@souk/platform';
import type { Query as Criteria, ReadModel } from '@souk/read-store';
import { type AppDoc, appsProjection, fold, LONGEST_TERM } from '../projections/apps.projection';
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

/** The longest word narrows most: it is looked up by the index, what else was asked is checked document by document. */
function criteriaOf({ search, category, tag, limit, cursor }: SearchQuery): Criteria<AppDoc> {
  const words = fold(search ?? '')
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
    .map((word) => [...word].slice(0, LONGEST_TERM).join(''))
    .sort((a, b) => b.length - a.length);
  const terms = words.map((word) => `q:${word}`);
  if (tag) terms.push(`t:${fold(tag)}`);
  if (category) terms.push(`c:${fold(category)}`);
  const [first, ...others] = terms;
  return {
    ...(first === undefined
      ? { index: 'listed', where: { listed: true } }
      : { index: 'byTerm', where: { listed: true, terms: first } }),
    audience: 'public',
    ...(others.length > 0 && { filter: (app) => others.every((term) => app.terms.includes(term)) }),
    ...(limit && { limit }),
    ...(cursor && { cursor }),
  };
}
