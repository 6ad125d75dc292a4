import type { Position, RecordedEvent, Subscription, SubscriptionHandler } from '@souk/event-sourcing';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';

/** Where a subscription gets its events from. */
export interface Feed {
  /**
   * The next events that are there already; everything up to `seen` was looked at. `waits`: this is not the end, but for the moment there
   * is no more.
   */
  read(): { readonly events: readonly RecordedEvent[]; readonly atEnd: boolean; readonly waits?: boolean };
  /** Position up to which everything was looked at; `undefined` where the feed has no checkpoints. */
  seen(): Position | undefined;
  /** Calls back when there may be more; answers how to stop that. */
  onMore(listener: () => void): () => void;
}

/** Between two checkpoints for events that did not pass the filter, in ms and in steps of reading. */
const CHECKPOINT_MS = 20;
const CHECKPOINT_STEPS = 16;

/** Hands the events of a feed to a handler, one batch at a time, for as long as both want. */
export class RunningSubscription implements Subscription {
  private closed = false;
  private wake: (() => void) | undefined;
  private more = false;
  private told: Position | undefined;
  private toldAt = 0;
  private readonly finished: Promise<void>;

  /** `open` may throw (a position that is gone): the subscription then ends with that. */
  constructor(
    open: () => Feed,
    private readonly handler: SubscriptionHandler,
    private readonly ended: (subscription: RunningSubscription) => void,
    private readonly pauseMs = 0,
  ) {
    this.finished = this.run(open);
  }

  close(): Promise<void> {
    this.closed = true;
    this.wake?.();
    return this.finished;
  }

  private async run(open: () => Feed): Promise<void> {
    // The caller gets the subscription before the first event.
    await nextTurn();
    let stop: (() => void) | undefined;
    try {
      if (this.closed) return;
      const feed = open();
      stop = feed.onMore(() => {
        this.more = true;
        this.wake?.();
      });
      await this.follow(feed);
    } catch (error) {
      if (!this.isClosed()) this.handler.onEnd?.(error);
    } finally {
      stop?.();
      this.ended(this);
    }
  }

  private async follow(feed: Feed): Promise<void> {
    for (let live = false, steps = 0; !this.closed; steps++) {
      this.more = false;
      const { events, atEnd, waits } = feed.read();
      if (events.length > 0) {
        await this.handler.onEvents(events);
        this.told = events.at(-1)!.position;
      }
      if (this.isClosed()) return;
      if (!atEnd) {
        if (steps % CHECKPOINT_STEPS === CHECKPOINT_STEPS - 1) await this.checkpoint(feed);
        await (waits ? this.untilMore() : nextTurn());
        continue;
      }
      if (!live) await this.checkpoint(feed, true);
      live = true;
      const next = performance.now() + (events.length > 0 ? this.pauseMs : 0);
      await this.rest(feed);
      await this.gather(next);
    }
  }

  private async untilMore(): Promise<void> {
    if (this.closed || this.more) return;
    await new Promise<void>((resolve) => (this.wake = resolve));
    this.wake = undefined;
  }

  /** Waits for more; tells meanwhile how far it has come, though not for every event that did not pass. */
  private async rest(feed: Feed): Promise<void> {
    if (this.closed || this.more) return;
    const seen = feed.seen();
    const untold = seen !== undefined && seen !== this.told && this.handler.onCheckpoint !== undefined;
    const wait = this.toldAt + CHECKPOINT_MS - performance.now();
    if (untold && wait <= 0) return this.checkpoint(feed);
    await new Promise<void>((resolve) => {
      const timer = untold ? setTimeout(resolve, wait) : undefined;
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wake = undefined;
  }

  /** Lets events come together until that instant. A close waits for it: it is a few milliseconds. */
  private async gather(until: number): Promise<void> {
    const wait = until - performance.now();
    if (wait > 0 && !this.closed) await delay(wait);
  }

  private async checkpoint(feed: Feed, always = false): Promise<void> {
    const seen = feed.seen();
    if (seen === undefined || (seen === this.told && !always)) return;
    await this.handler.onCheckpoint?.(seen);
    this.told = seen;
    this.toldAt = performance.now();
  }

  /** Apart, since it may change whenever the handler runs. */
  private isClosed(): boolean {
    return this.closed;
  }
}
