import { randomUUID } from 'node:crypto';
import { type INestApplication, Logger } from '@nestjs/common';
import { type CustomTransportStrategy, Server as Strategy } from '@nestjs/microservices';
import { type sendUnaryData, Server, type ServerUnaryCall, status, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { Ending, Metrics } from '@souk/platform';
import { SecretVault } from '@souk/secrets';
import { inSpan, SpanKind } from '@souk/tracing';
import { HealthImplementation } from 'grpc-health-check';
import { inScope } from './call-scope';
import { statusOfError } from './error-status';
import { type InternalPort, type Message, type Method, type OpenCall, type Port, readArgs, writeAnswer } from './internal-port';
import { internalPortOf, rpcNameOf, rpcServiceOf } from './internal-ports';
import { type ObserveCall, serverCalls } from './rpc-metrics';
import { isInClear, KEEPALIVE_MS, KEEPALIVE_TIMEOUT_MS, MAX_MESSAGE_BYTES, type RpcTls, serverCredentials } from './rpc-options';
import { rpcTokenOf, tokenInterceptor } from './rpc-token';

export interface RpcServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** What callers show; default: it follows from the vault, which all processes of an installation share. */
  readonly token?: string;
  readonly tls?: RpcTls;
  /** How long calls may run on when the process is asked to end, in milliseconds. Default 5,000. */
  readonly drainMs?: number;
}

/** A connection is made anew after so long, so that callers find replicas that were added; what runs on it may end. */
const CONNECTION_AGE_MS = 10 * 60_000;
const CONNECTION_GRACE_MS = 60_000;

/**
 * Answers what other services ask of this process: these ports, as they are provided in it. For between `createHttpApplication` and
 * `listen`, which starts it when read models are caught up. Health says `NOT_SERVING` as soon as the process is asked to end; `app.close()` lets running
 * calls end before stores are closed.
 */
export function serveNeighbours(app: INestApplication, ports: readonly Port[], options: RpcServerOptions): RpcServer {
  const served = ports.map((port) => ({ ...internalPortOf(port), instance: app.get<object>(port, { strict: false }) }));
  const token = async () => options.token ?? rpcTokenOf(app.get(SecretVault));
  const server = new RpcServer(served, options, token, serverCalls(app.get(Metrics)), app.get(Ending));
  app.connectMicroservice({ strategy: server }, { inheritAppConfig: false });
  return server;
}

type ServedPort = InternalPort & { readonly instance: object };

const logger = new Logger('rpc');

/** Nest's side of the server of internal calls. */
export class RpcServer extends Strategy implements CustomTransportStrategy {
  override readonly transportId = Symbol('souk-rpc');
  private readonly health = new HealthImplementation();
  private readonly open = new Set<OpenCall>();
  private server: Server | undefined;
  private bound = 0;

  constructor(
    private readonly ports: readonly ServedPort[],
    private readonly options: RpcServerOptions,
    private readonly token: () => Promise<string>,
    private readonly observe: ObserveCall,
    private readonly ending: Ending,
  ) {
    super();
    // Whoever asks all the same is answered, until it closes.
    ending.onBegin(() => this.report('NOT_SERVING'));
  }

  /** Where it listens: `127.0.0.1:50051`. */
  get address(): string {
    const { host } = this.options;
    return `${host.includes(':') ? `[${host}]` : host}:${this.bound}`;
  }

  /** Consumers of public events are the bus's. */
  override addHandler(): void {
    // Nothing is served but whole ports.
  }

  override listen(callback: (error?: unknown) => void): void {
    this.start().then(
      () => callback(),
      (error: unknown) => callback(error),
    );
  }

  /** Streams end, running calls have their time, new ones go elsewhere. */
  override async close(): Promise<void> {
    const { server } = this;
    if (!server) return;
    this.server = undefined;
    this.report('NOT_SERVING');
    for (const call of this.open) call.end();
    const late = setTimeout(() => server.forceShutdown(), this.options.drainMs ?? 5_000);
    await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
    clearTimeout(late);
  }

  override on(): never {
    throw new Error('the server of internal calls has no events of its own');
  }

  override unwrap<T>(): T {
    return this.server as T;
  }

  private async start(): Promise<void> {
    const server = new Server({
      interceptors: [tokenInterceptor(await this.token())],
      'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
      'grpc.keepalive_time_ms': KEEPALIVE_MS,
      'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
      'grpc.max_connection_age_ms': CONNECTION_AGE_MS,
      'grpc.max_connection_age_grace_ms': CONNECTION_GRACE_MS,
    });
    for (const port of this.ports) server.addService(rpcServiceOf(port), this.implementationOf(port));
    this.health.addToServer(server);
    const { host, port, tls } = this.options;
    const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    this.bound = await new Promise<number>((resolve, reject) => {
      server.bindAsync(address, serverCredentials(tls), (error, bound) => (error ? reject(error) : resolve(bound)));
    });
    this.server = server;
    if (isInClear(host, tls))
      logger.warn(
        `internal calls to ${address} are neither encrypted nor from certified callers: SOUK_RPC_TLS_CERT, _KEY and _CA`,
      );
    this.report(this.ending.hasBegun ? 'NOT_SERVING' : 'SERVING');
  }

  /** Of the process as a whole, and of each gRPC service. */
  private report(state: 'SERVING' | 'NOT_SERVING'): void {
    for (const name of ['', ...this.ports.map(({ port }) => `souk.internal.v1.${port.name}`)]) this.health.setStatus(name, state);
  }

  private implementationOf({ port, methods, streams, instance }: ServedPort): UntypedServiceImplementation {
    const implementation: UntypedServiceImplementation = {};
    for (const [name, method] of Object.entries(methods))
      implementation[rpcNameOf(name)] = this.handlerOf(port.name, name, method, instance);
    for (const [name, answer] of Object.entries(streams))
      implementation[rpcNameOf(name)] = (call: OpenCall) => this.keepOpen(call, () => answer(instance, call));
    return implementation;
  }

  private handlerOf(service: string, name: string, method: Method, instance: object) {
    const port = instance as Readonly<Record<string, (...args: unknown[]) => Promise<unknown>>>;
    return (call: ServerUnaryCall<Message, Message>, callback: sendUnaryData<Message>): void => {
      const began = performance.now();
      const requestId = textIn(call, 'x-request-id') ?? randomUUID();
      const until = began + (Number(call.getDeadline()) - Date.now());
      const ended = (code: status) => this.observe(service, name, code, (performance.now() - began) / 1000);
      const path = `souk.internal.v1.${service}/${rpcNameOf(name)}`;
      const span = {
        kind: SpanKind.SERVER,
        attributes: { 'rpc.system.name': 'grpc', 'rpc.method': path },
        parent: textIn(call, 'traceparent'),
      };
      const answer = async () => writeAnswer(method, await port[name]!(...readArgs(method, call.request)));
      inScope({ requestId, until }, () => inSpan(path, span, answer)).then(
        (message) => {
          ended(status.OK);
          callback(null, message);
        },
        (error: unknown) => {
          const { isFault, ...told } = statusOfError(error, requestId);
          if (isFault) logger.error({ err: error, requestId, service, method: name }, told.details);
          ended(told.code);
          callback(told);
        },
      );
    };
  }

  private keepOpen(call: OpenCall, answer: () => void): void {
    this.open.add(call);
    const forget = () => this.open.delete(call);
    call.once('cancelled', forget).once('finish', forget);
    answer();
  }
}

function textIn({ metadata }: ServerUnaryCall<Message, Message>, key: string): string | undefined {
  const [given] = metadata.get(key);
  return typeof given === 'string' ? given : undefined;
}
