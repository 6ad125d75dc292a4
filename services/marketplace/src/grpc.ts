import { readFile } from 'node:fs/promises';
import { Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { GrpcConfig } from './config';

export interface RunningGrpc {
  /** `127.0.0.1:50051`; `undefined` where it does not listen. */
  readonly address?: string;
  /** Why it does not. */
  readonly problem?: string;
  close(): Promise<void>;
}

/** The port that the configuration insists on is not free. */
export class GrpcPortTaken extends Error {
  readonly code = 'grpc-port-taken';
  constructor(port: number) {
    super(`port ${port} for gRPC is taken`);
    this.name = new.target.name;
  }
}

/**
 * The API of that application over gRPC, which is loaded only now, and listens when what is given is called: between the two the application may
 * begin to listen, and no request waits for the loading. Where it is not required, a port that is taken is told and no more: two marketplaces
 * may run side by side.
 */
export async function loadGrpc(
  app: NestFastifyApplication,
  host: string,
  config: GrpcConfig,
): Promise<() => Promise<RunningGrpc>> {
  const { InProcessBackend, prepareGrpc } = await import('@souk/grpc-gateway');
  const logger = new Logger('grpc');
  const tls = config.tls && { cert: await readFile(config.tls.cert), key: await readFile(config.tls.key) };
  const backend = new InProcessBackend(app.getHttpServer());
  const serve = prepareGrpc({
    backend,
    host,
    port: config.port,
    ...(tls && { tls }),
    onTrouble: ({ method, error }) => logger.error({ err: error, method }, 'a call has failed on this side'),
    onUnnamed: (field) => logger.warn({ field }, 'an answer has a field that no proto file names'),
  });
  return async () => {
    try {
      const gateway = await serve();
      return {
        address: gateway.address,
        close: async () => {
          await gateway.close();
          backend.close();
        },
      };
    } catch (error) {
      backend.close();
      if (!isTaken(error)) throw error;
      if (config.required) throw new GrpcPortTaken(config.port);
      return { problem: `port ${config.port} is taken`, close: () => Promise.resolve() };
    }
  };
}

function isTaken(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'EADDRINUSE';
}
