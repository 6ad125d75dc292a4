import type { FastifyInstance } from 'fastify';
import type { Answers } from '../http/answers';
import { forwardedOf } from '../http/client-request';
import { type Service, services } from '../routes';
import { type ForwardedAnswer, type ForwardedRequest, ServiceFailed } from '../upstream/exchange';
import type { Upstreams } from '../upstream/upstreams';
import { ask } from './ask';

interface ReadModelView {
  readonly name: string;
}

/**
 * Read models of all services in one list. What several services have (each has its own `deadlines`) is named `<service>.<model>`, here and
 * in the paths below.
 */
export function joinReadModels(server: FastifyInstance, upstreams: Upstreams, answers: Answers): void {
  server.get('/v1/read-models', async (request, reply) => {
    const forwarded = forwardedOf(request, reply);
    const asked = await Promise.all(services.map((service) => listOf(upstreams, service, forwarded)));
    const refused = asked.find((one) => one !== undefined && 'status' in one);
    if (refused) return answers.pass(refused, reply);
    const models = asked.flatMap((items, i) =>
      ((items ?? []) as readonly ReadModelView[]).map((model) => ({ ...model, service: services[i]! })),
    );
    const missing = services.filter((_, i) => asked[i] === undefined);
    return { items: named(models), ...(missing.length > 0 && { missing }) };
  });

  server.all('/v1/read-models/*', async (request, reply) => {
    const forwarded = forwardedOf(request, reply);
    return answers.pass(await findModel(upstreams, forwarded), reply);
  });
}

/** `undefined` for a service that is away. */
async function listOf(
  upstreams: Upstreams,
  service: Service,
  request: ForwardedRequest,
): Promise<readonly ReadModelView[] | ForwardedAnswer | undefined> {
  try {
    const asked = await ask<{ items: ReadModelView[] }>(upstreams, service, request);
    return asked.ok ? asked.body.items : asked.answer;
  } catch (error) {
    if (error instanceof ServiceFailed) return undefined;
    throw error;
  }
}

function named(models: readonly (ReadModelView & { readonly service: Service })[]): readonly ReadModelView[] {
  const count = new Map<string, number>();
  for (const { name } of models) count.set(name, (count.get(name) ?? 0) + 1);
  return models
    .map((model) => ({ ...model, name: count.get(model.name) === 1 ? model.name : `${model.service}.${model.name}` }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The answer of the service that is named, or else of the first one that knows the model. */
async function findModel(upstreams: Upstreams, request: ForwardedRequest): Promise<ForwardedAnswer> {
  const [, service, name] = /^\/v1\/read-models\/([a-z-]+)\.([^/?]+)/.exec(request.path) ?? [];
  const named = services.find((known) => known === service);
  if (named) return upstreams.forward(named, { ...request, path: request.path.replace(`${named}.${name}`, name!) });
  let answer: ForwardedAnswer | undefined;
  for (const candidate of services) {
    answer?.body.resume();
    answer = await upstreams.forward(candidate, request);
    if (answer.status !== 404) break;
  }
  return answer!;
}
