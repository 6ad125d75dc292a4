import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type BeforeApplicationShutdown,
  type DynamicModule,
  Global,
  Inject,
  Logger,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type Provider,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE, DiscoveryModule } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import {
  deadlineAggregate,
  DeadlineHandlers,
  DeadlineRunner,
  Deadlines,
  deadlinesProjection,
  deadlineTotalsProjection,
  leaseAggregate,
  Leases,
  MonotonicClock,
  SystemMonotonicClock,
} from '@souk/coordination';
import {
  assertNothingPersonal,
  CodedEventStore,
  CommandHandler,
  EventCodec,
  EventStore,
  SnapshotStore,
} from '@souk/event-sourcing';
import { LmdbEventStore } from '@souk/event-store';
import {
  EventBus,
  InProcessBus,
  type InProcessBusOptions,
  parkedMessageAggregate,
  parkedMessagesProjection,
} from '@souk/messaging';
import { type AnyProjection as RunnableProjection, LmdbReadStore, ProjectionRunner, ReadStore } from '@souk/read-store';
import { LmdbSecretVault, RegistryEventCodec, SecretVault } from '@souk/secrets';
import { LoggerModule } from 'nestjs-pino';
import { AuthGuard } from './auth/auth.guard';
import { ParkedMessages } from './bus/parked-messages';
import { ParkedMessagesController } from './bus/parked-messages.controller';
import { Clock, SystemClock } from './clock.port';
import { AtLeastGuard } from './http/at-least.guard';
import { ProblemFilter } from './http/problem.filter';
import { ValidationPipe } from './http/validation.pipe';
import { NameRegistry, nameAggregate } from './name-registry';
import { CoordinationMetrics } from './observability/coordination-metrics';
import { HealthController } from './observability/health.controller';
import { loggingOptions } from './observability/logging';
import { Metrics, MetricsController } from './observability/metrics';
import { ReadModelController } from './read-models/read-model.controller';
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
  /** The time of day, where it is not the system's. */
  readonly clock?: Clock;
  /** How the bus retries and when it gives up; its defaults are for production. */
  readonly bus?: Pick<InProcessBusOptions, 'retry' | 'maxAttempts' | 'handlerTimeoutMs'>;
}

/** The event store as it lies on disk: sealed fields sealed, old shapes old. For audit alone. */
export abstract class RawEventStore extends EventStore {}

const RESOURCES = 'souk:embedded-resources';

/** Everything that is kept below one data folder. */
export interface Resources {
  readonly events: LmdbEventStore;
  readonly reads: LmdbReadStore;
  readonly vault: LmdbSecretVault;
}

/** The ports with their adapters, and the conventions of every edge. Global: imported once, by the process. */
@Global()
@Module({})
export class PlatformModule implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown {
  constructor(
    @Inject(RESOURCES) private readonly resources: Resources,
    private readonly bus: EventBus,
    private readonly runner: ProjectionRunner,
    private readonly leases: Leases,
    private readonly deadlines: DeadlineRunner,
    private readonly commands: CommandHandler,
  ) {}

  /** Everything in this process, nothing to install: LMDB below `dataDir`, the bus a subscription to the event store. */
  static embedded(options: EmbeddedOptions): DynamicModule {
    const providers: Provider[] = [
      { provide: Clock, useFactory: () => options.clock ?? new SystemClock() },
      { provide: MonotonicClock, useClass: SystemMonotonicClock },
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
          new RegistryEventCodec(vault, [...ownAggregates, ...options.services.flatMap(({ aggregates }) => aggregates)] as never),
      },
      {
        provide: EventStore,
        inject: [RawEventStore, EventCodec],
        useFactory: (raw: EventStore, codec: EventCodec) => new CodedEventStore(raw, codec),
      },
      { provide: SnapshotStore, inject: [RESOURCES], useFactory: ({ reads }: Resources) => reads.snapshots },
      {
        provide: CommandHandler,
        inject: [EventStore, SnapshotStore],
        useFactory: (store: EventStore, snapshots: SnapshotStore) => commandHandler(options.services, store, snapshots),
      },
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
        inject: [RawEventStore, EventCodec, ReadStore, ProjectionRunner],
        useFactory: (raw: EventStore, codec: EventCodec, reads: ReadStore, runner: ProjectionRunner) =>
          inProcessBus(options, raw, codec, reads, runner),
      },
      {
        provide: Metrics,
        inject: [ProjectionRunner, EventBus],
        useFactory: (runner: ProjectionRunner, bus: EventBus) => new Metrics(runner, bus),
      },
      { provide: Leases, inject: [EventStore, MonotonicClock], useFactory: embeddedLeases },
      { provide: Deadlines, inject: [CommandHandler], useFactory: (commands: CommandHandler) => new Deadlines(commands) },
      { provide: DeadlineHandlers, useFactory: () => new DeadlineHandlers() },
      {
        provide: DeadlineRunner,
        inject: [CommandHandler, ProjectionRunner, DeadlineHandlers, Leases, Clock, MonotonicClock],
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
    await this.leases.keeper(DEADLINES).start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.deadlines.stop();
    await this.leases.stop();
  }

  /** Last of all: services have let go of their subscriptions by now. */
  async onApplicationShutdown(): Promise<void> {
    await this.bus.stop();
    await this.runner.stop();
    await this.commands.idle();
    await Promise.all([this.resources.events.close(), this.resources.reads.close(), this.resources.vault.close()]);
  }
}

/** What the platform itself writes: streams of the machinery. */
const ownAggregates = [nameAggregate, leaseAggregate, deadlineAggregate, parkedMessageAggregate];
const ownProjections = [deadlinesProjection, deadlineTotalsProjection, parkedMessagesProjection];

/** The lease of the one who does what is due. */
const DEADLINES = 'deadlines';
/** Milliseconds; in the embedded shape only the pause after a store that failed follows from it. */
const LEASE_TERM = 10_000;

/** @throws StoreLocked while another process has the folder open */
export async function openResources({
  dataDir,
  masterKeys,
}: Pick<EmbeddedOptions, 'dataDir' | 'masterKeys'>): Promise<Resources> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const events = await LmdbEventStore.open({ directory: join(dataDir, 'events') });
  const vault = await LmdbSecretVault.open({ directory: join(dataDir, 'vault'), ...(masterKeys && { masterKeys }) });
  const signingKey = await vault.installationKey('cursors', 32);
  const reads = await LmdbReadStore.open({ directory: join(dataDir, 'read-models'), signingKey });
  return { events, reads, vault };
}

function commandHandler(services: readonly ServiceDefinition[], events: EventStore, snapshots: SnapshotStore): CommandHandler {
  for (const aggregate of services.flatMap(({ aggregates }) => aggregates)) assertNothingPersonal(aggregate);
  const logger = new Logger('snapshots');
  return new CommandHandler(events, {
    store: snapshots,
    onTrouble: (error) => {
      logger.warn({ err: error }, 'snapshots fail: long streams are read from their start');
    },
  });
}

function projectionRunner(services: readonly ServiceDefinition[], store: EventStore, reads: ReadStore): ProjectionRunner {
  const logger = new Logger('projections');
  const projections = [
    ...ownProjections,
    ...services.flatMap((service) => service.projections),
  ] as unknown as RunnableProjection[];
  return new ProjectionRunner(store, reads, projections, {
    onError: ({ error, projection, event }) => {
      logger.error({ err: error, projection, event }, 'a read model has failed');
    },
  });
}

/** Who has the data folder open is alone, by its lock: every earlier holder is dead. */
function embeddedLeases(store: EventStore, clock: MonotonicClock): Leases {
  const logger = new Logger('leases');
  const onTrouble = (error: unknown): void =>
    logger.error({ err: error }, 'a lease could not be written and will be tried again');
  return new Leases(store, clock, { holder: randomUUID(), termMs: LEASE_TERM, sole: true, onTrouble });
}

function deadlineRunner(
  commands: CommandHandler,
  projections: ProjectionRunner,
  handlers: DeadlineHandlers,
  leases: Leases,
  clock: Clock,
  monotonic: MonotonicClock,
): DeadlineRunner {
  const logger = new Logger('deadlines');
  const runner: DeadlineRunner = new DeadlineRunner({
    commands,
    deadlines: projections.readModel(deadlinesProjection),
    handlers,
    lease: leases.keeper(DEADLINES, () => runner.look()),
    clock,
    monotonic,
    onFailure: ({ error, ...failure }) => logger.error({ err: error, ...failure }, 'what was due failed and will be tried again'),
    onTrouble: (error) => logger.error({ err: error }, 'what is due could not be read and will be tried again'),
  });
  return runner;
}

function inProcessBus(
  { services, bus: options }: EmbeddedOptions,
  raw: EventStore,
  codec: EventCodec,
  reads: ReadStore,
  runner: ProjectionRunner,
): EventBus {
  const logger = new Logger('bus');
  const bus = new InProcessBus(raw, reads, runner.readModel(parkedMessagesProjection), {
    ...options,
    codec,
    onFailure: ({ group, event, attempt, error, retryInMs }) => {
      const details = { err: error, group, eventType: event.type, subject: event.subject, attempt };
      if (retryInMs === undefined) logger.error(details, 'a message is parked: see /v1/parked-messages');
      else logger.warn(details, 'a message will be tried again');
    },
    onTrouble: (trouble) => {
      logger.error({ err: trouble.error, trouble: trouble.what, group: trouble.group }, 'the bus has a problem and goes on');
    },
  });
  for (const { publication } of services) if (publication) bus.publish(publication);
  return bus;
}
