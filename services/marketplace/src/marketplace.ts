import { createServer } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createHttpApplication, listen } from '@souk/platform';
import { Bootstrap } from '../../authorization/src/authorization.module';
import { SharedCluster } from '../../deployment/src/deployment.module';
import type { MarketplaceConfig } from './config';
import { MarketplaceModule } from './marketplace.module';

/** The simulated cluster, however it is kept running. */
export interface RunningCluster {
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface RunningMarketplace {
  readonly app: NestFastifyApplication;
  readonly url: string;
  /** Of the operator; only at the very first start, or when a new one was asked for. */
  readonly bootstrapToken?: string;
  /** Lets running requests and handlers finish, then closes what is open. */
  close(): Promise<void>;
}

/** Starts everything: the simulated cluster beside the application, then reading models and consumers, then the listener. */
export async function startMarketplace(
  config: MarketplaceConfig,
  version: string,
  cluster: RunningCluster,
): Promise<RunningMarketplace> {
  const clusterStarted = cluster.start();
  // A failure is reported where it is awaited; until then it must not end the process.
  clusterStarted.catch(() => undefined);
  try {
    const port = config.port === 0 ? await freePort(config.host) : config.port;
    const url = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`;
    const app = await createHttpApplication(MarketplaceModule.with({ ...config, apiUrl: config.apiUrl ?? url }), version);
    await clusterStarted;
    await listen(app, port, config.host);
    const bootstrap = app.get(Bootstrap);
    const operator =
      (await bootstrap.ensureOperator()) ?? (config.newOperatorToken ? await bootstrap.issueNewOperatorToken() : undefined);
    await app.get(SharedCluster).register();
    return {
      app,
      url,
      ...(operator && { bootstrapToken: operator.token }),
      close: async () => {
        await app.close();
        await cluster.stop();
      },
    };
  } catch (error) {
    await cluster.stop();
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
