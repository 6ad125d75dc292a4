import { createServer } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createHttpApplication, listen } from '@souk/platform';
import { Bootstrap } from '../../authorization/src/authorization.module';
import { SharedCluster } from '../../deployment/src/deployment.module';
import type { MarketplaceConfig } from './config';
import { loadGrpc, type RunningGrpc } from './grpc';
import { MarketplaceModule } from './marketplace.module';

/** The simulated cluster, however it is kept running. */
export interface RunningCluster {
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface RunningMarketplace {
  readonly app: NestFastifyApplication;
  readonly url: string;
  /** Where the configuration has it. */
  readonly grpc?: RunningGrpc;
  /** Of the operator; only at the very first start, or when a new one was asked for. */
  readonly bootstrapToken?: string;
  /** Lets running requests and handlers finish, then closes what is open. */
  close(): Promise<void>;
}

/**
 * Starts everything: the stores (which locks the data folder against another marketplace), the simulated cluster, reading models and
 * consumers, then the listeners.
 */
export async function startMarketplace(
  config: MarketplaceConfig,
  version: string,
  cluster: RunningCluster,
): Promise<RunningMarketplace> {
  const port = config.port === 0 ? await freePort(config.host) : config.port;
  const url = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`;
  const app = await createHttpApplication(MarketplaceModule.with({ ...config, apiUrl: config.apiUrl ?? url }), version);
  let grpc: RunningGrpc | undefined;
  const close = async (): Promise<void> => {
    await grpc?.close();
    await app.close();
    await cluster.stop();
  };
  try {
    await cluster.start();
    const serveGrpc = config.grpc && (await loadGrpc(app, config.host, config.grpc));
    await listen(app, port, config.host);
    grpc = await serveGrpc?.();
    const bootstrap = app.get(Bootstrap);
    const operator =
      (await bootstrap.ensureOperator()) ?? (config.newOperatorToken ? await bootstrap.issueNewOperatorToken() : undefined);
    await app.get(SharedCluster).register();
    return { app, url, ...(grpc && { grpc }), ...(operator && { bootstrapToken: operator.token }), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Instances are told the address, so it has to be known before the listener is there. */
function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, host, () => {
      const address = server.address();
      server.close(() => {
        resolve(typeof address === 'object' && address ? address.port : 0);
      });
    });
  });
}
