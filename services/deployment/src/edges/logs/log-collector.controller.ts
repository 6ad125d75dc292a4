import { Controller, HttpCode, Post, Req, Res, UseFilters } from '@nestjs/common';
import { ApiConsumes, ApiOperation, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { BodyLimit, problemsOf, Public } from '@souk/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { InstanceLogs } from '../../application/logs/instance-logs';
import { TooManyLogs } from '../../domain/logs/log.errors';
import { logErrors } from '../http-errors';
import { bearerOf, LOG_LINES, LOGS_PATH } from './log-lines-body';

/** Collectors send what they have read in one go, some 2 MB at most, and longer as JSON. */
const MAX_BODY = 4 * 1024 * 1024;

/** Where log collectors of instances send what they have read, by a token of their own. */
@ApiTags('open')
@ApiSecurity({})
@Controller()
@UseFilters(problemsOf(logErrors))
export class LogCollectorController {
  constructor(private readonly logs: InstanceLogs) {}

  @Post(LOGS_PATH)
  @HttpCode(204)
  @Public()
  @BodyLimit(MAX_BODY)
  @ApiConsumes(LOG_LINES)
  @ApiOperation({ summary: 'Lines of JSON, as Fluent Bit sends them (bearer token of a log collector)' })
  async take(@Req() { headers, body }: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    try {
      await this.logs.take(bearerOf(headers), Buffer.isBuffer(body) ? body : NOTHING);
    } catch (error) {
      if (error instanceof TooManyLogs) void reply.header('retry-after', '5');
      throw error;
    }
  }
}

const NOTHING = Buffer.alloc(0);
