import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { answerProblem } from '@souk/platform';
import { BodyRefused } from './bodies';
import { type ForwardedAnswer, ServiceFailed } from '../upstream/exchange';
import { endToEnd } from '../upstream/headers';

/** Passes answers on as they come. Streams of server-sent events have no end of their own: they are ended when the edge ends. */
export class Answers {
  private readonly streams = new Set<ServerResponse>();

  async pass({ status, headers, body }: ForwardedAnswer, reply: FastifyReply): Promise<void> {
    const { raw } = reply;
    const isStream = headers['content-type']?.startsWith('text/event-stream') ?? false;
    const given = reply.getHeaders();
    reply.hijack();
    for (const [name, value] of Object.entries({ ...given, ...endToEnd(headers) }))
      if (value !== undefined) raw.setHeader(name, value);
    raw.writeHead(status);
    raw.flushHeaders();
    if (isStream) this.streams.add(raw);
    try {
      await pipeline(body, raw, { end: false });
      raw.end();
    } catch {
      // Listeners come back with Last-Event-ID; everybody else must see that this was not all.
      if (isStream) raw.end();
      else raw.destroy();
    } finally {
      this.streams.delete(raw);
    }
  }

  /** Listeners come back, to another replica. */
  endStreams(): void {
    for (const stream of this.streams) stream.end();
  }
}

/** What a client is told when no service answered. */
export function answerFailure(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  if (reply.sent || reply.raw.destroyed) return;
  if (error instanceof ServiceFailed) {
    if (error.status === 503) void reply.header('retry-after', '1');
    answerProblem(reply, request.id, error.status, error.message);
    return;
  }
  const status = statusOf(error);
  if (status === 503) void reply.header('retry-after', '1');
  const detail =
    status < 500 || error instanceof BodyRefused
      ? (error as Error).message
      : 'something went wrong on this side; the log has it under the request id';
  answerProblem(reply, request.id, status, detail);
}

/** Of Fastify's own errors: a body that is too large, an address that can't be read. */
export function statusOf(error: unknown): number {
  return error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 500;
}
