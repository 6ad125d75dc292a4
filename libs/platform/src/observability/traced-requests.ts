import { failed, isTracing, SpanKind, startSpan, withSpan } from '@souk/tracing';
import type { FastifyInstance, FastifyRequest } from 'fastify';

type Span = ReturnType<typeof startSpan>;

/**
 * A span for each request that is answered, within the trace that its `traceparent` names; hooks that are added later run within it. Nothing where no
 * spans are recorded.
 */
export function traceRequests(server: FastifyInstance): void {
  if (!isTracing()) return;
  const spans = new WeakMap<FastifyRequest, Span>();
  server.addHook('onRequest', (request, _reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    const parent = request.headers.traceparent;
    const span = startSpan(`${request.method} ${route}`, {
      kind: SpanKind.SERVER,
      attributes: { 'http.request.method': request.method, 'http.route': route, 'souk.request': request.id },
      ...(typeof parent === 'string' && { parent }),
    });
    spans.set(request, span);
    withSpan(span, done);
  });
  // The body was read since, in no context of ours.
  server.addHook('preValidation', (request, _reply, done) => {
    const span = spans.get(request);
    if (span) withSpan(span, done);
    else done();
  });
  server.addHook('onResponse', (request, reply, done) => {
    const span = spans.get(request);
    span?.setAttribute('http.response.status_code', reply.statusCode);
    if (span && reply.statusCode >= 500) failed(span, String(reply.statusCode));
    span?.end();
    done();
  });
}
