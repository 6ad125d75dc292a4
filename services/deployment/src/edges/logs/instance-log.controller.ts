import { Controller, Get, Header, Headers, Param, Query, StreamableFile, UseFilters } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type KeptLine, type LogStart, LogStore } from '@souk/log-store';
import {
  Ctx,
  HEARTBEAT,
  InjectReadModel,
  InvalidInput,
  NotFound,
  type Principal,
  problemsOf,
  RequestContext,
  Roles,
} from '@souk/platform';
import type { ReadModel } from '@souk/read-store';
import { PodLogs } from '../../application/logs/pod-logs';
import { type InstanceDoc, instancesProjection } from '../../projections/instances.projection';
import { logErrors } from '../http-errors';
import { LogFilterQuery, LogQuery, PodLogQuery } from './log.dto';
import { LogStreams } from './log-streams';

const PAGE = 100;
/** Lines that somebody sees who has just come. */
const RECENT = 20;
const TAIL = 500;

/** What instances write, for their owners and nobody else. */
@ApiTags('instances')
@Controller('v1/instances/:instanceId')
@UseFilters(problemsOf(logErrors))
@Roles('buyer', 'provider')
export class InstanceLogController {
  constructor(
    private readonly store: LogStore,
    private readonly podLogs: PodLogs,
    private readonly streams: LogStreams,
    @InjectReadModel(instancesProjection) private readonly instances: ReadModel<InstanceDoc>,
  ) {}

  @Get('logs')
  @ApiOperation({ summary: 'Collected lines, newest first. A page with few lines may have a next one all the same' })
  async search(
    @Param('instanceId') instanceId: string,
    @Query() { limit = PAGE, cursor, ...criteria }: LogQuery,
    @Ctx() { principal }: RequestContext,
  ) {
    await this.own(instanceId, principal);
    const before = cursor === undefined ? {} : { before: positionIn(cursor, 'query', '/cursor') };
    const { lines, next } = await this.store.search(instanceId, { limit, ...criteria, ...before });
    return { items: lines.map(viewOf), kept: this.store.usage(instanceId), ...(next !== undefined && { next: String(next) }) };
  }

  @Get('logs/events')
  @Header('cache-control', 'no-cache, no-transform')
  @Header('x-accel-buffering', 'no')
  @ApiOkResponse({ content: { 'text/event-stream': { schema: { type: 'string' } } } })
  @ApiOperation({ summary: 'The newest lines, and then those that come, live, as server-sent events' })
  async follow(
    @Param('instanceId') instanceId: string,
    @Query() filter: LogFilterQuery,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Ctx() { principal }: RequestContext,
  ): Promise<StreamableFile> {
    await this.own(instanceId, principal);
    const from = lastEventId ? { after: positionIn(lastEventId, 'header', '') } : { recent: RECENT };
    const events = (signal: AbortSignal) => eventsOf(this.store.follow(instanceId, from, signal, HEARTBEAT), from, filter);
    return new StreamableFile(await this.streams.begin(principal.tenant, events), { type: 'text/event-stream' });
  }

  @Get('nodes/:node/pod-logs')
  @ApiOkResponse({ content: { 'text/plain': { schema: { type: 'string' } } } })
  @ApiOperation({ summary: 'What a pod of a node prints, from its cluster' })
  async pod(
    @Param('instanceId') instanceId: string,
    @Param('node') node: string,
    @Query() { tailLines = TAIL, ...wish }: PodLogQuery,
    @Ctx() { principal }: RequestContext,
  ): Promise<StreamableFile> {
    const instance = await this.own(instanceId, principal);
    if (!instance.nodes.some(({ serviceName }) => serviceName === node)) throw new NotFound('node', node);
    const bytes = (signal: AbortSignal) => this.podLogs.of(instance, node, { tailLines, ...wish }, signal);
    return new StreamableFile(await this.streams.begin(principal.tenant, bytes), { type: 'text/plain; charset=utf-8' });
  }

  private async own(instanceId: string, { tenant }: Principal): Promise<InstanceDoc> {
    const instance = await this.instances.get(instanceId);
    if (instance?.ownerTenant !== tenant) throw new NotFound('instance', instanceId);
    return instance;
  }
}

function viewOf({ position, at, node, pod, file, text }: KeptLine) {
  return { position: String(position), at, node, ...(pod !== undefined && { pod }), ...(file !== undefined && { file }), text };
}

/** @throws InvalidInput */
function positionIn(text: string, what: string, pointer: string): number {
  if (!/^\d{1,15}$/.test(text))
    throw new InvalidInput([{ code: 'wrong-format', pointer, message: 'is no position of a line' }], what);
  return Number(text);
}

/** Lines that fit; how many are gone that somebody waited for; signs of life. */
async function* eventsOf(
  lines: AsyncIterable<readonly KeptLine[]>,
  from: LogStart,
  { node, contains }: LogFilterQuery,
): AsyncGenerator<string> {
  const part = contains?.toLowerCase();
  let last = 'after' in from ? from.after : undefined;
  // Whoever listens hears at once that it is heard.
  yield eventOf(last ?? '', 'heartbeat', {});
  for await (const some of lines) {
    const first = some[0]?.position;
    const lost = first === undefined || last === undefined ? 0 : first - last - 1;
    let text = lost > 0 ? eventOf(last!, 'lost', { lines: lost }) : '';
    last = some.at(-1)?.position ?? last;
    for (const line of some)
      if ((node === undefined || line.node === node) && (part === undefined || line.text.toLowerCase().includes(part))) {
        const { position, ...view } = viewOf(line);
        text += eventOf(position, 'line', view);
      }
    // What does not fit is passed over for good, too.
    yield text || eventOf(last ?? '', 'heartbeat', {});
  }
}

function eventOf(id: number | string, type: string, data: object): string {
  return `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}
