import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { setTimeout as delay } from 'node:timers/promises';
import { answerProblem, lineOptions, requestIdOf, RunningRequests, securityHeaders, traceRequests } from '@souk/platform';
import { type DestinationStream, type Logger, pino } from 'pino';
import type { EdgeConfig } from './config';
import { EdgeMetrics } from './edge-metrics';
import { startGrpc } from './grpc';
import { answerFailure, Answers, statusOf } from './http/answers';
import { forwardedOf } from './http/client-request';
import { joinDocuments } from './joined/documents';
import { joinHealth } from './joined/health';
import { joinParkedMessages } from './joined/parked-messages';
import { joinReadModels } from './joined/read-models';
import { routeOf } from './routes';
import { Upstreams } from './upstream/upstreams';

export interface RunningEdge {
  readonly url: string;
  /** Where gRPC is served, if it is. */
  readonly grpcAddress?: string;
  readonly server: FastifyInstance;
  /** Not ready at once, goes on serving for a while, then finishes what runs. */
  drain(): Promise<void>;
  /** Finishes what runs. */
  close(): Promise<void>;
}

/** Bytes of a body that are taken in, so that it can be sent again: a little more than any route takes, which says so itself. */
const BODY_LIMIT = 5 * 1024 * 1024;

/** Nothing that runs is waited for any longer when it is asked to end, in milliseconds. */
const FINISH_WITHIN = 10_000;

/**
 * Fulfilled when it listens, and has looked at every replica once.
 * @param lines where log lines go. Default: standard output
 */
export async function startEdge(config: EdgeConfig, lines: DestinationStream = pino.destination()): Promise<RunningEdge> {
  const { host, port, upstreams: addresses, drainMs, logLevel, patienceMs } = config;
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
  const server = createServer(logger, metrics, () => draining);
  const requests = new RunningRequests(server);
  joinHealth(server, upstreams, metrics, () => draining);
  joinDocuments(server, upstreams, answers);
  joinReadModels(server, upstreams, answers);
  joinParkedMessages(server, upstreams, answers);
  server.all('/*', async (request, reply) => {
    const route = routeOf(pathOf(request));
    if (!route) {
      answerProblem(reply, request.id, 404, `Cannot ${request.method} ${pathOf(request)}`);
      return;
    }
    labelled(reply, route.service);
    await answers.pass(await upstreams.forward(route.service, { ...forwardedOf(request, reply), once: route.once }), reply);
  });

  await upstreams.start();
  await server.listen({ port, host });
  const grpc = config.grpc && (await startGrpc(server.server, host, config.grpc, logger));
  const close = async (): Promise<void> => {
    draining = true;
    await grpc?.close();
    answers.endStreams();
    await requests.finish(FINISH_WITHIN);
    await server.close();
    upstreams.close();
  };
  const drain = async (): Promise<void> => {
    draining = true;
    await delay(drainMs);
    await close();
  };
  return { url: server.listeningOrigin, ...(grpc && { grpcAddress: grpc.address }), server, drain, close };
}

function createServer(logger: Logger, metrics: EdgeMetrics, isDraining: () => boolean): FastifyInstance {
  const server = Fastify({
    logger: false,
    bodyLimit: BODY_LIMIT,
    genReqId: requestIdOf,
    routerOptions: { maxParamLength: 256 },
    forceCloseConnections: true,
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      answerProblem(reply, request.id, statusOf(error), error.message);
    },
  });
  traceRequests(server);
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
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
