import type { EventStore, Position } from '@souk/event-sourcing';
import type { ReadStore } from '@souk/read-store';
import { backOff, type RetryOptions } from '../back-off';
import type { RunOptions } from '../bus-options';
import type { GroupStats } from '../bus-stats';
import { CheckpointWriter } from '../checkpoint-writer';
import { serviceOf } from '../cloud-event';
import type { ConsumerGroup } from '../event-bus.port';
import { GroupsRun } from '../groups-run';
import type { Place as KeptPlace } from '../group-source';
import type { ParkingLedger } from '../parking/parking-ledger';
import type { PublicHistory } from '../public-history.port';
import type { Publications } from '../publications';
import type { Broker } from './broker';
import { JetStreamSource, keyOf } from './jetstream-source';
import { publicMessages } from './public-messages';
import { Relay, relayKeyOf } from './relay';
import type { RelayPlace } from './relay-place';
import { generationOf, type Names } from './wire';

/** What a run stands on. */
export interface JetStreamWorld {
  readonly broker: Broker;
  readonly names: Names;
  /** As it lies, where there is a codec. */
  readonly store: EventStore;
  readonly values: ReadStore;
  readonly ledger: ParkingLedger;
  readonly publications: Publications;
  readonly history: PublicHistory;
  /** Messages on their way to the broker, at most. */
  readonly window: number;
}

/** What a relay has behind it is written this many times less often than what groups have. */
const LESS_OFTEN = 10;
/** How long it may take until a broker that is there again is noticed, in milliseconds. */
export const LONGEST_PAUSE = 1_000;

/** The relays and groups of one process, for as long as it is the one that works. */
export class JetStreamRun {
  private readonly checkpoints: CheckpointWriter;
  private readonly relays: readonly Relay[];
  private groups: GroupsRun | undefined;

  constructor(
    private readonly world: JetStreamWorld,
    private readonly options: RunOptions,
  ) {
    const { timers, checkpointPauseMs, onTrouble, codec } = options;
    this.checkpoints = new CheckpointWriter(world.values, timers, checkpointPauseMs * LESS_OFTEN, (error) =>
      onTrouble({ what: 'checkpoint', error }),
    );
    const pause = pausesOf(options);
    this.relays = world.publications.services.map(
      (service) => new Relay(world.broker, { ...world, service, codec, timers, pause, onTrouble, checkpoints: this.checkpoints }),
    );
  }

  /** @throws PositionGone when the event store is another one than that of the checkpoints */
  async start(groups: readonly ConsumerGroup[]): Promise<void> {
    const { values, store } = this.world;
    try {
      const generation = generationOf(await store.head());
      for (const relay of this.relays)
        await relay.start((await values.getValue(relayKeyOf(relay.service))) as RelayPlace | undefined);
      this.groups = new GroupsRun(
        {
          ...this.world,
          forms: publicMessages,
          keyOf: (group) => `bus/jetstream/groups/${group}`,
          sourceOf: (group, place) => this.sourceOf(group, place, generation),
        },
        this.options,
      );
      await this.groups.start(groups);
    } catch (error) {
      await this.stop(0);
      throw error;
    }
  }

  async stop(graceMs: number): Promise<void> {
    await this.groups?.stop(graceMs);
    await Promise.all(this.relays.map((relay) => relay.close()));
    await this.checkpoints.flush();
  }

  async settled(position: Position): Promise<void> {
    await this.told(position);
    await this.groups?.settled(position);
  }

  /** Of the groups; and of those relays that do not tell, under `relay/<service>`. */
  async stats(): Promise<readonly GroupStats[]> {
    const standing = this.relays.filter(({ condition }) => condition !== 'running');
    return [...((await this.groups?.stats()) ?? []), ...(await Promise.all(standing.map((relay) => statsOf(relay))))];
  }

  private sourceOf({ name, handlers }: ConsumerGroup, place: KeptPlace | undefined, generation: string): JetStreamSource {
    const [one] = Object.values((place?.['last'] ?? {}) as Record<string, string>);
    if (one !== undefined) this.world.store.parsePosition(one);
    const { names, history } = this.world;
    const { timers } = this.options;
    const told = (position: Position): Promise<ReadonlyMap<string, Position>> => this.told(position);
    return new JetStreamSource(this.world.broker, place, generation, {
      names,
      group: name,
      services: new Set([...handlers.keys()].map(serviceOf)),
      history,
      timers,
      pause: pausesOf(this.options),
      told,
    });
  }

  /** @returns by service and partition: the last message */
  private async told(position: Position): Promise<ReadonlyMap<string, Position>> {
    const told = await Promise.all(
      this.relays.map(async (relay) =>
        [...(await relay.told(position))].map(([partition, last]) => [keyOf(relay.service, partition), last] as const),
      ),
    );
    return new Map(told.flat());
  }
}

/** Pauses before attempts to reach the broker: short, so that everything flows soon after it is back. */
export function pausesOf({ retry, random }: { readonly retry: RetryOptions; readonly random: () => number }) {
  return (failures: number): number => backOff({ ...retry, maxMs: Math.min(retry.maxMs, LONGEST_PAUSE) }, failures, random());
}

async function statsOf(relay: Relay): Promise<GroupStats> {
  return {
    group: `relay/${relay.service}`,
    condition: relay.condition,
    position: relay.placeOfNow().upTo || undefined,
    lag: await relay.behind(),
    heldSubjects: 0,
    heldEvents: 0,
    parkedSubjects: 0,
    retryingSubjects: 0,
    deliveries: { handled: 0, failed: 0, parked: 0 },
  };
}
