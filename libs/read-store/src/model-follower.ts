import { setImmediate as nextTurn } from 'node:timers/promises';
import { comparePositions, type EventStore, keysOf, type Position, type RecordedEvent } from '@souk/event-sourcing';
import type { ProjectedModel } from './projected-model';

/** An event whose documents are not there yet, as far as this process knows. */
interface Heard {
  readonly position: Position;
  readonly keys: readonly string[];
  readonly recordedAt: string;
}

/** Ids that are remembered for one model. Of events above that it is read again, when there is room. */
const MOST_KEYS = 10_000;
/**
 * How soon after an event it is looked whether its documents are there, and how often then. Where they do not come, ever more rarely, by a share
 * of the time that was waited already; unless somebody waits for them.
 */
const LOOK_MS = { first: 10, then: 25, atMost: 1000 };
const SHARE = 0.1;
/** Events that are looked at between two turns of the event loop. */
const EVENTS_AT_ONCE = 256;

/**
 * A read model whose documents another process keeps. What events touch, its own subscription says; when the documents are there, the
 * checkpoint that both share. Laws:
 * - nobody is told of a change before the documents have it, and everybody is told of every change;
 * - the model's checkpoint is never ahead of what was told, nor of the documents;
 * - memory is bounded, and a model that stands still holds back no other one.
 */
export class ModelFollower {
  private readonly outstanding: Heard[] = [];
  private keyCount = 0;
  /** Every event up to here was told of, or is outstanding. */
  private heard: Position | undefined;
  /** There was no room for events after `heard`, up to this one. */
  private skipped: Position | undefined;
  private closed = false;
  /** When documents were last seen to come, or began to be expected. */
  private movedAt = 0;
  private next = Infinity;

  constructor(
    readonly model: ProjectedModel,
    private readonly eventStore: EventStore,
    private readonly mostKeys = MOST_KEYS,
  ) {
    this.heard = model.checkpoint();
  }

  /** Documents are to come of which somebody wants to know. */
  get isExpecting(): boolean {
    return this.outstanding.length > 0 || this.skipped !== undefined;
  }

  /** When it should be looked, by `performance.now()`; never where nothing is expected. */
  get lookAt(): number {
    return this.isExpecting ? this.next : Infinity;
  }

  /** Somebody waits. */
  hurry(): void {
    this.next = Math.min(this.next, performance.now() + LOOK_MS.first);
  }

  close(): void {
    this.closed = true;
  }

  /** The next events of the store; nothing lies between them and those before, nor up to `upTo`. */
  hear(events: readonly RecordedEvent[], upTo: Position): void {
    const wasExpecting = this.isExpecting;
    for (const event of events) {
      if (this.heard !== undefined && comparePositions(event.position, this.heard) <= 0) continue;
      if (!this.isRead(event)) continue;
      if (this.skipped !== undefined || this.keyCount >= this.mostKeys) this.skipped = event.position;
      else this.take(event);
    }
    if (this.skipped === undefined && isAfter(upTo, this.heard)) this.heard = upTo;
    this.settle();
    if (!wasExpecting) this.beginToLook();
  }

  /**
   * Looks how far the documents are, and tells of what they have.
   * @throws what the stores throw
   */
  async look(): Promise<void> {
    const stored = await this.model.sharedCheckpoint();
    if (this.closed) return;
    const before = this.model.checkpoint();
    if (stored !== undefined) this.tellUpTo(stored);
    this.lookAgain(this.model.checkpoint() !== before);
    if (this.skipped !== undefined && this.keyCount < this.mostKeys / 2) await this.readSkipped();
  }

  private beginToLook(): void {
    this.movedAt = performance.now();
    this.next = this.movedAt + LOOK_MS.first;
  }

  private lookAgain(hasMoved: boolean): void {
    const now = performance.now();
    if (hasMoved) this.movedAt = now;
    const pause = this.model.isAwaited ? 0 : (now - this.movedAt) * SHARE;
    this.next = now + Math.min(Math.max(pause, LOOK_MS.then), LOOK_MS.atMost);
  }

  private isRead({ stream }: RecordedEvent): boolean {
    return this.model.projection.streamPrefixes.some((prefix) => stream.startsWith(prefix));
  }

  private take(event: RecordedEvent): void {
    this.heard = event.position;
    const keys = this.touchedBy(event);
    if (keys?.length === 0) return;
    this.outstanding.push({ position: event.position, keys: keys ?? [], recordedAt: event.recordedAt });
    this.keyCount += keys?.length ?? 0;
  }

  /** `undefined` where the projection can't tell: whoever folds will not get past this event either, unless its code is another. */
  private touchedBy(event: RecordedEvent): readonly string[] | undefined {
    try {
      return keysOf(this.model.projection, event);
    } catch {
      return undefined;
    }
  }

  private tellUpTo(stored: Position): void {
    let count = 0;
    while (count < this.outstanding.length && comparePositions(this.outstanding[count]!.position, stored) <= 0) count++;
    const told = this.outstanding.splice(0, count);
    for (const { keys } of told) this.keyCount -= keys.length;
    this.settle(stored, told);
  }

  /** Where nothing is outstanding, what was heard is there. */
  private settle(stored?: Position, told: readonly Heard[] = []): void {
    const reached = this.outstanding.length === 0 && this.skipped === undefined ? this.heard : earlier(stored, this.heard);
    if (reached === undefined) return;
    const keys = [...new Set(told.flatMap((one) => one.keys))];
    this.model.passedByAnother(reached, keys, told.length, told.at(-1)?.recordedAt);
  }

  private async readSkipped(): Promise<void> {
    const filter = { streamPrefixes: this.model.projection.streamPrefixes };
    let count = 0;
    for await (const event of this.eventStore.readAll({ ...(this.heard && { after: this.heard }), filter })) {
      if (this.closed || this.keyCount >= this.mostKeys) return;
      this.take(event);
      if (++count % EVENTS_AT_ONCE === 0) await nextTurn();
    }
    // What came meanwhile was skipped as well.
    if (!isAfter(this.skipped!, this.heard)) this.skipped = undefined;
  }
}

function isAfter(a: Position, b: Position | undefined): boolean {
  return b === undefined || comparePositions(a, b) > 0;
}

function earlier(a: Position | undefined, b: Position | undefined): Position | undefined {
  if (a === undefined || b === undefined) return undefined;
  return comparePositions(a, b) <= 0 ? a : b;
}
