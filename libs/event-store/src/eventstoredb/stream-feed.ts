import type { RecordedEvent } from '@souk/event-sourcing';
import type { ResolvedEvent } from '@eventstore/db-client';
import type { Connection } from './connection';
import { type DriverSubscription, DriverFeed, type FeedOptions } from './driver-feed';
import { StreamDeleted } from './errors';
import { failure } from './failures';
import { toRecorded, toStoredEvent } from './recorded-events';

/** One stream from a revision on. */
export class StreamFeed extends DriverFeed {
  protected readonly live = true;

  /** @param next the revision that comes next */
  constructor(
    private readonly connection: Connection,
    private readonly stream: string,
    private next: number,
    options: FeedOptions,
  ) {
    super(options);
  }

  /** A stream has no checkpoints. */
  override seen(): undefined {
    return undefined;
  }

  protected override open(): DriverSubscription {
    return this.connection.subscribeToStream(this.stream, this.next, this.options.limit);
  }

  protected override accept(resolved: ResolvedEvent): RecordedEvent | undefined {
    const revision = Number(resolved.event?.revision ?? -1);
    if (revision < this.next) return undefined;
    this.next = revision + 1;
    const stored = toStoredEvent(resolved);
    return stored && toRecorded(stored, this.options.generation);
  }

  protected override final(error: unknown): Error | undefined {
    const known = failure(error, { what: 'a subscription', stream: this.stream });
    return known instanceof StreamDeleted ? known : undefined;
  }

  protected override watch(): () => void {
    const timer = setInterval(() => void this.look(), this.options.stallMs);
    return () => clearInterval(timer);
  }

  private async look(): Promise<void> {
    const { next } = this;
    if (!this.isEmpty) return;
    try {
      const read = await this.connection.readStream(this.stream, { from: next, direction: 'forwards', maxCount: 1 });
      if (read.length > 0 && next === this.next) this.overdue();
    } catch {
      // The subscription hears of it from its own connection.
    }
  }
}
