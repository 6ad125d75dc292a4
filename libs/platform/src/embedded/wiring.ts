import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import {
  type Activity,
  alwaysActive,
  type DeadlineHandlers,
  DeadlineRunner,
  deadlinesProjection,
  Leases,
  type MonotonicClock,
  Yielding,
} from '@souk/coordination';
import { assertNothingPersonal, CommandHandler, type EventStore, type SnapshotStore } from '@souk/event-sourcing';
import { type EventBus, InProcessBus, type InProcessBusOptions, parkedMessagesProjection } from '@souk/messaging';
import { type AnyProjection as RunnableProjection, ProjectionRunner, type ReadStore } from '@souk/read-store';
import type { Clock } from '../clock.port';
import type { BusOptions, BusParts, Engines } from '../engines';
import type { ServiceDefinition } from '../service.module';

export function commandHandler(
  services: readonly ServiceDefinition[],
  events: EventStore,
  snapshots: SnapshotStore,
): CommandHandler {
  for (const aggregate of services.flatMap(({ aggregates }) => aggregates)) assertNothingPersonal(aggregate);
  const logger = new Logger('snapshots');
  return new CommandHandler(events, {
    store: snapshots,
    onTrouble: (error) => {
      logger.warn({ err: error }, 'snapshots fail: long streams are read from their start');
    },
  });
}

export function projectionRunner(
  services: readonly ServiceDefinition[],
  store: EventStore,
  reads: ReadStore,
  activity: Activity,
): ProjectionRunner {
  const logger = new Logger('projections');
  const projections = services.flatMap((service) => service.projections) as unknown as RunnableProjection[];
  return new ProjectionRunner(store, reads, projections, {
    activity,
    onError: ({ error, projection, event }) => {
      logger.error({ err: error, projection, event }, 'a read model has failed');
    },
  });
}

/** What there is no lease for, every process does. */
export function activityOf(lease: string | undefined, leases: Leases): Activity {
  return lease === undefined ? alwaysActive : leases.keeper(lease).activity;
}

export function leasesOf({ leases }: Engines, store: EventStore, clock: MonotonicClock): Leases {
  const logger = new Logger('leases');
  const onTrouble = (error: unknown): void =>
    logger.error({ err: error }, 'a lease could not be written and will be tried again');
  return new Leases(store, clock, { ...leases, holder: randomUUID(), onTrouble });
}

/** So long a process that is cut off from its read store, or from its broker, keeps what others could do. Milliseconds. */
const PATIENCE = 15_000;

/** Leases for work that needs more than the event store, which leases lie in. */
export function yieldings(
  { leaseNames, leases: { termMs } }: Engines,
  leases: Leases,
  runner: ProjectionRunner,
  bus: EventBus,
  clock: MonotonicClock,
): Yielding[] {
  const needs = [
    { lease: leaseNames.projections, isWell: () => !runner.health().every(({ status }) => status === 'retrying') },
    {
      lease: leaseNames.bus,
      isWell: async () => {
        const groups = await bus.stats();
        return groups.length === 0 || !groups.every(({ condition }) => condition === 'broken');
      },
    },
  ];
  return needs.flatMap(({ lease, isWell }) =>
    lease === undefined ? [] : [new Yielding(leases.keeper(lease), clock, { isWell, patienceMs: PATIENCE, pauseMs: termMs })],
  );
}

export function deadlineRunner(
  { leaseNames }: Engines,
  commands: CommandHandler,
  projections: ProjectionRunner,
  handlers: DeadlineHandlers,
  leases: Leases,
  clock: Clock,
  monotonic: MonotonicClock,
): DeadlineRunner {
  const logger = new Logger('deadlines');
  return new DeadlineRunner({
    commands,
    deadlines: projections.readModel(deadlinesProjection),
    handlers,
    activity: leases.keeper(leaseNames.deadlines).activity,
    clock,
    monotonic,
    onFailure: ({ error, ...failure }) => logger.error({ err: error, ...failure }, 'what was due failed and will be tried again'),
    onTrouble: (error) => logger.error({ err: error }, 'what is due could not be read and will be tried again'),
  });
}

export function inProcessBus(options: BusOptions, { services, raw, codec, reads, runner }: BusParts): EventBus {
  const bus = new InProcessBus(raw, reads, runner.readModel(parkedMessagesProjection), {
    ...options,
    codec,
    ...busNotices(),
  });
  for (const { publication } of services) if (publication) bus.publish(publication);
  return bus;
}

/** What the bus tells of, in the log. */
export function busNotices(): Required<Pick<InProcessBusOptions, 'onFailure' | 'onTrouble'>> {
  const logger = new Logger('bus');
  return {
    onFailure: ({ group, event, attempt, error, retryInMs }) => {
      const details = { err: error, group, eventType: event.type, subject: event.subject, attempt };
      if (retryInMs === undefined) logger.error(details, 'a message is parked: see /v1/parked-messages');
      else logger.warn(details, 'a message will be tried again');
    },
    onTrouble: (trouble) => {
      logger.error({ err: trouble.error, trouble: trouble.what, group: trouble.group }, 'the bus has a problem and goes on');
    },
  };
}
