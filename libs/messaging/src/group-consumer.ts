import { comparePositions, type EventStore, type Position, type RecordedEvent } from '@souk/event-sourcing';
import { failpoint } from '@souk/failpoints';
import { backOff } from './back-off';
import { type DeliveryOutcome, type GroupCondition, type GroupStats, heldStatsOf } from './bus-stats';
import { Delivery, type DeliveryOptions } from './delivery';
import type { ConsumerGroup } from './event-bus.port';
import { FailedDeliveries, type FailureOptions } from './failed-deliveries';
import { GroupParking, type ParkingDecided } from './parking/group-parking';
import type { ParkedLane } from './parking/parked-subjects';
import type { ParkingLedger } from './parking/parking-ledger';
import type { Publications } from './publications';
import { ResilientSubscription } from './resilient-subscription';
import { Signal } from './signal';
import { StallWatch } from './stall-watch';
import { type HeldSubject, type Lane, type LaneLimits, SubjectLanes } from './subject-lanes';

/**
 * What a group has behind it: everything up to `position` is acknowledged, except the events of held subjects from `next` to `seen`,
 * and what is parked.
 */
export interface GroupCheckpoint {
  readonly position: Position | null;
  readonly held: readonly HeldSubject[];
}

export interface GroupOptions extends DeliveryOptions, FailureOptions {
  /** Handlers at work at the same time, each for another subject. */
  readonly concurrency: number;
  readonly limits: LaneLimits;
  /** Something was acknowledged: the checkpoint is worth keeping. */
  readonly onProgress: () => void;
  /** Fulfilled when the checkpoint as of now is kept. */
  readonly persist: () => Promise<void>;
}

/** Events without interest that may pass by before the checkpoint is worth writing for their sake. */
const PASSED_WORTH_KEEPING = 256;
/** A checkpoint of the subscription counts as so many: live, one comes every few milliseconds while anything at all is appended. */
const PASSED_AT_A_CHECKPOINT = 16;

/** One run of one group, from start to stop: a catch-up subscription that deals its events out to lanes, one for each subject. */
export class GroupConsumer {
  private readonly lanes: SubjectLanes;
  private readonly delivery: Delivery;
  private readonly parking: GroupParking;
  private readonly watch: StallWatch;
  private readonly ready: Lane[] = [];
  private readonly failed: FailedDeliveries;
  private readonly changed = new Signal();
  private readonly deliveries: Record<DeliveryOutcome, number> = { handled: 0, failed: 0, parked: 0 };
  private subscription: ResilientSubscription;
  private passed = 0;
  private running = 0;
  private state: 'running' | 'stopping' | 'stopped' = 'running';

  constructor(
    private readonly group: ConsumerGroup,
    publications: Publications,
    private readonly store: EventStore,
    ledger: ParkingLedger,
    private readonly options: GroupOptions,
  ) {
    this.lanes = new SubjectLanes(options.limits);
    this.delivery = new Delivery(group, publications, options);
    this.parking = new GroupParking(group.name, this.lanes, ledger, store);
    this.failed = new FailedDeliveries(this.group.name, this.lanes, this.delivery, this.parking, {
      ...options,
      resume: (lane) => {
        if (lane) this.ready.push(lane);
        this.work();
      },
      count: (outcome) => this.deliveries[outcome]++,
    });
    this.subscription = this.subscriptionAfter(undefined);
    this.watch = new StallWatch(
      options.timers,
      () => this.progress(),
      () => options.onTrouble({ what: 'stall', group: group.name, error: new Error('nothing moves') }),
    );
  }

  /** @throws PositionGone when the checkpoint belongs to another generation of the store */
  start(checkpoint: GroupCheckpoint | undefined, parked: readonly ParkedLane[]): void {
    if (checkpoint?.position) this.subscription = this.subscriptionAfter(this.store.parsePosition(checkpoint.position));
    const hasSeen = (position: Position): boolean => this.subscription.hasSeen(position);
    this.lanes.restore(this.parking.restore(parked, checkpoint?.held ?? [], hasSeen));
    this.ready.push(...this.lanes);
    if (this.delivery.types.length > 0) {
      this.subscription.start();
      this.watch.start();
    }
    this.work();
  }

  /** Begins nothing new, and lets what runs come to its end for at most `graceMs`. What ends later counts as not handled. */
  async stop(graceMs: number): Promise<void> {
    this.state = 'stopping';
    this.watch.stop();
    this.failed.stop();
    this.changed.notify();
    await this.subscription.close();
    let expired = false;
    const cancelGrace = this.options.timers.after(graceMs, () => {
      expired = true;
      this.changed.notify();
    });
    await this.changed.until(() => expired || this.running === 0);
    cancelGrace();
    if (this.passed > 0) this.options.onProgress();
    this.state = 'stopped';
    this.failed.forget();
  }

  checkpoint(): GroupCheckpoint {
    return { position: this.subscription.position ?? null, held: [...this.lanes.held(), ...this.parking.held()] };
  }

  /** An operator has decided about a parked message, perhaps of another group. */
  decided(decision: ParkingDecided): void {
    if (this.state === 'running' && this.parking.decided(decision)) this.work();
  }

  /** @see EventBus.settled */
  async settled(position: Position): Promise<void> {
    if (this.delivery.types.length === 0) return;
    const last = await this.lastUpTo(position);
    if (last) await this.until(() => this.subscription.hasSeen(last));
    const open = [...this.lanes].map((lane) => ({ lane, seen: lane.seen }));
    let settled = 0;
    await this.until(() => {
      while (settled < open.length && (open[settled]!.lane.next > open[settled]!.seen || open[settled]!.lane.failure)) settled++;
      return settled === open.length;
    });
  }

  /** @see EventBus.waitingBehind */
  async waitingBehind(subject: string, revision: number, atMost: number): Promise<number> {
    let count = 0;
    for await (const event of this.store.readStream(subject, { from: revision + 1 })) {
      if (await this.delivery.concerns(event)) count++;
      if (count >= atMost) break;
    }
    return count;
  }

  /** @param head how far the store is, in events, and how far a position is */
  stats(head: number, ordinalOf: (position: Position) => number): GroupStats {
    const { position } = this.subscription;
    const behind = Math.max(0, head - (position ? ordinalOf(position) : 0));
    const held = heldStatsOf(this.lanes);
    return {
      group: this.group.name,
      condition: this.condition(),
      position,
      lag: behind + held.heldEvents,
      ...held,
      parkedSubjects: this.parking.size,
      deliveries: { ...this.deliveries },
    };
  }

  private condition(): GroupCondition {
    if (this.subscription.broken) return 'broken';
    return this.watch.stalled ? 'stalled' : 'running';
  }

  /** What moves while the group is behind; it is not, where the subscription has come to the end of the store. */
  private async progress(): Promise<string | undefined> {
    if (this.subscription.hasSeen(await this.store.head())) return undefined;
    return `${this.subscription.position ?? ''} ${this.deliveries.handled}`;
  }

  private subscriptionAfter(after: Position | undefined): ResilientSubscription {
    const { timers, retry, random } = this.options;
    return new ResilientSubscription(this.store, {
      types: this.delivery.types,
      after,
      timers,
      pause: (failures) => backOff(retry, failures, random()),
      onEvents: (events) => this.takeIn(events),
      onPassed: () => {
        this.changed.notify();
        this.passBy(PASSED_AT_A_CHECKPOINT);
      },
      onTrouble: (error) => {
        if (this.state === 'running') this.options.onTrouble({ what: 'subscription', group: this.group.name, error });
      },
    });
  }

  private async takeIn(events: readonly RecordedEvent[]): Promise<void> {
    for (const event of events) {
      if (this.lanes.full) await this.changed.until(() => this.state !== 'running' || !this.lanes.full);
      const concerns = this.delivery.concerns(event);
      const isOurs = concerns instanceof Promise ? await concerns : concerns;
      if (this.state !== 'running') return;
      // From here on without a pause: a lane must not be parked between the question and the answer.
      if (isOurs && !this.parking.takes(event)) {
        failpoint('bus.before-publish');
        const opened = this.lanes.take(event);
        if (opened) this.ready.push(opened);
      } else this.passBy(1);
      this.subscription.moveTo(event.position);
      this.changed.notify();
      this.work();
    }
  }

  /** Where events only pass by, the checkpoint is written now and then: without it they would pass by again, no more. */
  private passBy(events: number): void {
    this.passed += events;
    if (this.passed < PASSED_WORTH_KEEPING) return;
    this.passed = 0;
    this.options.onProgress();
  }

  private work(): void {
    while (this.state === 'running' && this.running < this.options.concurrency) {
      const lane = this.ready.shift();
      const due = lane ?? this.nextDue();
      if (!due) return;
      void this.step(lane ? () => this.advance(lane) : () => this.reopen(due as ParkedLane));
    }
  }

  /** What was parked goes on beside the rest: it gets half of the room. */
  private nextDue(): ParkedLane | undefined {
    return this.lanes.released < this.options.limits.subjects / 2 ? this.parking.nextDue() : undefined;
  }

  private async step(work: () => Promise<void>): Promise<void> {
    this.running++;
    try {
      await work();
    } finally {
      this.running--;
      this.work();
      this.changed.notify();
    }
  }

  /** One step of a lane: its first event, or the next ones from its stream; or its end, where that is to be recorded. */
  private async advance(lane: Lane): Promise<void> {
    const [event] = lane.buffer;
    try {
      if (event) await this.delivery.deliver(event, lane);
      else if (lane.more) await this.refill(lane);
      else await this.release(lane);
      if (this.state === 'stopped') return;
      if (event) this.acknowledge(lane);
      failpoint('bus.after-ack');
      this.options.onProgress();
      if (this.lanes.has(lane)) this.ready.push(lane);
    } catch (error) {
      if (this.state === 'stopped') return;
      await this.failed.handle(lane, event, error);
      if (!this.lanes.has(lane)) this.options.onProgress();
    }
  }

  private acknowledge(lane: Lane): void {
    this.deliveries.handled++;
    this.lanes.acknowledge(lane);
  }

  private async refill(lane: Lane): Promise<void> {
    const seen = lane.seen;
    const maxCount = Math.min(this.options.limits.eventsPerSubject, seen - lane.next + 1);
    const events: RecordedEvent[] = [];
    let upTo: number | undefined;
    for await (const event of this.store.readStream(lane.subject, { from: lane.next, maxCount })) {
      upTo = event.revision;
      if (await this.delivery.concerns(event)) events.push(event);
    }
    if (this.state !== 'stopped') this.lanes.refill(lane, events, upTo ?? seen);
  }

  /** Else a process that ends now would take up again, from an older checkpoint, what is neither parked nor to be done. */
  private async release(lane: Lane): Promise<void> {
    await this.options.persist();
    await this.parking.release(lane);
  }

  private async reopen(parked: ParkedLane): Promise<void> {
    try {
      const lastShown = await this.parking.lastShown(parked, this.subscription.position!);
      if (this.state !== 'stopped') this.ready.push(this.parking.reopen(parked, lastShown));
    } catch (error) {
      this.options.onTrouble({ what: 'parking', group: this.group.name, error });
      this.failed.later(parked, 1, () => this.parking.putBack(parked));
    }
  }

  /** The last event up to this position that passes the subscription's filter, where it was not seen yet. */
  private async lastUpTo(position: Position): Promise<Position | undefined> {
    if (this.subscription.hasSeen(position)) return undefined;
    const backwards = this.store.readAll({ direction: 'backwards', filter: { types: this.delivery.types } });
    for await (const event of backwards) if (comparePositions(event.position, position) <= 0) return event.position;
    return undefined;
  }

  private async until(condition: () => boolean): Promise<void> {
    await this.changed.until(() => this.state !== 'running' || condition());
    if (!condition()) throw new Error(`the bus was stopped before group "${this.group.name}" had settled`);
  }
}
