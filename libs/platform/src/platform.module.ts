import {
  type BeforeApplicationShutdown,
  type DynamicModule,
  Global,
  Inject,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type Provider,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE, DiscoveryModule, ModuleRef } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import {
  DeadlineHandlers,
  DeadlineRunner,
  Deadlines,
  Leases,
  MonotonicClock,
  SystemMonotonicClock,
  type Yielding,
} from '@souk/coordination';
import { CodedEventStore, CommandHandler, EventCodec, EventStore, SnapshotStore } from '@souk/event-sourcing';
import { EventBus, LocalPublicHistory, PublicHistory } from '@souk/messaging';
import { ProjectionRunner, ReadStore } from '@souk/read-store';
import { RegistryEventCodec, SecretVault } from '@souk/secrets';
import { traced } from '@souk/tracing';
import { LoggerModule } from 'nestjs-pino';
import { AuthGuard } from './auth/auth.guard';
import { ParkedMessages } from './bus/parked-messages';
import { ParkedMessagesController } from './bus/parked-messages.controller';
import { Clock, SystemClock } from './clock.port';
import { machinery } from './embedded/machinery';
import { openEmbedded } from './embedded/engines';
import type { ResourceOptions } from './embedded/resources';
import { activityOf, commandHandler, deadlineRunner, leasesOf, projectionRunner, yieldings } from './embedded/wiring';
import { type BusOptions, type BusParts, ENGINES, type Engines } from './engines';
import { AtLeastGuard } from './http/at-least.guard';
import { ProblemFilter } from './http/problem.filter';
import { ValidationPipe } from './http/validation.pipe';
import { NameRegistry } from './name-registry';
import { CoordinationMetrics } from './observability/coordination-metrics';
import { Ending } from './observability/ending';
import { HealthController } from './observability/health.controller';
import { loggingOptions } from './observability/logging';
import { Metrics, MetricsController } from './observability/metrics';
import { StorageHealth } from './observability/storage-health';
import { ReadModelController } from './read-models/read-model.controller';
import type { ServiceDefinition } from './service.module';

/** What a process of any shape needs to know. */
export interface PlatformOptions {
  readonly logLevel: string;
  /** Every service that runs in this process. */
  readonly services: readonly ServiceDefinition[];
  /** The time of day, where it is not the system's. */
  readonly clock?: Clock;
}

/** What the embedded shape needs to know. */
export interface EmbeddedOptions extends PlatformOptions, ResourceOptions {
  readonly bus?: BusOptions;
}

/** The event store as it lies on disk: sealed fields sealed, old shapes old. For audit alone. */
export abstract class RawEventStore extends EventStore {}

/** The ports with their adapters, and the conventions of every edge. Global: imported once, by the process. */
@Global()
@Module({})
export class PlatformModule implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown {
  private yieldings: readonly Yielding[] = [];

  constructor(
    @Inject(ENGINES) private readonly engines: Engines,
    private readonly bus: EventBus,
    private readonly runner: ProjectionRunner,
    private readonly leases: Leases,
    private readonly deadlines: DeadlineRunner,
    private readonly commands: CommandHandler,
    private readonly monotonic: MonotonicClock,
  ) {}

  /** Everything in this process, nothing to install. */
  static embedded({ bus = {}, ...options }: EmbeddedOptions): DynamicModule {
    return PlatformModule.on(() => openEmbedded(options, bus), options);
  }

  /** On whichever engines. */
  static on(open: () => Promise<Engines>, options: PlatformOptions): DynamicModule {
    const services = [machinery, ...options.services];
    const providers: Provider[] = [
      { provide: Clock, useFactory: () => options.clock ?? new SystemClock() },
      { provide: MonotonicClock, useClass: SystemMonotonicClock },
      { provide: ENGINES, useFactory: open },
      { provide: SecretVault, inject: [ENGINES], useFactory: ({ vault }: Engines) => vault },
      { provide: ReadStore, inject: [ENGINES], useFactory: ({ reads }: Engines) => reads },
      { provide: StorageHealth, inject: [ENGINES], useFactory: ({ storage }: Engines) => storage },
      { provide: RawEventStore, inject: [ENGINES], useFactory: ({ events }: Engines) => events },
      {
        provide: EventCodec,
        inject: [SecretVault],
        useFactory: (vault: SecretVault) =>
          new RegistryEventCodec(vault, services.flatMap(({ aggregates }) => aggregates) as never),
      },
      {
        provide: EventStore,
        inject: [RawEventStore, EventCodec],
        useFactory: (raw: EventStore, codec: EventCodec) => traced(new CodedEventStore(raw, codec)),
      },
      { provide: SnapshotStore, inject: [ENGINES], useFactory: ({ snapshots }: Engines) => snapshots },
      {
        provide: CommandHandler,
        inject: [EventStore, SnapshotStore],
        useFactory: (store: EventStore, snapshots: SnapshotStore) => commandHandler(services, store, snapshots),
      },
      {
        provide: NameRegistry,
        inject: [EventStore, CommandHandler],
        useFactory: (store: EventStore, commands: CommandHandler) => new NameRegistry(store, commands),
      },
      {
        provide: ProjectionRunner,
        inject: [ENGINES, EventStore, ReadStore, Leases],
        useFactory: (engines: Engines, store: EventStore, reads: ReadStore, leases: Leases) =>
          projectionRunner(services, store, reads, activityOf(engines.leaseNames.projections, leases)),
      },
      {
        provide: PublicHistory,
        inject: [RawEventStore, EventCodec],
        useFactory: (raw: EventStore, codec: EventCodec) =>
          new LocalPublicHistory(
            raw,
            services.flatMap(({ publication }) => publication ?? []),
            codec,
          ),
      },
      {
        provide: EventBus,
        inject: [ENGINES, RawEventStore, EventCodec, ReadStore, ProjectionRunner, Leases, PublicHistory, ModuleRef],
        useFactory: (
          engines: Engines,
          raw: EventStore,
          codec: EventCodec,
          reads: ReadStore,
          runner: ProjectionRunner,
          leases: Leases,
          history: PublicHistory,
          module: ModuleRef,
        ) => {
          const provider: BusParts['provider'] = (port) => module.get(port, { strict: false });
          return engines.bus({ services, raw, codec, reads, runner, leases, history, provider });
        },
      },
      {
        provide: Metrics,
        inject: [ProjectionRunner, EventBus],
        useFactory: (runner: ProjectionRunner, bus: EventBus) => new Metrics(runner, bus),
      },
      { provide: Leases, inject: [ENGINES, EventStore, MonotonicClock], useFactory: leasesOf },
      { provide: Deadlines, inject: [CommandHandler], useFactory: (commands: CommandHandler) => new Deadlines(commands) },
      { provide: DeadlineHandlers, useFactory: () => new DeadlineHandlers() },
      {
        provide: DeadlineRunner,
        inject: [ENGINES, CommandHandler, ProjectionRunner, DeadlineHandlers, Leases, Clock, MonotonicClock],
        useFactory: deadlineRunner,
      },
    ];
    return {
      module: PlatformModule,
      imports: [
        DiscoveryModule,
        LoggerModule.forRoot(loggingOptions(options.logLevel)),
        TerminusModule.forRoot({ errorLogStyle: 'json' }),
      ],
      controllers: [HealthController, MetricsController, ReadModelController, ParkedMessagesController],
      providers: [
        ...providers,
        CoordinationMetrics,
        Ending,
        ParkedMessages,
        { provide: APP_GUARD, useClass: AuthGuard },
        { provide: APP_GUARD, useClass: AtLeastGuard },
        { provide: APP_PIPE, useClass: ValidationPipe },
        { provide: APP_FILTER, useClass: ProblemFilter },
      ],
      exports: providers,
    };
  }

  /** Services have said by now what they do when. */
  async onApplicationBootstrap(): Promise<void> {
    this.deadlines.start();
    const names = Object.values(this.engines.leaseNames) as string[];
    await Promise.all(names.map((name) => this.leases.keeper(name).start()));
    this.yieldings = yieldings(this.engines, this.leases, this.runner, this.bus, this.monotonic);
    for (const yielding of this.yieldings) yielding.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    for (const yielding of this.yieldings) yielding.stop();
    await this.deadlines.stop();
  }

  /** Last of all: services have let go of their subscriptions by now. Whoever takes over finds everything committed. */
  async onApplicationShutdown(): Promise<void> {
    await this.bus.stop();
    await this.runner.stop();
    await this.leases.stop();
    await this.commands.idle();
    await this.engines.close();
  }
}
