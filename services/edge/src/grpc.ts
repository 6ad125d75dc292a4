import { readFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { Logger } from 'pino';
import type { GrpcConfig } from './config';

export interface RunningGrpc {
  /** `127.0.0.1:50051` */
  readonly address: string;
  close(): Promise<void>;
}

/**
 * The API of all services over gRPC: a call becomes a request to the edge itself, so everything that holds of requests holds of calls. Loaded only
 * where it is wanted; what is given listens. @throws Error where the port is taken
 */
export async function loadGrpc(
  server: Server,
  host: string,
  { port, tls }: GrpcConfig,
  logger: Logger,
): Promise<() => Promise<RunningGrpc>> {
  const { InProcessBackend, prepareGrpc } = await import('@souk/grpc-gateway');
  const backend = new InProcessBackend(server);
  const serve = prepareGrpc({
    backend,
    host,
    port,
    ...(tls && { tls: { cert: await readFile(tls.cert), key: await readFile(tls.key) } }),
    onTrouble: ({ method, error }) => logger.error({ err: error, method }, 'a call has failed on this side'),
    onUnnamed: (field) => logger.warn({ field }, 'an answer has a field that no proto file names'),
  });
  return async () => {
    try {
      const gateway = await serve();
      const close = async (): Promise<void> => {
        await gateway.close();
        backend.close();
      };
      return { address: gateway.address, close };
    } catch (error) {
      backend.close();
      throw error;
    }
  };
}
