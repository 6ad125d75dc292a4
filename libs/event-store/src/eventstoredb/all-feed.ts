import { type EventFilter, type Position, PositionGone, positionOf, type RecordedEvent } from '@souk/event-sourcing';
import type { Filter, ResolvedEvent } from '@eventstore/db-client';
import type { Connection } from './connection';
import { type DriverSubscription, DriverFeed, type FeedOptions } from './driver-feed';
import { isOfPosition } from './failures';
import { passesOf } from './pages';
import { ordinalOf, toRecorded, toStoredEvent } from './recorded-events';
import type { Tail } from './tail';

/** Events that the server looks at between two checkpoints: fewer than {@link Tail} knows. */
const WINDOW = 256;
/** Where nothing is asked for: no stream and no type has such a name. */
const NOTHING = ['-'];

/** Everything after a place, or what of it passes the filter: by prefixes on the server, to the letter here. */
export class AllFeed extends DriverFeed {
  protected live = false;
  private checkpoint = 0;
  private readonly passes: ReturnType<typeof passesOf>;

  /** @param place ordinal of the last event that was seen, 0 before all of them */
  constructor(
    private readonly connection: Connection,
    private readonly tail: Tail,
    private place: number,
    private readonly filter: EventFilter | undefined,
    options: FeedOptions,
  ) {
    super(options);
    this.passes = passesOf(filter);
  }

  override seen(): Position {
    return positionOf(this.options.generation, this.place);
  }

  protected override open(): DriverSubscription {
    // What the one before had sent and nobody had read is sent again: its checkpoints are beyond that.
    this.checkpoint = 0;
    const reached = (source: unknown, { commit }: { readonly commit: bigint }): void => {
      if (!this.isCurrent(source)) return;
      this.moved();
      this.checkpoint = Math.max(this.checkpoint, Number(commit));
      if (!this.isEmpty) return;
      this.drained();
      this.tell();
    };
    return this.connection.subscribeToAll(this.place, this.filterOf(reached), this.options.limit);
  }

  protected override accept(resolved: ResolvedEvent): RecordedEvent | undefined {
    const ordinal = ordinalOf(resolved);
    if (ordinal <= this.place) return undefined;
    this.place = ordinal;
    const stored = toStoredEvent(resolved);
    return stored && this.passes(stored) ? toRecorded(stored, this.options.generation) : undefined;
  }

  protected override drained(): void {
    this.place = Math.max(this.place, this.checkpoint);
    if (!this.live) this.tail.soon();
  }

  protected override final(error: unknown): Error | undefined {
    return isOfPosition(error) ? new PositionGone(this.seen()) : undefined;
  }

  protected override watch(): () => void {
    return this.tail.follow(() => {
      if (!this.isEmpty) return;
      if (this.tail.missing(this.place, this.passes) !== 'nothing') {
        this.overdue();
        return;
      }
      this.moved();
      if (this.live && this.tail.last <= this.place) return;
      this.place = Math.max(this.place, this.tail.last);
      this.live = true;
      this.tell();
    });
  }

  private filterOf(checkpointReached: NonNullable<Filter['checkpointReached']>): Filter {
    const { driver } = this.connection;
    const options = { maxSearchWindow: WINDOW, checkpointReached };
    if (!this.filter) return driver.excludeSystemEvents(options);
    if ('types' in this.filter) return driver.eventTypeFilter({ ...options, prefixes: someOf(this.filter.types) });
    return driver.streamNameFilter({ ...options, prefixes: someOf(this.filter.streamPrefixes) });
  }
}

function someOf(prefixes: readonly string[]): string[] {
  return prefixes.length > 0 ? [...prefixes] : NOTHING;
}
