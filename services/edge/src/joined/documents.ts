import type { FastifyInstance } from 'fastify';
import { stringify } from 'yaml';
import type { Answers } from '../http/answers';
import { forwardedOf } from '../http/client-request';
import { type Service, services } from '../routes';
import type { Upstreams } from '../upstream/upstreams';
import { ask } from './ask';

/** An OpenAPI document, as far as documents are joined. */
export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, object>>;
  readonly components?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly tags?: readonly { readonly name: string }[];
  readonly [member: string]: unknown;
}

/** How long a joined document is kept, in milliseconds: services change with a release. */
const KEPT = 30_000;
/** Its files are the same in all services; only where the document is, the edge says itself. */
const DOCS: Service = 'app-catalog';

const swaggerInit = `window.onload = function () {
  window.ui = SwaggerUIBundle({
    url: '/openapi.json',
    dom_id: '#swagger-ui',
    deepLinking: true,
    presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
    plugins: [SwaggerUIBundle.plugins.DownloadUrl],
    layout: 'StandaloneLayout',
  });
};
`;

/** One description of all services: `/openapi.json`, `/openapi.yaml`, and `/docs` to try it out. */
export function joinDocuments(server: FastifyInstance, upstreams: Upstreams, answers: Answers): void {
  let kept: { readonly document: OpenApiDocument; readonly until: number } | undefined;
  const document = async (): Promise<OpenApiDocument> => {
    if (kept && kept.until > performance.now()) return kept.document;
    const request = { method: 'GET', path: '/openapi.json', headers: {} };
    const asked = await Promise.all(services.map((service) => ask<OpenApiDocument>(upstreams, service, request)));
    const joined = joinOpenApi(asked.flatMap((one) => (one.ok ? [one.body] : [])));
    // Of one that can't tell at the moment, the next answer has its part.
    if (asked.every(({ ok }) => ok)) kept = { document: joined, until: performance.now() + KEPT };
    return joined;
  };
  server.get('/openapi.json', () => document());
  server.get('/openapi.yaml', async (_, reply) => reply.type('text/yaml; charset=utf-8').send(stringify(await document())));
  server.get('/docs/swagger-ui-init.js', (_, reply) => reply.type('text/javascript; charset=utf-8').send(swaggerInit));
  for (const path of ['/docs', '/docs/*'])
    server.get(path, async (request, reply) => answers.pass(await upstreams.forward(DOCS, forwardedOf(request, reply)), reply));
}

/** Everything that one of them has; of what several have, the first. */
export function joinOpenApi(documents: readonly OpenApiDocument[]): OpenApiDocument {
  const kinds = new Set(documents.flatMap(({ components = {} }) => Object.keys(components)));
  const tags = new Map(documents.flatMap((document) => (document.tags ?? []).map((tag) => [tag.name, tag] as const)));
  return {
    ...documents[0],
    paths: joined(documents.map(({ paths }) => paths)),
    components: Object.fromEntries(
      [...kinds].map((kind) => [kind, joined(documents.map(({ components }) => components?.[kind]))]),
    ),
    tags: [...tags.values()],
  };
}

function joined<Value>(parts: readonly (Readonly<Record<string, Value>> | undefined)[]): Record<string, Value> {
  return Object.fromEntries([...parts].reverse().flatMap((part) => Object.entries(part ?? {})));
}
