import type { FastifyInstance } from 'fastify';
import type { Upstreams } from '../upstream/upstreams';

/**
 * `/health/live`: the process answers. `/health/ready`: it takes requests, as long as one service can answer some. `/health`: 200 while every
 * service has a replica that is ready.
 */
export function joinHealth(server: FastifyInstance, upstreams: Upstreams, isDraining: () => boolean): void {
  server.get('/health/live', () => ({ status: 'ok' }));
  server.get('/health/ready', (_, reply) => {
    const isReady = !isDraining() && upstreams.states.some((upstream) => upstream.isReady);
    return reply.status(isReady ? 200 : 503).send({ status: isReady ? 'ok' : 'error' });
  });
  server.get('/health', (_, reply) => {
    const isUp = !isDraining() && upstreams.states.every((upstream) => upstream.isReady);
    const details = Object.fromEntries(
      upstreams.states.map((upstream) => [
        upstream.service,
        { status: upstream.isReady ? 'up' : 'down', replicas: count(upstream.states) },
      ]),
    );
    return reply.status(isUp ? 200 : 503).send({ status: isUp ? 'ok' : 'error', details });
  });
}

/** Where replicas are is nobody's business out there: only how many there are in which state. */
function count(states: readonly { readonly state: string }[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { state } of states) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}
