import type { Position, RecordedEvent } from '@souk/event-sourcing';
import type { AllStreamSubscription, ResolvedEvent, StreamSubscription } from '@eventstore/db-client';
import type { Feed } from '../subscription';
import { EventStoreUnavailable } from './errors';

export type DriverSubscription = AllStreamSubscription | StreamSubscription;

export interface FeedOptions {
  readonly generation: string;
  /** Events of a batch. */
  readonly limit: number;
  /** So long may something be known to be there and not come: milliseconds. */
  readonly stallMs: number;
  /** The connection broke off or went silent; it is made again. For logs. */
  readonly onTrouble: (error: unknown) => void;
}

/** Pause before the server is asked again, in milliseconds: twice as long each time, half of it by chance. */
const FIRST_PAUSE = 100;
const LAST_PAUSE = 5_000;

/**
 * A subscription of the driver, made again at the place it had come to whenever it breaks off. Events wait in the buffer of the driver, which holds
 * back the server when it is full, until somebody reads them: place and events move on in the same instant.
 */
export abstract class DriverFeed implements Feed {
  private source: DriverSubscription | undefined;
  private failures = 0;
  private stopped = false;
  private reconnecting: NodeJS.Timeout | undefined;
  private gathering = false;
  private gone: Error | undefined;
  private listener: () => void = () => undefined;
  /** On the monotonic clock. */
  private movedAt = performance.now();

  constructor(protected readonly options: FeedOptions) {}

  /** Everything was shown to the reader that the server had, at some time after the beginning. */
  protected abstract readonly live: boolean;
  protected abstract open(): DriverSubscription;
  /** Moves on to this event. @returns it, where it is for the reader */
  protected abstract accept(resolved: ResolvedEvent): RecordedEvent | undefined;
  /** All that the server sent was read. */
  protected drained(): void {
    // A stream has no more to say.
  }
  /** What can't be mended by another attempt; `undefined` for all the rest. */
  protected abstract final(error: unknown): Error | undefined;
  abstract seen(): Position | undefined;

  read(): { events: readonly RecordedEvent[]; atEnd: boolean; waits: boolean } {
    if (this.gone) throw this.gone;
    const events: RecordedEvent[] = [];
    for (let looked = 0; events.length < this.options.limit; looked++) {
      // Those that are not for the reader take time as well.
      if (looked >= 4 * this.options.limit) return { events, atEnd: false, waits: false };
      const resolved = this.source?.read() as ResolvedEvent | null | undefined;
      if (!resolved) {
        // Of one that broke off, something may not have been read.
        if (this.source) this.drained();
        return { events, atEnd: this.live, waits: true };
      }
      this.moved();
      const event = this.accept(resolved);
      if (event) events.push(event);
    }
    return { events, atEnd: false, waits: false };
  }

  onMore(listener: () => void): () => void {
    this.listener = listener;
    this.connect();
    const unwatch = this.watch();
    return () => {
      this.stopped = true;
      unwatch();
      clearTimeout(this.reconnecting);
      this.leave();
    };
  }

  /** Begins to look whether it has gone silent. @returns how to stop that */
  protected abstract watch(): () => void;

  /** Nothing of what the server sent is left to read. */
  protected get isEmpty(): boolean {
    return (this.source?.readableLength ?? 0) === 0;
  }

  protected isCurrent(source: unknown): boolean {
    return source === this.source;
  }

  protected moved(): void {
    this.movedAt = performance.now();
    this.failures = 0;
  }

  protected tell(): void {
    this.listener();
  }

  /** Something is there and has not come. */
  protected overdue(): void {
    if (this.source && performance.now() - this.movedAt >= this.options.stallMs)
      this.broke(this.source, new EventStoreUnavailable(`a subscription was silent for ${this.options.stallMs} ms`));
  }

  private connect(): void {
    this.movedAt = performance.now();
    const source = this.open();
    this.source = source;
    source.on('readable', () => this.gather(this.source?.readableLength ?? 0));
    // Stays when it is left: a late error would end the process if nobody listened.
    source.on('error', (error: unknown) => this.broke(source, error));
    source.on('end', () => this.broke(source, new EventStoreUnavailable('a subscription was ended by the server')));
  }

  /** What the server sent together arrives one by one: the reader hears of it when no more comes for a turn of the event loop. */
  private gather(there: number): void {
    if (this.gathering) return;
    this.gathering = true;
    setImmediate(() => {
      this.gathering = false;
      const now = this.source?.readableLength ?? 0;
      if (now > there && now < this.options.limit) this.gather(now);
      else this.tell();
    });
  }

  private broke(source: DriverSubscription, error: unknown): void {
    if (this.stopped || source !== this.source) return;
    this.leave();
    this.gone = this.final(error);
    if (this.gone) {
      this.tell();
      return;
    }
    this.options.onTrouble(error);
    const pause = Math.min(LAST_PAUSE, FIRST_PAUSE * 2 ** this.failures++);
    this.reconnecting = setTimeout(() => this.connect(), pause * (0.5 + Math.random() / 2));
  }

  private leave(): void {
    void this.source?.unsubscribe().catch(() => undefined);
    this.source = undefined;
  }
}
