import type { FastifyInstance } from 'fastify';
import type { Answers } from '../http/answers';
import { forwardedOf } from '../http/client-request';
import { type Service, services } from '../routes';
import type { Upstreams } from '../upstream/upstreams';
import { type Asked, ask } from './ask';

interface ParkedMessageView {
  /** Only the service whose consumers wait knows how many messages there are behind it. */
  readonly waiting?: object;
}

/** Every service sees all parked messages: they are facts in the event store. Which one is asked makes no difference. */
const ANY: Service = 'app-catalog';

/** Parked messages of all consumers. */
export function joinParkedMessages(server: FastifyInstance, upstreams: Upstreams, answers: Answers): void {
  const any = ['/v1/parked-messages', '/v1/parked-messages/*'];
  for (const path of any)
    server.all(path, async (request, reply) => answers.pass(await upstreams.forward(ANY, forwardedOf(request, reply)), reply));

  server.get('/v1/parked-messages/:id', async (request, reply) => {
    const forwarded = forwardedOf(request, reply);
    let asked: Asked<ParkedMessageView> | undefined;
    for (const service of services) {
      asked = await ask<ParkedMessageView>(upstreams, service, forwarded);
      if (!asked.ok) return answers.pass(asked.answer, reply);
      if (asked.body.waiting) break;
    }
    if (!asked?.ok) return reply;
    if (asked.answer.headers.etag !== undefined) void reply.header('etag', asked.answer.headers.etag);
    return asked.body;
  });
}
