import { once } from 'node:events';
import { createServer } from 'node:net';
import { Server, ServerCredentials, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Message } from 'protobufjs';
import { type CallOptions, streamingCall, type Trouble, unaryCall } from './calls';
import { HealthService } from './health-service';
import { OpenStreams } from './open-streams';
import { loadPublicApi, type PublicMethod } from './public-api';
import { reflectionOf } from './reflection';
import type { RestBackend } from './rest-backend.port';

export interface GrpcGatewayOptions {
  readonly backend: RestBackend;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** PEM. Without it: plain text. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
  /** Streams that may be open at once, over all connections. Default 1,000. */
  readonly maxStreams?: number;
  readonly onTrouble?: (trouble: Trouble) => void;
  /** Told of every field of an answer that no proto file names; it is left out of the message. */
  readonly onUnnamed?: (field: string) => void;
}

export interface RunningGrpcGateway {
  /** `127.0.0.1:50051` */
  readonly address: string;
  readonly port: number;
  /** Takes no more calls, ends open streams (their readers can go on with the last position), and lets the other calls finish. */
  close(): Promise<void>;
}

/** Bytes of a request: the largest body that any route takes is a topology of 4 MB, which is smaller as a message. */
const LARGEST_MESSAGE = 4 * 1024 * 1024;
const MAX_STREAMS = 1_000;
/** Milliseconds that calls may take to finish when the process stops. */
const DRAIN = 1_000;

const limits = {
  'grpc.max_receive_message_length': LARGEST_MESSAGE,
  'grpc.max_concurrent_streams': 250,
  'grpc.max_metadata_size': 32 * 1024,
  // A peer that is gone without a word is found out.
  'grpc.keepalive_time_ms': 60_000,
  'grpc.keepalive_timeout_ms': 20_000,
};

/**
 * Serves the public API over gRPC: every call becomes the REST request that its annotation `google.api.http` names, and the answer its
 * message. Beside it: health, and reflection.
 * @throws Error where the port is taken (`code` is `EADDRINUSE`)
 */
export function serveGrpc(options: GrpcGatewayOptions): Promise<RunningGrpcGateway> {
  return prepareGrpc(options)();
}

/** Everything but listening, which what is given does: reading the proto files holds up whoever is being served meanwhile. */
export function prepareGrpc(options: GrpcGatewayOptions): () => Promise<RunningGrpcGateway> {
  const { backend, host, maxStreams = MAX_STREAMS, onTrouble = ignore, onUnnamed = ignore } = options;
  const api = loadPublicApi();
  const streams = new OpenStreams(maxStreams);
  const server = new Server(limits);
  addMethods(server, api.methods, { backend, streams, onTrouble, onUnnamed });
  const health = new HealthService(backend, new Set(api.methods.map(({ service }) => service)));
  health.addTo(server);
  reflectionOf(api).addToServer(server);
  return async () => {
    await assertFree(options);
    const port = await bind(server, options);
    return {
      address: `${host.includes(':') ? `[${host}]` : host}:${port}`,
      port,
      close: async () => {
        health.drain();
        streams.close();
        await shutdown(server);
      },
    };
  };
}

/** grpc-js has neither a code for this nor a way to keep it from standard error. */
async function assertFree({ host, port }: GrpcGatewayOptions): Promise<void> {
  if (port === 0) return;
  const probe = createServer().listen(port, host);
  await once(probe, 'listening');
  await new Promise((resolve) => probe.close(resolve));
}

function ignore(): void {
  // Nobody listens.
}

function addMethods(server: Server, methods: readonly PublicMethod[], options: CallOptions): void {
  const definition: Record<string, ServiceDefinition[string]> = {};
  const implementation: UntypedServiceImplementation = {};
  for (const method of methods) {
    const key = `${method.service}/${method.name}`;
    definition[key] = definitionOf(method);
    implementation[key] = method.streams ? streamingCall(method, options) : unaryCall(method, options);
  }
  server.addService(definition, implementation);
}

function definitionOf({ service, name, request, response, streams }: PublicMethod): ServiceDefinition[string] {
  return {
    path: `/${service}/${name}`,
    requestStream: false,
    responseStream: streams,
    requestSerialize: (message: Message) => Buffer.from(request.encode(message).finish()),
    requestDeserialize: (bytes: Buffer) => request.decode(bytes),
    responseSerialize: (message: object) => Buffer.from(response.encode(message).finish()),
    responseDeserialize: (bytes: Buffer) => response.decode(bytes),
  };
}

function bind(server: Server, { host, port, tls }: GrpcGatewayOptions): Promise<number> {
  const credentials = tls
    ? ServerCredentials.createSsl(null, [{ cert_chain: tls.cert, private_key: tls.key }])
    : ServerCredentials.createInsecure();
  return new Promise((resolve, reject) => {
    server.bindAsync(`${host.includes(':') ? `[${host}]` : host}:${port}`, credentials, (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    });
  });
}

async function shutdown(server: Server): Promise<void> {
  const late = setTimeout(() => {
    server.forceShutdown();
  }, DRAIN);
  await new Promise<void>((resolve) => {
    server.tryShutdown(() => {
      resolve();
    });
  });
  clearTimeout(late);
}
