import { type EventStore, parsePosition, type Position } from '@souk/event-sourcing';
import type { ReadStore } from '@souk/read-store';
import type { RetryOptions } from './back-off';
import { CheckpointWriter } from './checkpoint-writer';
import { type ConsumerGroup, EventBus, type Publication } from './event-bus.port';
import {
  type BusTrouble,
  type DeliveryFailure,
  type GroupCheckpoint,
  GroupConsumer,
  type GroupOptions,
  type GroupStats,
} from './group-consumer';
import { Publications } from './publications';
import type { LaneLimits } from './subject-lanes';
import { systemTimers, type Timers } from './timers';

export interface InProcessBusOptions {
  /** Default: 100 ms, twice as long each time, at most 30 s. */
  readonly retry?: Partial<RetryOptions>;
  /** A handler that takes longer has failed and is tried again, in milliseconds. It is not stopped. Default: 60,000. */
  readonly handlerTimeoutMs?: number;
  /** Handlers of one group at work at the same time, each for another subject. Default: 32. */
  readonly concurrency?: number;
  /** Beyond these the subscription of a group waits. Default: 1,000 subjects, 1,000 events, 64 events per subject. */
  readonly limits?: Partial<LaneLimits>;
  /** Pause between two writes of checkpoints, in milliseconds. Default: 20. */
  readonly checkpointPauseMs?: number;
  readonly timers?: Timers;
  /** In [0, 1), for the back-off. */
  readonly random?: () => number;
  /** A message failed, for logs and metrics. Must not throw. */
  readonly onFailure?: (failure: DeliveryFailure) => void;
  /** A subscription ended or a checkpoint could not be written, for logs and metrics. Must not throw. */
  readonly onTrouble?: (trouble: BusTrouble) => void;
}

/** {@link GroupStats} and how far it is behind. */
export interface LaggingGroupStats extends GroupStats {
  /** Events of the whole store after `position`, whether or not they concern the group, and those held. 0: nothing is left to be done. */
  readonly lag: number;
}

/**
 * The bus of the embedded shape: each consumer group is a durable catch-up subscription on the event store, for the types that are
 * published by the services it listens to. A group that is new begins with the first event ever.
 *
 * What a group has acknowledged is one small value in the read store: a position, and the few subjects that hang behind it
 * ({@link GroupCheckpoint}). It is written soon after the acknowledgement, not with it: a process that is killed may handle
 * the messages of its last moments again; one that is stopped repeats none.
 */
export class InProcessBus extends EventBus {
  private readonly publications = new Publications();
  private readonly groups = new Map<string, ConsumerGroup>();
  private readonly options: Omit<GroupOptions, 'onProgress'>;
  private readonly checkpoints: CheckpointWriter;
  private consumers: GroupConsumer[] = [];
  private starting: Promise<void> | undefined;
  private stopping: Promise<void> | undefined;

  /**
   * @param eventStore as services see it: events decoded and current
   * @param readStore keeps the checkpoints, under `bus/groups/<name>`
   */
  constructor(
    private readonly eventStore: EventStore,
    private readonly readStore: ReadStore,
    options: InProcessBusOptions = {},
  ) {
    super();
    const onTrouble = options.onTrouble ?? (() => undefined);
    this.options = {
      retry: { firstMs: 100, maxMs: 30_000, factor: 2, ...options.retry },
      handlerTimeoutMs: options.handlerTimeoutMs ?? 60_000,
      concurrency: options.concurrency ?? 32,
      limits: { subjects: 1_000, events: 1_000, eventsPerSubject: 64, ...options.limits },
      timers: options.timers ?? systemTimers,
      random: options.random ?? Math.random,
      onFailure: options.onFailure ?? (() => undefined),
      onTrouble,
    };
    this.checkpoints = new CheckpointWriter(readStore, this.options.timers, options.checkpointPauseMs ?? 20, (error) =>
      onTrouble({ what: 'checkpoint', error }),
    );
  }

  override publish(publication: Publication): void {
    this.refuseWhenStarted();
    this.publications.add(publication);
  }

  /** @throws Error for a name that is taken, or not lower-kebab-case */
  override consume(group: ConsumerGroup): void {
    this.refuseWhenStarted();
    if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(group.name))
      throw new Error(`"${group.name}" is no name for a consumer group: use lower-kebab-case`);
    if (this.groups.has(group.name)) throw new Error(`there is a consumer group "${group.name}" already`);
    this.groups.set(group.name, group);
  }

  /** Once, however often it is called. @throws PositionGone when the event store is another one than that of the checkpoints */
  override async start(): Promise<void> {
    await this.stopping;
    this.starting ??= this.startConsumers();
    await this.starting;
  }

  /** Once, however often it is called. All that was acknowledged is durable then, unless the read store refuses it. Default: 1,500 ms. */
  override async stop(graceMs = 1_500): Promise<void> {
    if (!this.starting) return;
    this.stopping ??= this.stopConsumers(this.starting, graceMs).finally(() => {
      this.starting = undefined;
      this.stopping = undefined;
    });
    await this.stopping;
  }

  /** @throws Error when the bus is not running, or is stopped meanwhile */
  override async settled(position: Position): Promise<void> {
    if (!this.starting) throw new Error('the bus is not running');
    await this.starting;
    await Promise.all(this.consumers.map((consumer) => consumer.settled(position)));
  }

  /** One entry for each group, in the order of {@link consume}; none before the start. */
  async stats(): Promise<readonly LaggingGroupStats[]> {
    if (this.consumers.length === 0) return [];
    const head = ordinalOf(await this.eventStore.head());
    return this.consumers.map((consumer) => {
      const stats = consumer.stats();
      const behind = Math.max(0, head - (stats.position ? ordinalOf(stats.position) : 0));
      return { ...stats, lag: behind + stats.heldEvents };
    });
  }

  private async startConsumers(): Promise<void> {
    try {
      for (const group of this.groups.values()) {
        const key = `bus/groups/${group.name}`;
        const checkpoint = (await this.readStore.getValue(key)) as GroupCheckpoint | undefined;
        const consumer: GroupConsumer = new GroupConsumer(group, this.publications, this.eventStore, {
          ...this.options,
          onProgress: () => this.checkpoints.mark(key, () => consumer.checkpoint()),
        });
        consumer.start(checkpoint);
        this.consumers.push(consumer);
      }
    } catch (error) {
      await this.stopAll(0);
      this.starting = undefined;
      throw error;
    }
  }

  private async stopConsumers(starting: Promise<void>, graceMs: number): Promise<void> {
    await starting.catch(() => undefined);
    await this.stopAll(graceMs);
  }

  private async stopAll(graceMs: number): Promise<void> {
    await Promise.all(this.consumers.map((consumer) => consumer.stop(graceMs)));
    this.consumers = [];
    await this.checkpoints.flush();
  }

  private refuseWhenStarted(): void {
    if (this.starting) throw new Error('the bus was started: publications and consumer groups come before');
  }
}

/** Positions of the embedded store have no gaps: their difference is a number of events. */
function ordinalOf(position: Position): number {
  return Number(parsePosition(position)?.ordinal ?? 0n);
}
