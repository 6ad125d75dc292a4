import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import {
  answerProblem,
  BODY_LIMIT,
  lineOptions,
  requestIdOf,
  RunningRequests,
  securityHeaders,
  traceRequests,
} from '@souk/platform';
import { type DestinationStream, type Logger, pino } from 'pino';
import type { EdgeConfig } from './config';
import { EdgeMetrics } from './edge-metrics';
import { loadGrpc } from './grpc';
import { answerFailure, Answers, statusOf } from './http/answers';
import { Bodies } from './http/bodies';
import { forwardedOf } from './http/client-request';
import { joinDocuments } from './joined/documents';
import { joinHealth } from './joined/health';
import { joinParkedMessages } from './joined/parked-messages';
import { joinReadModels } from './joined/read-models';
import { serveMetrics } from './metrics-server';
import { routeOf } from './routes';
import { Upstreams } from './upstream/upstreams';

export interface RunningEdge {
  readonly url: string;
  /** Where gRPC is served, if it is. */
  readonly grpcAddress?: string;
  /** Where `/metrics` is, if it is. */
  readonly metricsPort?: number;
  readonly server: FastifyInstance;
  /** Not ready at once, goes on serving for a while, then finishes what runs. */
  drain(): Promise<void>;
  /** Finishes what runs. */
  close(): Promise<void>;
}

/** Bytes that all bodies together may take up. */
const BODIES = 64 * 1024 * 1024;
/** A request that has not come whole after so long is ended, in milliseconds. */
const REQUEST_WITHIN = 30_000;

/** Nothing that runs is waited for any longer when it is asked to end, in milliseconds. */
const FINISH_WITHIN = 10_000;

/**
 * Fulfilled when it listens, and has looked at every replica once.
 * @param lines where log lines go. Default: standard output
 */
export async function startEdge(config: EdgeConfig, lines: DestinationStream = pino.destination()): Promise<RunningEdge> {
  const { host, port, upstreams: addresses, drainMs, logLevel, patienceMs, requestWithinMs = REQUEST_WITHIN } = config;
  const logger = pino(lineOptions(logLevel), lines);
  const metrics = new EdgeMetrics();
  const upstreams = new Upstreams({
    addresses,
    ...(patienceMs !== undefined && { patience: patienceMs }),
    onState: (change) => logger.warn(change, 'a replica is another way now'),
    onRetry: (retry) => {
      metrics.retried(retry);
      logger.info(retry, 'another replica is asked');
    },
  });
  metrics.watch(upstreams);
  const answers = new Answers();
  let draining = false;
  const server = createServer(logger, metrics, requestWithinMs, () => draining);
  takeBodies(server);
  const requests = new RunningRequests(server);
  joinHealth(server, upstreams, () => draining);
  joinDocuments(server, upstreams, answers);
  joinReadModels(server, upstreams, answers);
  joinParkedMessages(server, upstreams, answers);
  server.all(ANYTHING, { onRequest: refuseUnheardOf }, async (request, reply) => {
    const route = routeOf(pathOf(request))!;
    labelled(reply, route.service);
    await answers.pass(await upstreams.forward(route.service, { ...forwardedOf(request, reply), once: route.once }), reply);
  });

  const serveGrpc = config.grpc && (await loadGrpc(server.server, host, config.grpc, logger));
  await upstreams.start();
  await server.listen({ port, host });
  const grpc = await serveGrpc?.();
  const scraped = config.metricsPort === undefined ? undefined : await serveMetrics(metrics.registry, host, config.metricsPort);
  const close = async (): Promise<void> => {
    draining = true;
    await grpc?.close();
    answers.endStreams();
    await requests.finish(FINISH_WITHIN);
    await server.close();
    await scraped?.close();
    upstreams.close();
  };
  const drain = async (): Promise<void> => {
    draining = true;
    await delay(drainMs);
    await close();
  };
  return {
    url: server.listeningOrigin,
    ...(grpc && { grpcAddress: grpc.address }),
    ...(scraped && { metricsPort: scraped.port }),
    server,
    drain,
    close,
  };
}

/** What is not joined here, but passed on. */
const ANYTHING = '/*';

/** Before a byte of the body is read: nobody would take it. */
function refuseUnheardOf(request: FastifyRequest, reply: FastifyReply, next: () => void): void {
  if (routeOf(pathOf(request))) next();
  else answerProblem(reply, request.id, 404, `Cannot ${request.method} ${pathOf(request)}`);
}

/** Bodies up to what their route takes, of any type: services read them. */
function takeBodies(server: FastifyInstance): void {
  const bodies = new Bodies(BODIES);
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', (request: FastifyRequest, payload: IncomingMessage) => {
    return bodies.take(payload, routeOf(pathOf(request))?.bodyLimit ?? BODY_LIMIT);
  });
  server.addHook('onRequest', (request, reply, done) => {
    reply.raw.once('close', () => bodies.release(request.raw));
    done();
  });
}

function createServer(logger: Logger, metrics: EdgeMetrics, requestWithinMs: number, isDraining: () => boolean): FastifyInstance {
  const server = Fastify({
    logger: false,
    http: { requestTimeout: requestWithinMs, connectionsCheckingInterval: Math.min(5_000, requestWithinMs) },
    requestTimeout: requestWithinMs,
    genReqId: requestIdOf,
    routerOptions: { maxParamLength: 256 },
    forceCloseConnections: true,
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      answerProblem(reply, request.id, statusOf(error), error.message);
    },
  });
  traceRequests(server);
  const headers = securityHeaders();
  server.addHook('onRequest', (request, reply, done) => {
    void reply.headers(headers).header('x-request-id', request.id);
    if (isDraining()) void reply.header('connection', 'close');
    done();
  });
  server.addHook('onResponse', (request, reply, done) => {
    const service = services.get(reply) ?? 'edge';
    const { statusCode } = reply.raw;
    metrics.answered(service, request.method, statusCode, reply.elapsedTime);
    logger.info(
      {
        requestId: request.id,
        method: request.method,
        path: pathOf(request),
        status: statusCode,
        ms: Math.round(reply.elapsedTime),
        service,
      },
      'answered',
    );
    done();
  });
  server.setErrorHandler((error, request, reply) => {
    if (statusOf(error) >= 500)
      logger.error({ err: error, requestId: request.id, method: request.method, path: pathOf(request) }, 'failed');
    answerFailure(error, request, reply);
  });
  return server;
}

/** Who answered, for the metrics. */
const services = new WeakMap<FastifyReply, string>();
const labelled = (reply: FastifyReply, service: string): void => void services.set(reply, service);

/** Without the query, which may carry what belongs in no log. */
function pathOf({ url }: FastifyRequest): string {
  return url.split('?', 1)[0]!;
}
