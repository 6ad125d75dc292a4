import type { Connection } from './connection';
import { ordinalOf, type StoredEvent, toStoredEvent } from './recorded-events';

/**
 * What a look at the end reads at once, and how many pages at most: a filtered subscription that is further behind gets a checkpoint from the
 * server, see WINDOW in `all-feed.ts`.
 */
const PAGE = 64;
const PAGES = 8;
/** Events that are remembered. */
const REMEMBERED = 1_024;
/** Between two looks that were asked for: milliseconds. */
const SOON = 20;

type Seen = Pick<StoredEvent, 'stream' | 'type'> & { readonly ordinal: number };

/**
 * The end of the log, as it was a moment ago, for all subscriptions of a process together. A server tells a filtered subscription only now and then
 * how far it has come, and a connection may go silent for ever: the end tells both, by a small read now and then.
 */
export class Tail {
  private events: Seen[] = [];
  /** Everything beyond it, up to the end, is known. */
  private from = Infinity;
  private end = -1;
  private readonly followers = new Set<() => void>();
  private timer: NodeJS.Timeout | undefined;
  private dueAt = Infinity;
  private lookedAt = -Infinity;
  private looking = false;
  private again = false;

  /** @param everyMs a look while anybody follows, at the latest */
  constructor(
    private readonly connection: Connection,
    private readonly everyMs: number,
  ) {}

  /** Position of the last event in the log, whoever's it is; -1 before the first look. */
  get last(): number {
    return this.end;
  }

  /** Calls back after each look. @returns how to stop that */
  follow(listener: () => void): () => void {
    this.followers.add(listener);
    this.soon();
    return () => {
      this.followers.delete(listener);
      if (this.followers.size === 0) this.cancel();
    };
  }

  /** The log is longer than the last look saw. */
  grown(ordinal: number): void {
    if (ordinal > this.end) this.soon();
  }

  soon(): void {
    if (this.looking) this.again = true;
    else if (this.followers.size > 0) this.lookAt(Math.max(performance.now(), this.lookedAt + SOON));
  }

  /**
   * Whether a subscription that has seen everything up to there misses something, as far as is known: `nothing` (up to the end), `something`, or
   * `unknown` where it is too far behind.
   */
  missing(seen: number, passes: (event: Seen) => boolean): 'nothing' | 'something' | 'unknown' {
    if (seen >= this.end && this.end >= 0) return 'nothing';
    if (seen < this.from) return 'unknown';
    return this.events.some((event) => event.ordinal > seen && passes(event)) ? 'something' : 'nothing';
  }

  close(): void {
    this.followers.clear();
    this.cancel();
  }

  private lookAt(instant: number): void {
    if (instant >= this.dueAt) return;
    this.cancel();
    this.dueAt = instant;
    this.timer = setTimeout(() => void this.look(), Math.max(0, instant - performance.now()));
  }

  private cancel(): void {
    clearTimeout(this.timer);
    this.dueAt = Infinity;
  }

  private async look(): Promise<void> {
    this.cancel();
    this.looking = true;
    this.again = false;
    try {
      await this.read();
    } catch {
      // It is looked again, though in no hurry; who waits for events hears of the trouble from its own connection.
      this.again = false;
    }
    this.looking = false;
    this.lookedAt = performance.now();
    if (this.followers.size === 0) return;
    this.lookAt(this.lookedAt + (this.isWantedAgain() ? SOON : this.everyMs));
    for (const listener of [...this.followers]) listener();
  }

  /** Apart, since it changes while a look is under way. */
  private isWantedAgain(): boolean {
    return this.again;
  }

  private async read(): Promise<void> {
    const found: Seen[] = [];
    let end: number | undefined;
    let from: number | 'end' = 'end';
    for (let page = 0; page < PAGES; page++) {
      const read = await this.connection.readAll(from, { direction: 'backwards', maxCount: PAGE });
      for (const resolved of read) {
        const ordinal = ordinalOf(resolved);
        end ??= ordinal;
        if (ordinal <= this.end) {
          this.extend(found, end);
          return;
        }
        const stored = toStoredEvent(resolved);
        if (stored) found.push({ ordinal, stream: stored.stream, type: stored.type });
        from = ordinal;
      }
      if (read.length < PAGE) {
        this.replace(found, -1, end ?? 0);
        return;
      }
    }
    this.replace(found, (from as number) - 1, end!);
  }

  private extend(found: Seen[], end: number): void {
    this.events.push(...found.reverse());
    this.end = end;
    const surplus = this.events.length - REMEMBERED;
    if (surplus <= 0) return;
    this.from = this.events[surplus - 1]!.ordinal;
    this.events = this.events.slice(surplus);
  }

  private replace(found: Seen[], from: number, end: number): void {
    this.events = found.reverse();
    this.from = from;
    this.end = end;
  }
}
