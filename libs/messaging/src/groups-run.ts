import type { EventStore, Position } from '@souk/event-sourcing';
import type { ReadStore } from '@souk/read-store';
import { backOff } from './back-off';
import type { RunOptions } from './bus-options';
import type { GroupStats } from './bus-stats';
import { CheckpointWriter } from './checkpoint-writer';
import type { MessageForms } from './delivery';
import type { ConsumerGroup } from './event-bus.port';
import { GroupConsumer } from './group-consumer';
import type { GroupCheckpoint, GroupSource, Place } from './group-source';
import type { ParkingDecided } from './parking/group-parking';
import { decisionTypes, type ParkingLedger } from './parking/parking-ledger';
import { ResilientSubscription } from './resilient-subscription';

/** What the groups of one bus stand on. */
export interface GroupsWorld {
  /** Where decisions about parked messages are recorded. */
  readonly store: EventStore;
  /** Keeps the checkpoints, under {@link GroupsWorld.keyOf}. */
  readonly values: ReadStore;
  readonly ledger: ParkingLedger;
  readonly forms: MessageForms;
  /** `bus/groups/<name>` */
  readonly keyOf: (group: string) => string;
  /** @throws PositionGone when the place belongs to another generation of the event store */
  readonly sourceOf: (group: ConsumerGroup, place: Place | undefined) => GroupSource;
}

/** All consumer groups of a process, from a start to a stop. */
export class GroupsRun {
  private readonly checkpoints: CheckpointWriter;
  private consumers: { readonly group: string; readonly consumer: GroupConsumer }[] = [];
  private decisions: ResilientSubscription | undefined;

  constructor(
    private readonly world: GroupsWorld,
    private readonly options: RunOptions,
  ) {
    this.checkpoints = new CheckpointWriter(world.values, options.timers, options.checkpointPauseMs, (error) =>
      options.onTrouble({ what: 'checkpoint', error }),
    );
  }

  /** What failed to start is stopped. @throws PositionGone when the event store is another one than that of the checkpoints */
  async start(groups: readonly ConsumerGroup[]): Promise<void> {
    try {
      const { after, lanes } = await this.world.ledger.load(groups.map(({ name }) => name));
      for (const group of groups) {
        const key = this.world.keyOf(group.name);
        const checkpoint = (await this.world.values.getValue(key)) as GroupCheckpoint | undefined;
        const source = this.world.sourceOf(group, checkpoint);
        const value = (): GroupCheckpoint => consumer.checkpoint();
        const written = (kept: GroupCheckpoint): void => consumer.kept(kept);
        const consumer: GroupConsumer = new GroupConsumer(group, source, this.world.forms, this.world.ledger, {
          ...this.options,
          onProgress: () => this.checkpoints.mark(key, value, written),
          persist: () => this.checkpoints.persist(key, value, written),
        });
        consumer.start(checkpoint, lanes.get(group.name) ?? []);
        this.consumers.push({ group: group.name, consumer });
      }
      this.followDecisions(after);
    } catch (error) {
      await this.stop(0);
      throw error;
    }
  }

  async stop(graceMs: number): Promise<void> {
    await Promise.all([this.decisions?.close(), ...this.consumers.map(({ consumer }) => consumer.stop(graceMs))]);
    this.decisions = undefined;
    this.consumers = [];
    await this.checkpoints.flush();
  }

  /** @see EventBus.settled */
  async settled(position: Position): Promise<void> {
    await Promise.all(this.consumers.map(({ consumer }) => consumer.settled(position)));
  }

  /** @see EventBus.waitingBehind */
  async waitingBehind(group: string, subject: string, revision: number, atMost: number): Promise<number> {
    const running = this.consumers.find((one) => one.group === group);
    return (await running?.consumer.waitingBehind(subject, revision, atMost)) ?? 0;
  }

  async stats(): Promise<readonly GroupStats[]> {
    const stats = await Promise.all(this.consumers.map(({ consumer }) => consumer.stats()));
    return this.decisions?.broken ? stats.map((group) => ({ ...group, condition: 'broken' })) : stats;
  }

  private followDecisions(after: Position): void {
    const { retry, random, timers, onTrouble } = this.options;
    const decisions: ResilientSubscription = new ResilientSubscription(this.world.store, {
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
}
