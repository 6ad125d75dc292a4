import { CodedEventStore, type EventStore, type Position } from '@souk/event-sourcing';
import type { ReadModel, ReadStore } from '@souk/read-store';
import { backOff } from './back-off';
import { type BusOptions, type RunOptions, runOptionsOf } from './bus-options';
import type { GroupStats } from './bus-stats';
import { ConsumerGroups } from './consumer-groups';
import { type ConsumerGroup, EventBus, type Publication } from './event-bus.port';
import { GroupsRun, type GroupsWorld } from './groups-run';
import type { ParkedMessageDoc } from './parking/parked-messages.projection';
import { ParkingLedger } from './parking/parking-ledger';
import { Publications } from './publications';
import { StoreSource } from './store-source';

export type InProcessBusOptions = BusOptions;

/**
 * The bus of the embedded shape: each consumer group is a durable catch-up subscription on the event store, for the types that are
 * published by the services it listens to. A group that is new begins with the first event ever.
 *
 * What a group has acknowledged is one small value in the read store: a position, and the few subjects that hang behind it. It is
 * written soon after the acknowledgement, not with it: a process that is killed may handle the messages of its last moments again; one
 * that is stopped repeats none. What is parked is not in it: see {@link ParkingLedger}.
 */
export class InProcessBus extends EventBus {
  private readonly publications = new Publications();
  private readonly groups = new ConsumerGroups();
  private readonly world: GroupsWorld;
  private readonly options: RunOptions;
  private run: GroupsRun | undefined;
  private starting: Promise<void> | undefined;
  private stopping: Promise<void> | undefined;

  /**
   * @param eventStore as it lies, where there is a codec
   * @param readStore keeps the checkpoints, under `bus/groups/<name>`
   * @param parked the read model of `parkedMessagesProjection`, kept by somebody else
   */
  constructor(
    eventStore: EventStore,
    readStore: ReadStore,
    parked: ReadModel<ParkedMessageDoc>,
    options: InProcessBusOptions = {},
  ) {
    super();
    this.options = runOptionsOf(options);
    const { timers, retry, random } = this.options;
    const sourceOptions = { timers, pause: (failures: number) => backOff(retry, failures, random()) };
    this.world = {
      store: eventStore,
      values: readStore,
      ledger: new ParkingLedger(options.codec ? new CodedEventStore(eventStore, options.codec) : eventStore, parked),
      forms: this.publications,
      keyOf: (group) => `bus/groups/${group}`,
      sourceOf: (_group, place) => new StoreSource(eventStore, place, sourceOptions),
    };
  }

  override publish(publication: Publication): void {
    this.refuseWhenStarted();
    this.publications.add(publication);
  }

  /** @throws Error for a name that is taken, or not lower-kebab-case */
  override consume(group: ConsumerGroup): void {
    this.refuseWhenStarted();
    this.groups.add(group);
  }

  /** Once, however often it is called. @throws PositionGone when the event store is another one than that of the checkpoints */
  override async start(): Promise<void> {
    await this.stopping;
    this.starting ??= this.begin();
    await this.starting;
  }

  /** Once, however often it is called. All that was acknowledged is durable then, unless the read store refuses it. Default: 1,500 ms. */
  override async stop(graceMs = 1_500): Promise<void> {
    if (!this.starting) return;
    this.stopping ??= this.end(this.starting, graceMs).finally(() => {
      this.starting = undefined;
      this.stopping = undefined;
    });
    await this.stopping;
  }

  /** @throws Error when the bus is not running, or is stopped meanwhile */
  override async settled(position: Position): Promise<void> {
    if (!this.starting) throw new Error('the bus is not running');
    await this.starting;
    await this.run?.settled(position);
  }

  override async waitingBehind(group: string, subject: string, revision: number, atMost: number): Promise<number> {
    return (await this.run?.waitingBehind(group, subject, revision, atMost)) ?? 0;
  }

  override async stats(): Promise<readonly GroupStats[]> {
    return (await this.run?.stats()) ?? [];
  }

  private async begin(): Promise<void> {
    this.run = new GroupsRun(this.world, this.options);
    try {
      await this.run.start(this.groups.all());
    } catch (error) {
      this.run = undefined;
      this.starting = undefined;
      throw error;
    }
  }

  private async end(starting: Promise<void>, graceMs: number): Promise<void> {
    await starting.catch(() => undefined);
    await this.run?.stop(graceMs);
    this.run = undefined;
  }

  private refuseWhenStarted(): void {
    if (this.starting) throw new Error('the bus was started: publications and consumer groups come before');
  }
}
