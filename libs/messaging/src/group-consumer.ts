import { comparePositions, type EventStore, type Position, type RecordedEvent, type Subscription } from '@souk/event-sourcing';
import { failpoint } from '@souk/failpoints';
import { backOff, type RetryOptions } from './back-off';
import type { ConsumerGroup } from './event-bus.port';
import type { Publications } from './publications';
import { Signal } from './signal';
import { type HeldSubject, type Lane, type LaneLimits, SubjectLanes } from './subject-lanes';
import type { Timers } from './timers';

/** What a group has behind it: everything up to `position` is acknowledged, except the events of held subjects from `next` to `seen`. */
export interface GroupCheckpoint {
  readonly position: Position | null;
  readonly held: readonly HeldSubject[];
}

/** A message that was not handled, and will be tried again. */
export interface DeliveryFailure {
  readonly group: string;
  /** The message; without id and type when its stream could not be read. */
  readonly event: { readonly subject: string; readonly revision: number; readonly id?: string; readonly type?: string };
  /** Attempts so far, from 1. */
  readonly attempt: number;
  /** What the handler threw, untouched. */
  readonly error: unknown;
  readonly retryInMs: number;
}

/** Something of the bus itself went wrong, and will be tried again. */
export interface BusTrouble {
  readonly what: 'subscription' | 'checkpoint';
  readonly group?: string;
  readonly error: unknown;
}

export interface GroupStats {
  readonly group: string;
  /** Everything up to here is acknowledged or held; `undefined` before the first event. */
  readonly position: Position | undefined;
  /** Subjects with a message that is not acknowledged. */
  readonly heldSubjects: number;
  /** Messages not acknowledged, at most: events of held subjects that the group does not handle count as well. */
  readonly heldEvents: number;
  readonly retrying: readonly RetryingSubject[];
}

export interface RetryingSubject {
  readonly subject: string;
  /** Revision of the message that is tried again. */
  readonly revision: number;
  readonly attempts: number;
  /** Message of the last error. */
  readonly error: string;
}

export interface GroupOptions {
  readonly retry: RetryOptions;
  readonly timers: Timers;
  readonly random: () => number;
  /** A handler that takes longer has failed, in milliseconds; it is not stopped. */
  readonly handlerTimeoutMs: number;
  /** Handlers at work at the same time, each for another subject. */
  readonly concurrency: number;
  readonly limits: LaneLimits;
  /** Something was acknowledged: the checkpoint is worth keeping. */
  readonly onProgress: () => void;
  readonly onFailure: (failure: DeliveryFailure) => void;
  readonly onTrouble: (trouble: BusTrouble) => void;
}

/** Events without interest that may pass by before the checkpoint is worth writing for their sake. */
const PASSED_WORTH_KEEPING = 256;
/** A checkpoint of the subscription counts as so many: live, one comes every few milliseconds while anything at all is appended. */
const PASSED_AT_A_CHECKPOINT = 16;

/** One run of one group, from start to stop: a catch-up subscription that deals its events out to lanes, one for each subject. */
export class GroupConsumer {
  private readonly lanes: SubjectLanes;
  private readonly types: readonly string[];
  private readonly ready: Lane[] = [];
  private readonly waiting = new Map<Lane, () => void>();
  private readonly changed = new Signal();
  private subscription: Subscription | undefined;
  private cancelResubscribe: (() => void) | undefined;
  private subscriptionFailures = 0;
  private position: Position | undefined;
  private passed = 0;
  private running = 0;
  private state: 'running' | 'stopping' | 'stopped' = 'running';

  constructor(
    private readonly group: ConsumerGroup,
    private readonly publications: Publications,
    private readonly store: EventStore,
    private readonly options: GroupOptions,
  ) {
    this.lanes = new SubjectLanes(options.limits);
    this.types = publications.sourcesOf(group.handlers.keys());
  }

  /** @throws PositionGone when the checkpoint belongs to another generation of the store */
  start(checkpoint: GroupCheckpoint | undefined): void {
    if (checkpoint?.position) this.position = this.store.parsePosition(checkpoint.position);
    if (checkpoint) this.lanes.restore(checkpoint.held);
    this.ready.push(...this.lanes);
    if (this.types.length > 0) this.subscribe();
    this.work();
  }

  /** Begins nothing new, and lets what runs come to its end for at most `graceMs`. What ends later counts as not handled. */
  async stop(graceMs: number): Promise<void> {
    this.state = 'stopping';
    for (const cancel of this.waiting.values()) cancel();
    this.cancelResubscribe?.();
    this.changed.notify();
    await this.subscription?.close();
    let expired = false;
    const cancelGrace = this.options.timers.after(graceMs, () => {
      expired = true;
      this.changed.notify();
    });
    await this.changed.until(() => expired || this.running === 0);
    cancelGrace();
    if (this.passed > 0) this.options.onProgress();
    this.state = 'stopped';
  }

  checkpoint(): GroupCheckpoint {
    return { position: this.position ?? null, held: this.lanes.held() };
  }

  /** @see EventBus.settled */
  async settled(position: Position): Promise<void> {
    if (this.types.length === 0) return;
    const last = await this.lastUpTo(position);
    if (last) await this.until(() => this.hasSeen(last));
    const open = [...this.lanes].map((lane) => ({ lane, seen: lane.seen }));
    let settled = 0;
    await this.until(() => {
      while (settled < open.length && (open[settled]!.lane.next > open[settled]!.seen || open[settled]!.lane.failure)) settled++;
      return settled === open.length;
    });
  }

  stats(): GroupStats {
    const lanes = [...this.lanes];
    const retrying = lanes.flatMap(({ subject, next, failure }) =>
      failure ? [{ subject, revision: next, attempts: failure.attempts, error: messageOf(failure.error) }] : [],
    );
    const heldEvents = lanes.reduce((sum, { next, seen }) => sum + seen - next + 1, 0);
    return { group: this.group.name, position: this.position, heldSubjects: lanes.length, heldEvents, retrying };
  }

  private subscribe(): void {
    this.subscription = this.store.subscribe(
      { filter: { types: this.types }, ...(this.position && { after: this.position }) },
      {
        onEvents: (events) => this.takeIn(events),
        onCheckpoint: (position) => {
          if (this.state !== 'running' || this.hasSeen(position)) return;
          this.moveTo(position);
          this.passBy(PASSED_AT_A_CHECKPOINT);
        },
        onEnd: (error) => {
          if (this.state !== 'running') return;
          this.options.onTrouble({ what: 'subscription', group: this.group.name, error });
          this.cancelResubscribe = this.options.timers.after(this.pause(++this.subscriptionFailures), () => this.subscribe());
        },
      },
    );
  }

  private async takeIn(events: readonly RecordedEvent[]): Promise<void> {
    this.subscriptionFailures = 0;
    for (const event of events) {
      if (this.lanes.full) await this.changed.until(() => this.state !== 'running' || !this.lanes.full);
      if (this.state !== 'running') return;
      if (this.concerns(event)) {
        failpoint('bus.before-publish');
        const opened = this.lanes.take(event);
        if (opened) this.ready.push(opened);
      } else this.passBy(1);
      this.moveTo(event.position);
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

  private moveTo(position: Position): void {
    this.position = position;
    this.changed.notify();
  }

  /** A mapping that throws fails again where the message is handled: there it is retried, and holds back its own subject only. */
  private concerns(event: RecordedEvent): boolean {
    try {
      const message = this.publications.toPublic(event);
      return message !== undefined && this.group.handlers.has(message.type);
    } catch {
      return true;
    }
  }

  private work(): void {
    while (this.state === 'running' && this.running < this.options.concurrency) {
      const lane = this.ready.shift();
      if (!lane) return;
      void this.advance(lane);
    }
  }

  /** One step of a lane: its first event, or the next ones from its stream. */
  private async advance(lane: Lane): Promise<void> {
    this.running++;
    try {
      const event = lane.buffer[0];
      if (event) await this.deliver(event, lane);
      else await this.refill(lane);
      if (this.state === 'stopped') return;
      if (event) this.lanes.acknowledge(lane);
      failpoint('bus.after-ack');
      this.options.onProgress();
      if (!this.lanes.isDone(lane)) this.ready.push(lane);
    } catch (error) {
      if (this.state !== 'stopped') this.tryAgain(lane, error);
    } finally {
      this.running--;
      this.work();
      this.changed.notify();
    }
  }

  private async deliver(event: RecordedEvent, lane: Lane): Promise<void> {
    failpoint('bus.before-deliver');
    const message = this.publications.toPublic(event);
    const handlers = (message && this.group.handlers.get(message.type)) ?? [];
    for (; lane.handled < handlers.length; lane.handled++) await this.inTime(handlers[lane.handled]!(message!));
    failpoint('bus.before-ack');
  }

  private async refill(lane: Lane): Promise<void> {
    const seen = lane.seen;
    const maxCount = Math.min(this.options.limits.eventsPerSubject, seen - lane.next + 1);
    const events: RecordedEvent[] = [];
    let upTo: number | undefined;
    for await (const event of this.store.readStream(lane.subject, { from: lane.next, maxCount })) {
      upTo = event.revision;
      if (this.types.includes(event.type) && this.concerns(event)) events.push(event);
    }
    if (this.state !== 'stopped') this.lanes.refill(lane, events, upTo ?? seen);
  }

  /** What becomes of a message that failed: it is tried again for ever, and its subject waits. */
  private tryAgain(lane: Lane, error: unknown): void {
    const { attempts } = this.lanes.fail(lane, error);
    const retryInMs = this.pause(attempts);
    if (this.state === 'running') {
      const cancel = this.options.timers.after(retryInMs, () => {
        this.waiting.delete(lane);
        this.ready.push(lane);
        this.work();
      });
      this.waiting.set(lane, cancel);
    }
    const [event] = lane.buffer;
    const { id, type, revision = lane.next } = event ?? {};
    this.options.onFailure({
      group: this.group.name,
      event: { subject: lane.subject, revision, ...(id && { id }), ...(type && { type }) },
      attempt: attempts,
      error,
      retryInMs,
    });
  }

  private pause(failures: number): number {
    return backOff(this.options.retry, failures, this.options.random());
  }

  private async inTime(handling: Promise<void>): Promise<void> {
    const { handlerTimeoutMs, timers } = this.options;
    let cancel: () => void = () => undefined;
    const late = new Promise<never>((_, reject) => {
      cancel = timers.after(handlerTimeoutMs, () => reject(new HandlerTimedOut(handlerTimeoutMs)));
    });
    try {
      await Promise.race([handling, late]);
    } finally {
      cancel();
    }
  }

  /** The last event up to this position that passes the subscription's filter, where it was not seen yet. */
  private async lastUpTo(position: Position): Promise<Position | undefined> {
    if (this.hasSeen(position)) return undefined;
    const backwards = this.store.readAll({ direction: 'backwards', filter: { types: this.types } });
    for await (const event of backwards) if (comparePositions(event.position, position) <= 0) return event.position;
    return undefined;
  }

  private hasSeen(position: Position): boolean {
    return this.position !== undefined && comparePositions(this.position, position) >= 0;
  }

  private async until(condition: () => boolean): Promise<void> {
    await this.changed.until(() => this.state !== 'running' || condition());
    if (!condition()) throw new Error(`the bus was stopped before group "${this.group.name}" had settled`);
  }
}

/** A handler took longer than it may. It was not stopped: its effect may still come, beside that of the next attempt. */
export class HandlerTimedOut extends Error {
  readonly code = 'handler-timed-out';
  constructor(readonly timeoutMs: number) {
    super(`the handler had not ended after ${timeoutMs} ms`);
    this.name = new.target.name;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
