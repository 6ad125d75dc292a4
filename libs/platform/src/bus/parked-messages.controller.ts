import { Body, Controller, Get, HttpCode, Param, Post, Query, UseFilters } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { ParkedMessageDoc, ParkedMessageErrorCode } from '@souk/messaging';
import { Roles } from '../auth/roles.decorator';
import { Clock } from '../clock.port';
import { problemsOf } from '../http/problem.filter';
import { Ctx, RequestContext } from '../http/request-context';
import { ParkedMessages } from './parked-messages';
import { DiscardDto, ParkedMessagesQuery, ReplayAllDto, ReplayDto } from './parked-messages.dto';

const parkedMessageErrors = {
  'parked-message-unknown': 404,
  'message-not-parked': 409,
} satisfies Record<ParkedMessageErrorCode, number>;

/** Messages that consumers could not handle, for those who look after the platform. */
@ApiTags('operations')
@Controller('v1/parked-messages')
@Roles('operator')
@UseFilters(problemsOf(parkedMessageErrors))
export class ParkedMessagesController {
  constructor(
    private readonly messages: ParkedMessages,
    private readonly clock: Clock,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Messages that could not be handled, the oldest first' })
  async list(@Query() { limit, cursor, ...filter }: ParkedMessagesQuery, @Ctx() { principal: { tenant } }: RequestContext) {
    const page = await this.messages.list(filter, { audience: tenant, ...(limit && { limit }), ...(cursor && { cursor }) });
    return { ...page, items: page.items.map(viewOf) };
  }

  @Get(':parkedMessageId')
  @ApiOperation({ summary: 'One of them: why, how often it was tried, and how many messages wait behind it' })
  async get(@Param('parkedMessageId') id: string, @Ctx() ctx: RequestContext) {
    const message = await this.messages.get(id);
    ctx.etag(message.revision);
    return { ...viewOf(message), waiting: await this.messages.waitingBehind(message) };
  }

  @Post('replay')
  @HttpCode(202)
  @ApiOperation({ summary: 'Handle all of a group again, 500 messages with each request' })
  async replayAll(@Body() { group, type, parkedBefore, reason }: ReplayAllDto, @Ctx() ctx: RequestContext) {
    const before = (parkedBefore === undefined ? this.clock.now() : new Date(parkedBefore)).toISOString();
    const { position, ...batch } = await this.messages.replayAll({ group, type }, before, ctx.command({ reason }));
    if (position) ctx.seenFrom(position);
    return batch;
  }

  @Post(':parkedMessageId/replay')
  @HttpCode(202)
  @ApiOperation({ summary: 'Handle the message again, and then those behind it' })
  async replay(@Param('parkedMessageId') id: string, @Body() { reason }: ReplayDto, @Ctx() ctx: RequestContext) {
    ctx.written(await this.messages.replay(id, ctx.command({ ifMatch: 'optional', reason })));
    ctx.location(`/v1/parked-messages/${id}`);
    return { parkedMessageId: id, status: 'releasing' };
  }

  @Post(':parkedMessageId/discard')
  @HttpCode(202)
  @ApiOperation({ summary: 'Do without this one message (the one that If-Match has seen), and handle those behind it' })
  async discard(@Param('parkedMessageId') id: string, @Body() { reason }: DiscardDto, @Ctx() ctx: RequestContext) {
    ctx.written(await this.messages.discard(id, ctx.command({ ifMatch: 'required', reason })));
    ctx.location(`/v1/parked-messages/${id}`);
    return { parkedMessageId: id, status: 'releasing' };
  }
}

function viewOf({ from: _, revision: __, ...message }: ParkedMessageDoc): Omit<ParkedMessageDoc, 'from' | 'revision'> {
  return message;
}
