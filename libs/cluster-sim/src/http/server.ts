import { setTimeout as delay } from 'node:timers/promises';
import { failpoint } from '@souk/failpoints';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type ClusterSimConfig, type ConfigFile } from '../config';
import { type Call, type SetRule } from '../faults/fault-rule';
import { type Faults } from '../faults/faults';
import { ApiError, methodNotAllowed, noSuchResource, serverTrouble, tooLarge, unauthorized } from '../objects/api-error';
import { type Json } from '../objects/json';
import { type KubeObject } from '../objects/kube-object';
import { requestMatcher } from '../objects/selector';
import { type Registry } from '../registry/registry';
import { type WatchHistory } from '../store/watch-history';
import { withoutAccessPath } from './access';
import { AccessControl, type User } from './access-control';
import { addAccessReviews } from './access-reviews';
import { addBodyParsers } from './body-parsers';
import { apiGroup, apiGroupList, apiResourceList, apiVersions, openApiDocument, openApiIndex, VERSION } from './discovery';
import { callOf, type Prepared, type RequestFault, undergo } from './fault-injection';
import { addFaultRoutes } from './fault-routes';
import { listPage } from './listing';
import { listRequest, type ObjectAnswer, ObjectHandlers, type ObjectRequest } from './object-handlers';
import { OPENAPI_V2_PROTOBUF, openApiV2 } from './openapi-v2';
import { APPLY_PATCH } from './patches';
import { flag, parameter, type Query, wholeNumber } from './request-options';
import { parsePath, type Target } from './request-path';
import { addSimRoutes } from './sim-routes';
import { SubresourceHandlers } from './subresources';
import { type IncludeObject, tableOf, wantsTable } from './table';
import { isOfStreams, Watch } from './watch';

export interface ServerParts {
  readonly registry: Registry;
  readonly history: WatchHistory;
  readonly config: ConfigFile;
  readonly faults: Faults;
  readonly token: string;
  readonly onRules: () => void;
  readonly log: (message: string) => void;
}

const MAX_BODY_BYTES = 3 * 1024 * 1024;
const DEFAULT_WATCH_MS = 30 * 60_000;
/** Without a token, as on a real cluster. */
const PUBLIC_PATHS = ['/version', '/healthz', '/livez', '/readyz'];

/** The API server: parses, authorises, delegates, waits for the flush, answers. */
export class ApiServer {
  private readonly app: FastifyInstance;
  private readonly objects: ObjectHandlers;
  private readonly subresources: SubresourceHandlers;
  private readonly watches = new Map<Watch, Call>();
  private readonly access: AccessControl;

  constructor(private readonly parts: ServerParts) {
    const { registry, config } = parts;
    this.objects = new ObjectHandlers(registry);
    this.subresources = new SubresourceHandlers(registry, () => config.current);
    this.access = new AccessControl(registry.store, parts.token, () => config.current.denied);
    this.app = Fastify({
      bodyLimit: MAX_BODY_BYTES,
      routerOptions: { maxParamLength: 500 },
      forceCloseConnections: true,
      rewriteUrl: (request) => withoutAccessPath(request, parts.token),
    });
    addBodyParsers(this.app);
    this.app.setErrorHandler((error, _request, reply) => this.sendError(error, reply));
    this.app.setNotFoundHandler(() => {
      throw noSuchResource();
    });
    this.app.addHook('onRequest', async (request, reply) => this.arrive(request, reply));
    this.app.addHook('onRequest', async (request) => this.authorise(request));
    this.addRoutes();
    parts.faults.onBegin((rule) => this.strikeOpenWatches(rule));
  }

  /** @returns the port */
  async listen(port: number): Promise<number> {
    await this.app.listen({ host: '127.0.0.1', port });
    const address = this.app.server.address();
    return typeof address === 'object' && address ? address.port : port;
  }

  async close(): Promise<void> {
    this.parts.faults.close();
    for (const watch of [...this.watches.keys()]) watch.end();
    await this.app.close();
  }

  private addRoutes(): void {
    for (const path of ['/healthz', '/livez', '/readyz'])
      this.app.get(path, async (_request, reply) => reply.type('text/plain').send('ok'));
    this.app.get('/version', async () => VERSION);
    this.app.get('/openapi/v2', async (_request, reply) => reply.type(OPENAPI_V2_PROTOBUF).send(openApiV2()));
    this.app.get('/openapi/v3', async () => openApiIndex());
    this.app.get<{ Params: { '*': string } }>('/openapi/v3/*', async ({ params }) => {
      const document = openApiDocument(params['*']);
      if (!document) throw noSuchResource();
      return document;
    });
    for (const path of ['/api', '/api/*', '/apis', '/apis/*']) {
      this.app.route({
        method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
        url: path,
        handler: async (request, reply) => this.api(request, reply),
      });
    }
    addAccessReviews(this.app, this.access, ({ headers }) => this.userOf(headers));
    addSimRoutes(this.app, this.parts.config, this.parts.onRules);
    addFaultRoutes(this.app, this.parts.faults);
  }

  /** Counts the request, unless it is one to the simulator itself; during an outage it comes no further. */
  private arrive({ url, method, query, headers }: FastifyRequest, reply: FastifyReply): void {
    if (url.startsWith('/sim/')) return;
    const target = parsePath(url.split('?')[0]!);
    const call =
      target?.kind === 'objects' ? callOf({ ...target, query: query as Query }, method, headers['user-agent']) : undefined;
    const outage = this.parts.faults.arrived(call);
    if (!outage) return;
    if (outage.code !== undefined) throw serverTrouble(outage.code);
    reply.hijack();
    reply.raw.socket?.resetAndDestroy();
  }

  /** A rule that begins to hold concerns the watches that are under way, too. */
  private strikeOpenWatches({ id, fault }: SetRule): void {
    for (const [watch, call] of [...this.watches]) {
      if (fault.type === 'outage') watch.suffer({ type: 'reset' });
      else if (isOfStreams(fault)) {
        const struck = this.parts.faults.strike(call, id).fault;
        if (struck && isOfStreams(struck)) watch.suffer(struck);
      }
    }
  }

  private authorise({ url, headers }: FastifyRequest): void {
    if (PUBLIC_PATHS.includes(url.split('?')[0]!)) return;
    const { account } = this.userOf(headers);
    if (account && url.startsWith('/sim/')) throw unauthorized();
  }

  /** @throws ApiError 401 */
  private userOf({ authorization = '' }: FastifyRequest['headers']): User {
    const user = this.access.userOf(authorization.replace(/^Bearer /, ''));
    if (!user) throw unauthorized();
    return user;
  }

  /** Whoever applies what is not there creates it, and needs to be allowed both. */
  private assertAllowed(user: User, { resource, mediaType }: ObjectRequest, call: Call): void {
    const { namespace, name = '', subresource } = call;
    const attempt = { ...call, group: resource.group };
    const verb = call.verb === 'delete' && name === '' ? 'deletecollection' : call.verb;
    this.access.assertAllowed(user, { ...attempt, verb });
    const creates = mediaType === APPLY_PATCH && !subresource && !this.parts.registry.store.get(resource, namespace, name);
    if (creates) this.access.assertAllowed(user, { ...attempt, verb: 'create' });
  }

  private async api(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const { apiLatencyMs }: ClusterSimConfig = this.parts.config.current;
    if (apiLatencyMs > 0) await delay(apiLatencyMs);
    const target = parsePath(request.url.split('?')[0]!);
    if (!target) throw noSuchResource();
    if (target.kind !== 'objects') {
      if (request.method !== 'GET') throw methodNotAllowed();
      return discover(target, request.headers.host ?? '');
    }
    return this.serveObjects(request, reply, {
      ...target,
      method: request.method,
      query: request.query as Query,
      mediaType: (request.headers['content-type'] ?? 'application/json').split(';')[0]!.trim(),
      userAgent: request.headers['user-agent'],
      body: request.body as Json | undefined,
    });
  }

  private async serveObjects(raw: FastifyRequest, reply: FastifyReply, request: ObjectRequest): Promise<unknown> {
    const call = callOf(request, request.method, request.userAgent);
    this.assertAllowed(this.userOf(raw.headers), request, call);
    const { latencyMs, fault } = this.parts.faults.strike(call);
    if (latencyMs > 0) await delay(latencyMs);
    if (call.verb === 'watch') return this.watch(raw, reply, request, call, fault as RequestFault | undefined);
    if (fault) return undergo(fault as RequestFault, request, reply, () => this.answer(raw, request));
    const { code, body } = await this.answer(raw, request);
    if (typeof body === 'string') reply.type('text/plain');
    return reply.code(code).send(body);
  }

  /** Carries a request out. Nothing is told before it is on disk, be it this request's own write or one that it merely saw. */
  private async answer(raw: FastifyRequest, request: ObjectRequest): Promise<Prepared> {
    const { subresource, name } = request;
    if (subresource !== undefined && name !== undefined && !(subresource === 'status' && request.resource.status)) {
      const answer = this.subresources.handle(request, name);
      await this.flushed();
      return typeof answer === 'string' ? { code: 200, body: answer } : answer;
    }
    const answer = this.objects.handle(request);
    await this.flushed();
    failpoint('cluster-sim.before-answer');
    return { code: answer.code, body: this.present(raw, request, answer) };
  }

  private present({ headers }: FastifyRequest, { resource, query, method }: ObjectRequest, answer: ObjectAnswer): object {
    const { objects, body } = answer;
    if (!objects || method !== 'GET' || !wantsTable(headers.accept)) return body;
    const metadata = (body as { metadata: object; items?: unknown }).metadata;
    const version =
      objects.length === 1 && !('items' in body) ? { resourceVersion: objects[0]!.metadata.resourceVersion } : metadata;
    return tableOf(resource, objects, version, includeOf(query), this.parts.registry.now());
  }

  private async watch(
    raw: FastifyRequest,
    reply: FastifyReply,
    request: ObjectRequest,
    call: Call,
    fault: RequestFault | undefined,
  ): Promise<unknown> {
    if (fault && !isOfStreams(fault)) return undergo(fault, request, reply, async () => ({ code: 200, body: '' }));
    const { resource, query, name } = request;
    const { registry, history } = this.parts;
    const list = listRequest(request);
    const byName = name === undefined ? list.fieldSelector : `metadata.name=${name}`;
    const matches = requestMatcher(resource.kind, list.labelSelector, byName);
    const since = wholeNumber(query, 'resourceVersion');
    const initialEvents = flag(query, 'sendInitialEvents');
    const asTable = wantsTable(raw.headers.accept);
    const seconds = wholeNumber(query, 'timeoutSeconds');
    const asOf = registry.store.version;
    if (since !== undefined && since > asOf) throw tooLarge(since, asOf);
    const initial =
      initialEvents || !since
        ? listPage(registry.store, { ...list, fieldSelector: byName, limit: 0, continueAfter: undefined }).items
        : [];
    await registry.store.durable(asOf);
    const watch = new Watch(
      {
        resource,
        namespace: request.namespace,
        matches,
        since,
        initialEvents,
        bookmarks: flag(query, 'allowWatchBookmarks'),
        timeoutMs: seconds ? seconds * 1000 : DEFAULT_WATCH_MS,
        asTable,
        present: (object: KubeObject) => {
          if (!asTable) return registry.store.textOf(object);
          const { resourceVersion } = object.metadata;
          return JSON.stringify(tableOf(resource, [object], { resourceVersion }, includeOf(query), registry.now()));
        },
      },
      history,
      reply.raw,
      (ended) => this.watches.delete(ended),
    );
    this.watches.set(watch, call);
    reply.hijack();
    if (fault) watch.suffer(fault);
    watch.start(initial, asOf);
    return reply;
  }

  private flushed(): Promise<void> {
    return this.parts.registry.store.durable();
  }

  private sendError(error: unknown, reply: FastifyReply): FastifyReply {
    if (error instanceof ApiError) {
      const { retryAfterSeconds } = error.body.details ?? {};
      if (retryAfterSeconds !== undefined) reply.header('retry-after', String(retryAfterSeconds));
      return reply.code(error.code).send(error.body);
    }
    const { statusCode, message } = error as { statusCode?: number; message?: string };
    if (statusCode !== undefined && statusCode < 500) {
      const reason = statusCode === 413 ? 'RequestEntityTooLarge' : 'BadRequest';
      return reply.code(statusCode).send(new ApiError(statusCode, reason, message ?? reason).body);
    }
    this.parts.log(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return reply.code(500).send(new ApiError(500, 'InternalError', `Internal error occurred: ${message ?? 'unknown'}`).body);
  }
}

const discover = (target: Exclude<Target, { kind: 'objects' }>, host: string): object => {
  switch (target.kind) {
    case 'versions':
      return apiVersions(host);
    case 'groups':
      return apiGroupList();
    case 'group':
      return { kind: 'APIGroup', apiVersion: 'v1', ...apiGroup(target.group) };
    case 'resources':
      return apiResourceList(target.group, target.version);
  }
};

const includeOf = (query: Query): IncludeObject => {
  const value = parameter(query, 'includeObject');
  return value === 'None' || value === 'Object' ? value : 'Metadata';
};
