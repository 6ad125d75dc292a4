import type { Position, RecordedEvent } from '@souk/event-sourcing';
import { failpoint } from '@souk/failpoints';
import { type DeliveryOutcome, type GroupCondition, type GroupStats, heldStatsOf } from './bus-stats';
import { Delivery, type DeliveryOptions, type MessageForms } from './delivery';
import type { ConsumerGroup } from './event-bus.port';
import { FailedDeliveries, type FailureOptions } from './failed-deliveries';
import type { GroupCheckpoint, GroupReceiver, GroupSource } from './group-source';
import { GroupParking, type ParkingDecided } from './parking/group-parking';
import type { ParkedLane } from './parking/parked-subjects';
import type { ParkingLedger } from './parking/parking-ledger';
import { Signal } from './signal';
import { StallWatch } from './stall-watch';
import { type Lane, type LaneLimits, SubjectLanes } from './subject-lanes';

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
/** Events of a stream that are looked at together when messages are counted. */
const PAGE = 256;

/** One run of one group, from start to stop: deals the events of its source out to lanes, one for each subject. */
export class GroupConsumer implements GroupReceiver {
  private readonly lanes: SubjectLanes;
  private readonly delivery: Delivery;
  private readonly parking: GroupParking;
  private readonly watch: StallWatch;
  private readonly ready: Lane[] = [];
  private readonly failed: FailedDeliveries;
  private readonly changed = new Signal();
  private readonly deliveries: Record<DeliveryOutcome, number> = { handled: 0, failed: 0, parked: 0 };
  private passed = 0;
  private running = 0;
  private state: 'running' | 'stopping' | 'stopped' = 'running';

  constructor(
    private readonly group: ConsumerGroup,
    private readonly source: GroupSource,
    forms: MessageForms,
    ledger: ParkingLedger,
    private readonly options: GroupOptions,
  ) {
    this.lanes = new SubjectLanes(options.limits);
    this.delivery = new Delivery(group, forms, options);
    this.parking = new GroupParking(group.name, this.lanes, ledger);
    this.failed = new FailedDeliveries(this.group.name, this.lanes, this.delivery, this.parking, {
      ...options,
      resume: (lane) => {
        if (lane) this.ready.push(lane);
        this.work();
      },
      count: (outcome) => this.deliveries[outcome]++,
    });
    this.watch = new StallWatch(
      options.timers,
      () => this.progress(),
      () => options.onTrouble({ what: 'stall', group: group.name, error: new Error('nothing moves') }),
    );
  }

  /** Private or public types, as the source has them. */
  get types(): readonly string[] {
    return this.delivery.types;
  }

  start(checkpoint: GroupCheckpoint | undefined, parked: readonly ParkedLane[]): void {
    this.lanes.restore(this.parking.restore(parked, checkpoint?.held ?? [], (message) => this.source.hasShown(message)));
    this.ready.push(...this.lanes);
    if (this.delivery.types.length > 0) {
      this.source.start(this);
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
    await this.source.close();
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
    return { ...this.source.place(), held: [...this.lanes.held(), ...this.parking.held()] };
  }

  /** That checkpoint is durable. */
  kept(checkpoint: GroupCheckpoint): void {
    this.source.kept(checkpoint);
  }

  /** An operator has decided about a parked message, perhaps of another group. */
  decided(decision: ParkingDecided): void {
    if (this.state === 'running' && this.parking.decided(decision)) this.work();
  }

  /** @see EventBus.settled */
  async settled(position: Position): Promise<void> {
    if (this.delivery.types.length === 0) return;
    await this.until(await this.source.reached(position));
    const open = [...this.lanes].map((lane) => ({ lane, seen: lane.seen }));
    let settled = 0;
    await this.until(() => {
      while (settled < open.length && (open[settled]!.lane.next > open[settled]!.seen || open[settled]!.lane.failure)) settled++;
      return settled === open.length;
    });
  }

  /** @see EventBus.waitingBehind */
  async waitingBehind(subject: string, revision: number, atMost: number): Promise<number> {
    return messagesBehind(this.source, this.delivery, { subject, revision, atMost });
  }

  async stats(): Promise<GroupStats> {
    const behind = await this.source.behind();
    const held = heldStatsOf(this.lanes);
    return {
      group: this.group.name,
      condition: this.condition(),
      position: this.source.position,
      lag: behind + held.heldEvents,
      ...held,
      parkedSubjects: this.parking.size,
      deliveries: { ...this.deliveries },
    };
  }

  private condition(): GroupCondition {
    if (this.source.broken) return 'broken';
    return this.watch.stalled ? 'stalled' : 'running';
  }

  /** What moves while there is something to do. */
  private async progress(): Promise<string | undefined> {
    const progress = await this.source.progress();
    return progress === undefined ? undefined : `${progress} ${this.deliveries.handled}`;
  }

  take(event: RecordedEvent, passed: () => void): Promise<void> | void {
    if (this.state !== 'running') return;
    if (this.lanes.full) return this.whenThereIsRoom().then(() => this.take(event, passed));
    const concerns = this.delivery.concerns(event);
    if (concerns instanceof Promise) return concerns.then((isOurs) => this.takeIn(event, isOurs, passed));
    this.takeIn(event, concerns, passed);
  }

  passedBy(events: number): void {
    this.changed.notify();
    this.passBy(events);
  }

  trouble(error: unknown): void {
    if (this.state === 'running') this.options.onTrouble({ what: 'subscription', group: this.group.name, error });
  }

  private async whenThereIsRoom(): Promise<void> {
    await this.changed.until(() => this.state !== 'running' || !this.lanes.full);
  }

  /** Without a pause: a lane must not be parked between the question and the answer. */
  private takeIn(event: RecordedEvent, isOurs: boolean, passed: () => void): void {
    if (this.state !== 'running') return;
    if (isOurs && !this.parking.takes(event)) {
      failpoint('bus.before-publish');
      const opened = this.lanes.take(event);
      if (opened) this.ready.push(opened);
    } else this.passBy(1);
    passed();
    this.changed.notify();
    this.work();
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
    const { events: read, upTo } = await this.source.read(lane.subject, lane.next, maxCount);
    const events: RecordedEvent[] = [];
    for (const event of read) if (await this.delivery.concerns(event)) events.push(event);
    if (this.state !== 'stopped') this.lanes.refill(lane, events, upTo ?? seen);
  }

  /** Else a process that ends now would take up again, from an older checkpoint, what is neither parked nor to be done. */
  private async release(lane: Lane): Promise<void> {
    await this.options.persist();
    await this.parking.release(lane);
  }

  private async reopen(parked: ParkedLane): Promise<void> {
    try {
      const lastShown = await this.source.lastShown(parked, parked.from);
      if (this.state !== 'stopped') this.ready.push(this.parking.reopen(parked, lastShown));
    } catch (error) {
      this.options.onTrouble({ what: 'parking', group: this.group.name, error });
      this.failed.later(parked, 1, () => this.parking.putBack(parked));
    }
  }

  private async until(condition: () => boolean): Promise<void> {
    await this.changed.until(() => this.state !== 'running' || condition());
    if (!condition()) throw new Error(`the bus was stopped before group "${this.group.name}" had settled`);
  }
}

/** How many messages of a subject there are for a group after this revision, counted up to `atMost`. */
export async function messagesBehind(
  source: Pick<GroupSource, 'read'>,
  delivery: Delivery,
  { subject, revision, atMost }: { readonly subject: string; readonly revision: number; readonly atMost: number },
): Promise<number> {
  let count = 0;
  for (let from = revision + 1; count < atMost;) {
    const { events, upTo } = await source.read(subject, from, PAGE);
    for (const event of events) if (await delivery.concerns(event)) count++;
    if (upTo === undefined) break;
    from = upTo + 1;
  }
  return Math.min(count, atMost);
}
