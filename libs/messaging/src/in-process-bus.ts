import { CodedEventStore, type EventCodec, type EventStore, ordinalOf, type Position } from '@souk/event-sourcing';
import type { ReadModel, ReadStore } from '@souk/read-store';
import { backOff, type RetryOptions } from './back-off';
import type { BusTrouble, DeliveryFailure, GroupStats } from './bus-stats';
import { CheckpointWriter } from './checkpoint-writer';
import { type ConsumerGroup, EventBus, type Publication } from './event-bus.port';
import { type GroupCheckpoint, GroupConsumer, type GroupOptions } from './group-consumer';
import type { ParkingDecided } from './parking/group-parking';
import type { ParkedMessageDoc } from './parking/parked-messages.projection';
import { decisionTypes, ParkingLedger } from './parking/parking-ledger';
import { Publications } from './publications';
import { ResilientSubscription } from './resilient-subscription';
import type { LaneLimits } from './subject-lanes';
import { systemTimers, type Timers } from './timers';

export interface InProcessBusOptions {
  /** How events in the store are read, and facts written; without it, as they are. An event that it cannot read is a message that fails. */
  readonly codec?: EventCodec;
  /** Default: 100 ms, four times as long each time, at most 30 s: five attempts take some eight seconds. */
  readonly retry?: Partial<RetryOptions>;
  /** Attempts after which a message is parked; those that failed for a transient reason are not counted. Default: 5. */
  readonly maxAttempts?: number;
  /** A handler that takes longer has failed, in milliseconds. It is not stopped. Default: 60,000. */
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
  readonly now?: () => Date;
  /** A message failed, for logs and metrics. Must not throw. */
  readonly onFailure?: (failure: DeliveryFailure) => void;
  /** A subscription ended or a checkpoint could not be written, for logs and metrics. Must not throw. */
  readonly onTrouble?: (trouble: BusTrouble) => void;
}

/**
 * The bus of the embedded shape: each consumer group is a durable catch-up subscription on the event store, for the types that are
 * published by the services it listens to. A group that is new begins with the first event ever.
 *
 * What a group has acknowledged is one small value in the read store: a position, and the few subjects that hang behind it
 * ({@link GroupCheckpoint}). It is written soon after the acknowledgement, not with it: a process that is killed may handle
 * the messages of its last moments again; one that is stopped repeats none. What is parked is not in it: see {@link ParkingLedger}.
 */
export class InProcessBus extends EventBus {
  private readonly publications = new Publications();
  private readonly groups = new Map<string, ConsumerGroup>();
  private readonly options: Omit<GroupOptions, 'onProgress' | 'persist'>;
  private readonly checkpoints: CheckpointWriter;
  private readonly ledger: ParkingLedger;
  private consumers: { readonly group: string; readonly consumer: GroupConsumer }[] = [];
  private decisions: ResilientSubscription | undefined;
  private starting: Promise<void> | undefined;
  private stopping: Promise<void> | undefined;

  /**
   * @param eventStore as it lies, where there is a codec
   * @param readStore keeps the checkpoints, under `bus/groups/<name>`
   * @param parked the read model of `parkedMessagesProjection`, kept by somebody else
   */
  constructor(
    private readonly eventStore: EventStore,
    private readonly readStore: ReadStore,
    parked: ReadModel<ParkedMessageDoc>,
    options: InProcessBusOptions = {},
  ) {
    super();
    const onTrouble = options.onTrouble ?? (() => undefined);
    this.options = {
      codec: options.codec,
      maxAttempts: options.maxAttempts ?? 5,
      retry: { firstMs: 100, maxMs: 30_000, factor: 4, ...options.retry },
      handlerTimeoutMs: options.handlerTimeoutMs ?? 60_000,
      concurrency: options.concurrency ?? 32,
      limits: { subjects: 1_000, events: 1_000, eventsPerSubject: 64, ...options.limits },
      timers: options.timers ?? systemTimers,
      random: options.random ?? Math.random,
      now: options.now ?? (() => new Date()),
      onFailure: options.onFailure ?? (() => undefined),
      onTrouble,
    };
    this.ledger = new ParkingLedger(options.codec ? new CodedEventStore(eventStore, options.codec) : eventStore, parked);
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
    await Promise.all(this.consumers.map(({ consumer }) => consumer.settled(position)));
  }

  override async waitingBehind(group: string, subject: string, revision: number, atMost: number): Promise<number> {
    const running = this.consumers.find((one) => one.group === group);
    return (await running?.consumer.waitingBehind(subject, revision, atMost)) ?? 0;
  }

  override async stats(): Promise<readonly GroupStats[]> {
    if (this.consumers.length === 0) return [];
    const head = ordinalOf(await this.eventStore.head());
    const stats = this.consumers.map(({ consumer }) => consumer.stats(head, ordinalOf));
    return this.decisions?.broken ? stats.map((group) => ({ ...group, condition: 'broken' })) : stats;
  }

  private async startConsumers(): Promise<void> {
    try {
      const { after, lanes } = await this.ledger.load([...this.groups.keys()]);
      for (const group of this.groups.values()) {
        const key = `bus/groups/${group.name}`;
        const checkpoint = (await this.readStore.getValue(key)) as GroupCheckpoint | undefined;
        const consumer: GroupConsumer = new GroupConsumer(group, this.publications, this.eventStore, this.ledger, {
          ...this.options,
          onProgress: () => this.checkpoints.mark(key, () => consumer.checkpoint()),
          persist: () => this.checkpoints.persist(key, () => consumer.checkpoint()),
        });
        consumer.start(checkpoint, lanes.get(group.name) ?? []);
        this.consumers.push({ group: group.name, consumer });
      }
      this.followDecisions(after);
    } catch (error) {
      await this.stopAll(0);
      this.starting = undefined;
      throw error;
    }
  }

  private followDecisions(after: Position): void {
    const { retry, random, timers, onTrouble } = this.options;
    const decisions: ResilientSubscription = new ResilientSubscription(this.eventStore, {
      types: decisionTypes,
      after,
      timers,
      pause: (failures) => backOff(retry, failures, random()),
      onEvents: (events) => {
        for (const event of events) {
          for (const { consumer } of this.consumers) consumer.decided(event as unknown as ParkingDecided);
          decisions.moveTo(event.position);
        }
      },
      onTrouble: (error) => onTrouble({ what: 'subscription', error }),
    });
    this.decisions = decisions;
    decisions.start();
  }

  private async stopConsumers(starting: Promise<void>, graceMs: number): Promise<void> {
    await starting.catch(() => undefined);
    await this.stopAll(graceMs);
  }

  private async stopAll(graceMs: number): Promise<void> {
    await Promise.all([this.decisions?.close(), ...this.consumers.map(({ consumer }) => consumer.stop(graceMs))]);
    this.decisions = undefined;
    this.consumers = [];
    await this.checkpoints.flush();
  }

  private refuseWhenStarted(): void {
    if (this.starting) throw new Error('the bus was started: publications and consumer groups come before');
  }
}
