import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { type INestApplicationContext, type Type, type DynamicModule } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, NestFactory, Reflector } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { METHOD_METADATA } from '@nestjs/common/constants';
import { SwaggerModule } from '@nestjs/swagger';
import { EventStore } from '@souk/event-sourcing';
import { failpoint } from '@souk/failpoints';
import { busMicroservice, EventBus } from '@souk/messaging';
import { ProjectionRunner, ReadModelBehind } from '@souk/read-store';
import { Logger } from 'nestjs-pino';
import { ACCESS } from './auth/roles.decorator';
import { applyBodyLimits } from './http/body-limit.decorator';
import { answerProblem } from './http/problem.filter';
import { openApiOf } from './http/openapi';
import { requestIdOf } from './http/request-id';
import { securityHeaders } from './http/security-headers';
import { Metrics } from './observability/metrics';
import { traceRequests } from './observability/traced-requests';

/** Bytes of a request's body, where the route says nothing else. */
export const BODY_LIMIT = 1024 * 1024;

/** An application by the conventions of every edge; not listening yet. */
export async function createHttpApplication(module: Type | DynamicModule, version: string): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_LIMIT,
    genReqId: requestIdOf,
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      answerProblem(reply, request.id, error.statusCode ?? 400, error.message);
    },
    routerOptions: { maxParamLength: 256 },
    forceCloseConnections: true,
  });
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    // What goes wrong before the real logger is there is thrown, and told by whoever called.
    logger: false,
    rawBody: true,
    abortOnError: false,
  });
  app.useLogger(app.get(Logger));
  refuseRoutesWithoutAccess(app);
  const server = app.getHttpAdapter().getInstance();
  applyBodyLimits(server);
  // Clients that always say "application/json" say it of requests without a body, too.
  server.addHook('onRequest', (request, _reply, done) => {
    const { 'content-length': length = '0', 'transfer-encoding': encoding } = request.headers;
    if (length === '0' && encoding === undefined) delete request.headers['content-type'];
    done();
  });
  const headers = securityHeaders();
  server.addHook('onSend', (request, reply, payload, done) => {
    failpoint('http.before-answer');
    void reply.headers(headers).header('x-request-id', request.id);
    done(null, payload);
  });
  server.addHook('onResponse', (_request, _reply, done) => {
    failpoint('http.after-answer');
    done();
  });
  traceRequests(server);
  app.get(Metrics).observe(server);
  SwaggerModule.setup('docs', app, () => openApiOf(app, version), {
    jsonDocumentUrl: 'openapi.json',
    yamlDocumentUrl: 'openapi.yaml',
  });
  app.connectMicroservice(busMicroservice(app.get(EventBus)), { inheritAppConfig: false });
  return app;
}

/**
 * Starts reading models and consumers, then listens. Read models are caught up with what the store holds at that moment before the
 * first request is taken.
 * @returns the port
 */
export async function listen(app: NestFastifyApplication, port: number, host: string): Promise<number> {
  await app.init();
  // Nest takes forms as well; this API does not, and a form needs no leave of the browser to be sent from elsewhere.
  app.getHttpAdapter().getInstance().removeContentTypeParser('application/x-www-form-urlencoded');
  const runner = app.get(ProjectionRunner);
  await runner.start();
  await runner.waitFor(await app.get(EventStore).head(), CATCH_UP).catch((error: unknown) => {
    if (!(error instanceof ReadModelBehind)) throw error;
    app.get(Logger).warn(`${error.message}: lists are behind until it has caught up`, 'boot');
  });
  await app.startAllMicroservices();
  await app.listen(port, host);
  return Number(new URL(await app.getUrl()).port);
}

/** Milliseconds that read models may take to catch up before the process serves without them. */
const CATCH_UP = 60_000;

/** Security by default: a route that does not say who may call it is a mistake, found at boot. */
function refuseRoutesWithoutAccess(app: INestApplicationContext): void {
  const reflector = app.get(Reflector);
  const scanner = new MetadataScanner();
  const open: string[] = [];
  for (const { instance, metatype } of app.get(DiscoveryService).getControllers()) {
    if (!instance || !metatype) continue;
    const prototype = Object.getPrototypeOf(instance) as Record<string, (...args: unknown[]) => unknown>;
    for (const name of scanner.getAllMethodNames(prototype)) {
      const method = prototype[name]!;
      if (Reflect.getMetadata(METHOD_METADATA, method) === undefined) continue;
      if (reflector.getAllAndOverride(ACCESS, [method, metatype as Type]) === undefined) open.push(`${metatype.name}.${name}`);
    }
  }
  if (open.length > 0) throw new Error(`routes without @Roles or @Public: ${open.join(', ')}`);
}
