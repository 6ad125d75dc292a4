import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type DynamicModule, Global, Inject, Logger, Module, type OnApplicationShutdown, type Provider } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE, DiscoveryModule } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import { CodedEventStore, CommandHandler, EventCodec, EventStore } from '@souk/event-sourcing';
import { LmdbEventStore } from '@souk/event-store';
import { EventBus, InProcessBus } from '@souk/messaging';
import { type AnyProjection as RunnableProjection, LmdbReadStore, ProjectionRunner, ReadStore } from '@souk/read-store';
import { LmdbSecretVault, RegistryEventCodec, SecretVault } from '@souk/secrets';
import { LoggerModule } from 'nestjs-pino';
import { AuthGuard } from './auth/auth.guard';
import { Clock, SystemClock } from './clock.port';
import { AtLeastGuard } from './http/at-least.guard';
import { ProblemFilter } from './http/problem.filter';
import { ValidationPipe } from './http/validation.pipe';
import { NameRegistry, nameAggregate } from './name-registry';
import { HealthController } from './observability/health.controller';
import { loggingOptions } from './observability/logging';
import { Metrics, MetricsController } from './observability/metrics';
import { EmbeddedStorageHealth, StorageHealth } from './observability/storage-health';
import type { ServiceDefinition } from './service.module';

/** What the embedded shape needs to know. */
export interface EmbeddedOptions {
  /** Everything that is kept lies under it. */
  readonly dataDir: string;
  readonly logLevel: string;
  /** Every service that runs in this process. */
  readonly services: readonly ServiceDefinition[];
  /** Key ring of the vault, first one wraps; without it a key file is made in `dataDir`. */
  readonly masterKeys?: readonly Buffer[];
}

/** The event store as it lies on disk: sealed fields sealed, old shapes old. For audit alone. */
export abstract class RawEventStore extends EventStore {}

const RESOURCES = 'souk:embedded-resources';

interface Resources {
  readonly events: LmdbEventStore;
  readonly reads: LmdbReadStore;
  readonly vault: LmdbSecretVault;
}

/** The ports with their adapters, and the conventions of every edge. Global: imported once, by the process. */
@Global()
@Module({})
export class PlatformModule implements OnApplicationShutdown {
  constructor(
    @Inject(RESOURCES) private readonly resources: Resources,
    private readonly bus: EventBus,
    private readonly runner: ProjectionRunner,
  ) {}

  /** Everything in this process, nothing to install: LMDB below `dataDir`, the bus a subscription to the event store. */
  static embedded(options: EmbeddedOptions): DynamicModule {
    const providers: Provider[] = [
      { provide: Clock, useClass: SystemClock },
      { provide: RESOURCES, useFactory: () => openResources(options) },
      { provide: SecretVault, inject: [RESOURCES], useFactory: ({ vault }: Resources) => vault },
      { provide: ReadStore, inject: [RESOURCES], useFactory: ({ reads }: Resources) => reads },
      {
        provide: StorageHealth,
        inject: [RESOURCES],
        useFactory: ({ events, reads, vault }: Resources) =>
          new EmbeddedStorageHealth({ 'event-store': events, 'read-models': reads, vault }),
      },
      { provide: RawEventStore, inject: [RESOURCES], useFactory: ({ events }: Resources) => events },
      {
        provide: EventCodec,
        inject: [SecretVault],
        useFactory: (vault: SecretVault) =>
          new RegistryEventCodec(vault, [nameAggregate, ...options.services.flatMap(({ aggregates }) => aggregates)] as never),
      },
      {
        provide: EventStore,
        inject: [RawEventStore, EventCodec],
        useFactory: (raw: EventStore, codec: EventCodec) => new CodedEventStore(raw, codec),
      },
      { provide: CommandHandler, inject: [EventStore], useFactory: (store: EventStore) => new CommandHandler(store) },
      {
        provide: NameRegistry,
        inject: [EventStore, CommandHandler],
        useFactory: (store: EventStore, commands: CommandHandler) => new NameRegistry(store, commands),
      },
      {
        provide: ProjectionRunner,
        inject: [EventStore, ReadStore],
        useFactory: (store: EventStore, reads: ReadStore) => projectionRunner(options.services, store, reads),
      },
      {
        provide: EventBus,
        inject: [EventStore, ReadStore],
        useFactory: (store: EventStore, reads: ReadStore) => inProcessBus(options.services, store, reads),
      },
      { provide: Metrics, inject: [ProjectionRunner], useFactory: (runner: ProjectionRunner) => new Metrics(runner) },
    ];
    return {
      module: PlatformModule,
      imports: [
        DiscoveryModule,
        LoggerModule.forRoot(loggingOptions(options.logLevel)),
        TerminusModule.forRoot({ errorLogStyle: 'json' }),
      ],
      controllers: [HealthController, MetricsController],
      providers: [
        ...providers,
        { provide: APP_GUARD, useClass: AuthGuard },
        { provide: APP_GUARD, useClass: AtLeastGuard },
        { provide: APP_PIPE, useClass: ValidationPipe },
        { provide: APP_FILTER, useClass: ProblemFilter },
      ],
      exports: providers,
    };
  }

  /** Last of all: services have let go of their subscriptions by now. */
  async onApplicationShutdown(): Promise<void> {
    await this.bus.stop();
    await this.runner.stop();
    await Promise.all([this.resources.events.close(), this.resources.reads.close(), this.resources.vault.close()]);
  }
}

async function openResources({ dataDir, masterKeys }: EmbeddedOptions): Promise<Resources> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const events = await LmdbEventStore.open({ directory: join(dataDir, 'events') });
  const vault = await LmdbSecretVault.open({ directory: join(dataDir, 'vault'), ...(masterKeys && { masterKeys }) });
  const signingKey = await vault.installationKey('cursors', 32);
  const reads = await LmdbReadStore.open({ directory: join(dataDir, 'read-models'), signingKey });
  return { events, reads, vault };
}

function projectionRunner(services: readonly ServiceDefinition[], store: EventStore, reads: ReadStore): ProjectionRunner {
  const logger = new Logger('projections');
  const projections = services.flatMap(({ projections }) => projections) as unknown as RunnableProjection[];
  return new ProjectionRunner(store, reads, projections, {
    onError: ({ error, projection, event }) => {
      logger.error({ err: error, projection, event }, 'a read model has failed');
    },
  });
}

function inProcessBus(services: readonly ServiceDefinition[], store: EventStore, reads: ReadStore): EventBus {
  const logger = new Logger('bus');
  const bus = new InProcessBus(store, reads, {
    onFailure: ({ group, event, attempt, error }) => {
      logger.warn({ err: error, group, eventType: event.type, subject: event.subject, attempt }, 'a message will be tried again');
    },
    onTrouble: (trouble) => {
      logger.error({ err: trouble.error, trouble: trouble.what, group: trouble.group }, 'the bus has a problem and goes on');
    },
  });
  for (const { publication } of services) if (publication) bus.publish(publication);
  return bus;
}
