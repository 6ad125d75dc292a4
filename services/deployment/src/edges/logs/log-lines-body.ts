import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { InstanceLogs } from '../../application/logs/instance-logs';
import { LogsRefused } from '../../domain/logs/log.errors';

export const LOG_LINES = 'application/x-ndjson';
export const LOGS_PATH = 'open/v1/logs';

/** Who they are from is looked at before anything is read of them; then bodies of lines are taken as they are, whatever they call themselves. */
@Injectable()
export class LogLinesBody implements OnModuleInit {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly logs: InstanceLogs,
  ) {}

  onModuleInit(): void {
    const server = this.host.httpAdapter.getInstance<FastifyInstance>();
    server.addContentTypeParser<Buffer>(LOG_LINES, { parseAs: 'buffer' }, (_request, body, done) => {
      done(null, body);
    });
    server.addHook('onRequest', async ({ method, routeOptions, headers }) => {
      if (method !== 'POST' || routeOptions.url !== `/${LOGS_PATH}`) return;
      await this.logs.admit(bearerOf(headers));
      if (headers['content-type'] !== undefined) headers['content-type'] = LOG_LINES;
    });
  }
}

/** @throws LogsRefused */
export function bearerOf({ authorization = '' }: { readonly authorization?: string | undefined }): string {
  const bearer = /^Bearer +(\S{1,256})$/i.exec(authorization)?.[1];
  if (bearer === undefined) throw new LogsRefused();
  return bearer;
}
