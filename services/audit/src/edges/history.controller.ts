import { Readable } from 'node:stream';
import { Controller, Get, Param, Query, StreamableFile } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { platformTenant } from '@souk/contracts';
import { Ctx, InvalidInput, type Principal, RequestContext, Roles } from '@souk/platform';
import { History, type HistoryCriteria, type Paging } from '../application/history';
import { HistoryIndexer } from '../application/history-indexer';
import type { HistoryEntry } from '../domain/history-entry';
import type { Viewer } from '../domain/visibility';
import { EffectsQuery, HistoryQuery } from './history.dto';
import { historyView } from './history.view';

/** Who did what, when, why, and what caused it. Everybody sees the events that their account is a party to. */
@ApiTags('history')
@Controller('v1/history')
@Roles('auditor', 'operator', 'provider', 'buyer', 'billing')
export class HistoryController {
  constructor(
    private readonly history: History,
    private readonly indexer: HistoryIndexer,
  ) {}

  @Get()
  @ApiOperation({ summary: 'The history of anything, or of everything' })
  async list(@Query() query: HistoryQuery, @Ctx() { principal }: RequestContext) {
    const viewer = viewerOf(principal);
    const page = await this.history.page(criteriaOf(query), pagingOf(query), viewer);
    return { ...page, items: page.items.map((entry) => historyView(entry, viewer)) };
  }

  @Get('export')
  @ApiOperation({ summary: 'The same as NDJSON, all of it' })
  @ApiOkResponse({ content: { 'application/x-ndjson': { schema: { type: 'string' } } } })
  async export(@Query() query: HistoryQuery, @Ctx() { principal }: RequestContext): Promise<StreamableFile> {
    if (query.limit !== undefined || query.cursor !== undefined)
      throw new InvalidInput(
        [{ code: 'not-possible', pointer: '', message: 'an export has no pages: leave out limit and cursor' }],
        'query',
      );
    const viewer = viewerOf(principal);
    const entries = await this.history.all(criteriaOf(query), pagingOf(query), viewer);
    return new StreamableFile(Readable.from(lines(entries, viewer)), { type: 'application/x-ndjson' });
  }

  @Get('status')
  @ApiOperation({ summary: 'How far the history is behind the events' })
  async status() {
    return this.indexer.stats();
  }

  @Get(':eventId/causes')
  @ApiOperation({ summary: 'What led to an event, up to the request from outside' })
  async causes(@Param('eventId') eventId: string, @Ctx() { principal }: RequestContext) {
    const viewer = viewerOf(principal);
    const { event, causes, root } = await this.history.causes(eventId, viewer);
    return { event: historyView(event, viewer), items: causes.map((cause) => historyView(cause, viewer)), root };
  }

  @Get(':eventId/effects')
  @ApiOperation({ summary: 'What followed directly from an event' })
  async effects(@Param('eventId') eventId: string, @Query() query: EffectsQuery, @Ctx() { principal }: RequestContext) {
    const viewer = viewerOf(principal);
    const page = await this.history.effects(eventId, pagingOf(query), viewer);
    return { ...page, items: page.items.map((entry) => historyView(entry, viewer)) };
  }
}

function viewerOf({ tenant, role }: Principal): Viewer {
  return { tenant, role, platformWide: role === 'auditor' && tenant === platformTenant };
}

function criteriaOf({ about, type, category, from, to }: HistoryQuery): HistoryCriteria {
  return {
    ...(about !== undefined && { about }),
    ...(type !== undefined && { type }),
    ...(category !== undefined && { category }),
    ...(from !== undefined && { from: new Date(from).toISOString() }),
    ...(to !== undefined && { to: new Date(to).toISOString() }),
  };
}

function pagingOf({ order, limit, cursor }: EffectsQuery): Paging {
  return { ...(order && { order }), ...(limit && { limit }), ...(cursor && { cursor }) };
}

async function* lines(entries: AsyncIterable<HistoryEntry>, viewer: Viewer): AsyncIterable<string> {
  for await (const entry of entries) yield `${JSON.stringify(historyView(entry, viewer))}\n`;
}
