import { Injectable, type OnModuleInit, type RawBodyRequest } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Bodies of media type `application/cloudevents+json` are read like JSON, their bytes kept for the signature. */
@Injectable()
export class CloudEventsBody implements OnModuleInit {
  constructor(private readonly host: HttpAdapterHost) {}

  onModuleInit(): void {
    const server = this.host.httpAdapter.getInstance<FastifyInstance>();
    const parse = server.getDefaultJsonParser('error', 'error');
    server.addContentTypeParser<Buffer>('application/cloudevents+json', { parseAs: 'buffer' }, (request, body, done) => {
      (request as RawBodyRequest<FastifyRequest>).rawBody = body;
      void parse(request, body.toString(), done);
    });
  }
}
