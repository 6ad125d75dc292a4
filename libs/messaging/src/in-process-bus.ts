import { CodedEventStore, type EventStore, type Position } from '@souk/event-sourcing';
import type { ReadModel, ReadStore } from '@souk/read-store';
import { backOff } from './back-off';
import { type BusOptions, type RunOptions, runOptionsOf } from './bus-options';
import type { GroupStats } from './bus-stats';
import { GroupsRun, type GroupsWorld } from './groups-run';
import type { ParkedMessageDoc } from './parking/parked-messages.projection';
import { ParkingLedger } from './parking/parking-ledger';
import { StartableBus } from './startable-bus';
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
export class InProcessBus extends StartableBus {
  private readonly world: GroupsWorld;
  private readonly options: RunOptions;
  private run: GroupsRun | undefined;

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

  /** @throws Error when the bus is not running, or is stopped meanwhile */
  override async settled(position: Position): Promise<void> {
    await this.started();
    await this.run?.settled(position);
  }

  override async waitingBehind(group: string, subject: string, revision: number, atMost: number): Promise<number> {
    return (await this.run?.waitingBehind(group, subject, revision, atMost)) ?? 0;
  }

  override async stats(): Promise<readonly GroupStats[]> {
    return (await this.run?.stats()) ?? [];
  }

  protected override async begin(): Promise<void> {
    this.run = new GroupsRun(this.world, this.options);
    try {
      await this.run.start(this.groups.all());
    } catch (error) {
      this.run = undefined;
      throw error;
    }
  }

  protected override async end(graceMs: number): Promise<void> {
    await this.run?.stop(graceMs);
    this.run = undefined;
  }
}
