import type { RecordedEvent } from '@souk/event-sourcing';

/** What is not acknowledged of one subject: its events from revision `next` to `seen`. */
export interface Lane {
  readonly subject: string;
  /** First revision that is not acknowledged. */
  next: number;
  /** Last revision that the subscription has shown. */
  seen: number;
  /** The first of these events, in order. */
  readonly buffer: RecordedEvent[];
  /** More of them, up to `seen`, are to be read from the stream. */
  more: boolean;
  /** How many of the group's handlers the first event has passed. */
  handled: number;
  /** How the first event fared last; `undefined` before its first failure. */
  failure: LaneFailure | undefined;
  /** It was parked before. That this is over is recorded when it is done, and only then it is closed. */
  released: boolean;
}

export interface LaneFailure {
  readonly attempts: number;
  /** Attempts whose failure says something about the message. */
  readonly held: number;
  readonly error: unknown;
  /** When it failed for the first time, ISO 8601. */
  readonly firstAt: string;
}

/** A lane as it is kept: subject, first revision not acknowledged, last revision seen. */
export type HeldSubject = readonly [subject: string, next: number, seen: number];

export interface LaneLimits {
  /** Subjects with something not acknowledged. */
  readonly subjects: number;
  /** Events in memory, those of retrying subjects not counted (one each). */
  readonly events: number;
  /** Events in memory for one subject; the rest is read again when its turn comes. */
  readonly eventsPerSubject: number;
}

/**
 * The window between what the subscription has shown and what is acknowledged, subject by subject.
 * All events shown are acknowledged, except those in a lane: a message that fails for weeks costs one small entry,
 * however much goes past it.
 */
export class SubjectLanes {
  private readonly lanes = new Map<string, Lane>();
  private buffered = 0;
  private releasedLanes = 0;

  constructor(private readonly limits: LaneLimits) {}

  get full(): boolean {
    return this.lanes.size >= this.limits.subjects || this.buffered >= this.limits.events;
  }

  get size(): number {
    return this.lanes.size;
  }

  /** How many of them were parked before. */
  get released(): number {
    return this.releasedLanes;
  }

  [Symbol.iterator](): IterableIterator<Lane> {
    return this.lanes.values();
  }

  held(): readonly HeldSubject[] {
    return [...this.lanes.values()].map(({ subject, next, seen }) => [subject, next, seen]);
  }

  /** Opens the lanes of an earlier run; their events are read from their streams. */
  restore(held: readonly HeldSubject[]): void {
    for (const [subject, next, seen] of held) this.open(subject, next, seen, { more: true });
  }

  /** Opens a lane that was parked: its events from `next` to `seen` are read from their stream. */
  reopen(subject: string, next: number, seen: number): Lane {
    this.releasedLanes++;
    return this.open(subject, next, seen, { more: next <= seen, released: true });
  }

  /** That the lane was parked is over. */
  settle(lane: Lane): void {
    this.releasedLanes--;
    lane.released = false;
    lane.failure = undefined;
    this.closeIfDone(lane);
  }

  /** The lane is gone, whatever was in it: from now on it is parked. */
  remove(lane: Lane): void {
    if (!lane.failure) this.buffered -= lane.buffer.length;
    if (lane.released) this.releasedLanes--;
    this.lanes.delete(lane.subject);
  }

  /** Puts an event behind those of its subject. @returns the lane, if it is a new one */
  take(event: RecordedEvent): Lane | undefined {
    const { stream: subject, revision } = event;
    const lane = this.lanes.get(subject);
    if (!lane) {
      this.buffered++;
      return this.open(subject, revision, revision, { buffer: [event] });
    }
    if (revision <= lane.seen) return undefined;
    lane.seen = revision;
    if (lane.failure || lane.buffer.length >= this.limits.eventsPerSubject) lane.more = true;
    if (!lane.more) this.push(lane, [event]);
    return undefined;
  }

  /**
   * Puts events at the end of a lane whose buffer had run out.
   * @param upTo revision up to which the stream was read
   */
  refill(lane: Lane, events: readonly RecordedEvent[], upTo: number): void {
    lane.failure = undefined;
    if (events.length === 0) lane.next = upTo + 1;
    if (upTo >= lane.seen) lane.more = false;
    this.push(lane, events);
    this.closeIfDone(lane);
  }

  /** The first event of the lane has had its effect. */
  acknowledge(lane: Lane): void {
    const event = lane.buffer.shift()!;
    if (!lane.failure) this.buffered--;
    lane.failure = undefined;
    lane.handled = 0;
    lane.next = event.revision + 1;
    this.closeIfDone(lane);
  }

  /** The first event of the lane has failed. What waits behind it need not wait in memory. */
  fail(lane: Lane, error: unknown, { transient, at }: { readonly transient: boolean; readonly at: string }): LaneFailure {
    if (!lane.failure) this.buffered -= lane.buffer.length;
    if (lane.buffer.length > 1) {
      lane.buffer.length = 1;
      lane.more = true;
    }
    const { attempts = 0, held = 0, firstAt = at } = lane.failure ?? {};
    lane.failure = { attempts: attempts + 1, held: held + (transient ? 0 : 1), error, firstAt };
    return lane.failure;
  }

  /** Whether there is still something to do about it. */
  has(lane: Lane): boolean {
    return this.lanes.get(lane.subject) === lane;
  }

  private isDone(lane: Lane): boolean {
    return lane.buffer.length === 0 && !lane.more;
  }

  private open(subject: string, next: number, seen: number, more: Partial<Lane>): Lane {
    const lane = { subject, next, seen, buffer: [], more: false, handled: 0, failure: undefined, released: false, ...more };
    this.lanes.set(subject, lane);
    return lane;
  }

  private push(lane: Lane, events: readonly RecordedEvent[]): void {
    lane.buffer.push(...events);
    if (!lane.failure) this.buffered += events.length;
  }

  private closeIfDone(lane: Lane): void {
    if (!this.isDone(lane)) return;
    lane.next = lane.seen + 1;
    if (!lane.released) this.lanes.delete(lane.subject);
  }
}
