import { randomUUID } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { activeTraceparent } from '@souk/tracing';
import type { ForwardedRequest } from '../upstream/exchange';
import { endToEnd } from '../upstream/headers';

const safe = new Set(['GET', 'HEAD', 'OPTIONS']);

/** A client's request as it goes to a service, which then need not know that somebody stands in between. */
export function forwardedOf(request: FastifyRequest, reply: FastifyReply): ForwardedRequest {
  const { 'content-length': _, expect: __, ...headers } = endToEnd(request.headers);
  const body = Buffer.isBuffer(request.body) ? request.body : undefined;
  // What writes may be sent again when a replica goes away: by its key it is one and the same command then.
  const key = !safe.has(request.method) && headers['idempotency-key'] === undefined && { 'idempotency-key': randomUUID() };
  const traceparent = activeTraceparent();
  return {
    method: request.method,
    path: request.url,
    headers: {
      ...headers,
      ...key,
      ...(body && { 'content-length': String(body.length) }),
      'x-request-id': request.id,
      ...(traceparent !== undefined && { traceparent }),
      'x-forwarded-for': [request.headers['x-forwarded-for'], request.ip].flat().filter(Boolean).join(', '),
      'x-forwarded-host': request.host,
      'x-forwarded-proto': request.protocol,
    },
    ...(body && { body }),
    signal: goneSignal(reply),
  };
}

/** Aborted when the client has gone away before it had its answer. */
function goneSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort();
  });
  return controller.signal;
}
