import type { FastifyInstance } from 'fastify';
import type { Answers } from '../http/answers';
import { forwardedOf } from '../http/client-request';
import { type Service, services } from '../routes';
import type { Upstreams } from '../upstream/upstreams';
import { ask } from './ask';

/** As far as it matters here. */
interface ParkedMessageView {
  /** The consumers that wait: named like their service, or `<service>-<what>`. */
  readonly group: string;
}

/** Every service sees all parked messages: they are facts in the event store. Which one is asked makes no difference. */
const ANY: Service = 'app-catalog';

/** Parked messages of all consumers. How many wait behind one of them, its own service knows. */
export function joinParkedMessages(server: FastifyInstance, upstreams: Upstreams, answers: Answers): void {
  for (const path of ['/v1/parked-messages', '/v1/parked-messages/*'])
    server.all(path, async (request, reply) => answers.pass(await upstreams.forward(ANY, forwardedOf(request, reply)), reply));

  server.get('/v1/parked-messages/:id', async (request, reply) => {
    const forwarded = forwardedOf(request, reply);
    const asked = await ask<ParkedMessageView>(upstreams, ANY, forwarded);
    if (!asked.ok) return answers.pass(asked.answer, reply);
    return answers.pass(await upstreams.forward(ownerOf(asked.body.group) ?? ANY, forwarded), reply);
  });
}

function ownerOf(group: string): Service | undefined {
  return services.find((service) => group === service || group.startsWith(`${service}-`));
}
