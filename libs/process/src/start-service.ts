import 'reflect-metadata';
import { setTimeout as delay } from 'node:timers/promises';
import { type DynamicModule, Module, type Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { armFailpoints } from '@souk/failpoints';
import {
  createHttpApplication,
  Ending,
  InvalidConfig,
  listen,
  PlatformModule,
  RunningRequests,
  type ServiceDefinition,
  versionOfThis,
} from '@souk/platform';
import { NeighboursModule, type Port, serveNeighbours } from '@souk/rpc';
import { startTracing } from '@souk/tracing';
import type { ServiceConfig } from './config';
import { openDistributed } from './engines';

/** One service as a process of its own. */
export interface ServiceProcess {
  readonly config: ServiceConfig;
  readonly definition: ServiceDefinition;
  readonly module: Type | DynamicModule;
  /** What other services ask this one. */
  readonly answers: readonly Port[];
  /** What is done once, before anybody may ask anything. @returns lines for the banner */
  readonly begin?: (app: NestFastifyApplication) => Promise<readonly string[]>;
}

export interface RunningService {
  readonly app: NestFastifyApplication;
  readonly url: string;
  /** `host:port` of internal calls. */
  readonly rpcAddress: string;
  readonly notes: readonly string[];
  /** Not ready at once, goes on serving for a while, finishes what runs, gives its leases back. */
  end(): Promise<void>;
}

/** Nothing that runs is waited for any longer when it is asked to end, in milliseconds. */
const FINISH_WITHIN = 10_000;

/** Fulfilled when read models are caught up, or followed, and it listens for the public, and for other services. */
export async function startService({ config, definition, module, answers, begin }: ServiceProcess): Promise<RunningService> {
  const { service } = definition;
  const { http, rpc, logLevel, engines, drainMs } = config;
  const version = versionOfThis();
  const tracing = await startTracing({ service: `souk-${service}`, version, endpoint: config.traceEndpoint });
  const process: DynamicModule = {
    module: ProcessModule,
    imports: [
      PlatformModule.on(() => openDistributed(engines, service), { logLevel, services: [definition] }),
      NeighboursModule.remote({ addresses: others(config, service), ...(rpc.tls && { tls: rpc.tls }) }),
      module,
    ],
  };
  const app = await createHttpApplication(process, version);
  const requests = new RunningRequests(app.getHttpAdapter().getInstance());
  const close = async (): Promise<void> => {
    await app.close();
    await tracing.stop();
  };
  try {
    const server = serveNeighbours(app, answers, { ...rpc, drainMs: FINISH_WITHIN });
    await listen(app, http.port, http.host);
    const notes = (await begin?.(app)) ?? [];
    const end = async (): Promise<void> => {
      app.get(Ending).begin();
      await delay(drainMs);
      await requests.finish(FINISH_WITHIN);
      await close();
    };
    return { app, url: await app.getUrl(), rpcAddress: server.address, notes, end };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Starts it for good: prints where it is, ends when it is asked to. */
export function runService(service: string, prepare: () => ServiceProcess): void {
  const begun = performance.now();
  const run = async (): Promise<void> => {
    const prepared = prepare();
    armFailpoints(prepared.config.failpoints);
    const started: { service?: RunningService } = {};
    let ending = false;
    const end = (): void => {
      // Asked a second time, it is in a hurry; and one that has not even begun has nothing to finish.
      if (ending || !started.service) process.exit(1);
      ending = true;
      started.service.end().then(
        () => process.exit(0),
        (error: unknown) => {
          console.error(error);
          process.exit(1);
        },
      );
    };
    process.on('SIGTERM', end);
    process.on('SIGINT', end);
    const running = await startService(prepared);
    started.service = running;
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    console.log(
      [
        `Souk ${versionOfThis()}: ${service} is ready after ${seconds} s`,
        `  API       ${running.url}`,
        `  services  ${running.rpcAddress}`,
        ...running.notes,
      ].join('\n'),
    );
  };
  run().catch((error: unknown) => {
    const known = error instanceof InvalidConfig || (error instanceof Error && 'code' in error);
    console.error(known ? `${service} can't start: ${error.message}` : error);
    process.exit(1);
  });
}

@Module({})
class ProcessModule {}

function others({ neighbours }: ServiceConfig, service: string): ServiceConfig['neighbours'] {
  return Object.fromEntries(Object.entries(neighbours).filter(([name]) => name !== service));
}
