import { Controller, Delete, Get, Headers, HttpCode, Logger, type MessageEvent, Param, Post, Sse } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { EventStore, type Position } from '@souk/event-sourcing';
import { type ModelStats, ProjectionRunner } from '@souk/read-store';
import type { Observable } from 'rxjs';
import { Roles } from '../auth/roles.decorator';
import { NotFound } from '../http/errors';
import { Ctx, RequestContext } from '../http/request-context';
import { readModelView } from './read-model.view';
import { streamRebuild } from './stream-rebuild';

/** Read models as operators see them: how far they are, and building them anew. They tell of no tenant's documents. */
@ApiTags('read models')
@Controller('v1/read-models')
@Roles('operator')
export class ReadModelController {
  private readonly logger = new Logger('read-models');

  constructor(
    private readonly store: EventStore,
    private readonly runner: ProjectionRunner,
  ) {}

  @Get()
  @ApiOperation({ summary: 'All read models: how far they are, and how their rebuilds stand' })
  async list() {
    const head = await this.store.head();
    return {
      items: this.runner
        .stats()
        .map((stats) => this.view(stats, head))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    };
  }

  @Get(':name')
  @ApiOperation({ summary: 'One read model: how far it is, and how its rebuild stands' })
  async get(@Param('name') name: string) {
    const stats = this.runner.stats().find(({ projection }) => projection === name);
    if (!stats) throw new NotFound('read model', name);
    return this.view(stats, await this.store.head());
  }

  @Post(':name/rebuild')
  @HttpCode(202)
  @ApiOperation({ summary: 'Builds it anew from the first event, while it goes on to answer as it is; then switches' })
  async rebuild(@Param('name') name: string, @Ctx() ctx: RequestContext) {
    await this.get(name);
    this.runner.rebuild(name, ctx.command().commandId);
    this.logger.log({ readModel: name, user: ctx.principal.user, requestId: ctx.requestId }, 'a rebuild was asked for');
    ctx.location(`/v1/read-models/${name}`);
    return this.get(name);
  }

  @Delete(':name/rebuild')
  @HttpCode(204)
  @ApiOperation({ summary: 'Cancels the rebuild that is under way, if there is one: nothing has changed then' })
  async cancel(@Param('name') name: string): Promise<void> {
    await this.get(name);
    this.runner.assertActive();
    await this.runner.rebuildOf(name)?.cancel();
  }

  @Sse(':name/events')
  @ApiOperation({ summary: 'Progress of its rebuild, live, as server-sent events; ends with the rebuild' })
  async events(@Param('name') name: string, @Headers('last-event-id') lastEventId?: string): Promise<Observable<MessageEvent>> {
    const after = lastEventId ? this.store.parsePosition(lastEventId) : undefined;
    await this.get(name);
    // Another replica follows, and knows of no rebuild.
    this.runner.assertActive();
    const rebuild = this.runner.rebuildOf(name);
    if (!rebuild) throw new NotFound('rebuild of the read model', name);
    return streamRebuild(rebuild, after);
  }

  private view(stats: ModelStats, head: Position) {
    return readModelView(stats, head, this.runner.rebuildOf(stats.projection)?.progress, this.store.countsEvents);
  }
}
