import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';

export const LOG_LINES = 'application/x-ndjson';

/** Bodies of lines are taken as they are: who they are from is looked at before what they say. */
@Injectable()
export class LogLinesBody implements OnModuleInit {
  constructor(private readonly host: HttpAdapterHost) {}

  onModuleInit(): void {
    const server = this.host.httpAdapter.getInstance<FastifyInstance>();
    server.addContentTypeParser<Buffer>(LOG_LINES, { parseAs: 'buffer' }, (_request, body, done) => {
      done(null, body);
    });
  }
}
