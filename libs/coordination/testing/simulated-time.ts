import { MonotonicClock } from '@souk/coordination';

interface Due {
  at: number;
  order: number;
  readonly run: () => void;
  /** Waits as long as this one is frozen. */
  readonly of: SimulatedNode | undefined;
  cancelled: boolean;
}

/**
 * True time of a simulation, in milliseconds: moved by nothing but {@link advanceTo}, which runs what is due, in order, and waits for the
 * real work (of a store) that follows from it before time goes on.
 */
export class SimulatedTime {
  private readonly due: Due[] = [];
  private orders = 0;
  private working = 0;
  now = 0;

  at(time: number, run: () => void, of?: SimulatedNode): () => void {
    const entry: Due = { at: Math.max(time, this.now), order: this.orders++, run, of, cancelled: false };
    this.due.push(entry);
    return () => {
      entry.cancelled = true;
    };
  }

  /** Fulfilled when so much true time has passed. */
  sleep(ms: number, of?: SimulatedNode): Promise<void> {
    return new Promise((resolve) => this.at(this.now + ms, resolve, of));
  }

  /** Work that takes no simulated time, but real time. */
  async whileWorking<T>(work: () => Promise<T>): Promise<T> {
    this.working++;
    try {
      return await work();
    } finally {
      this.working--;
    }
  }

  /** @param observe called at each moment at which something has happened */
  async advanceTo(time: number, observe: () => void = () => undefined): Promise<void> {
    await this.settled();
    for (let next = this.takeNext(time); next; next = this.takeNext(time)) {
      this.now = Math.max(this.now, next.at);
      if (next.of && next.of.frozenUntil > this.now) {
        // The same one, so that it can still be cancelled.
        this.due.push(Object.assign(next, { at: next.of.frozenUntil, order: this.orders++ }));
        continue;
      }
      observe();
      next.run();
      await this.settled();
      observe();
    }
    this.now = time;
    observe();
  }

  /** Everything that follows from what has happened so far, has happened. */
  async settled(): Promise<void> {
    do await new Promise(setImmediate);
    while (this.working > 0);
  }

  private takeNext(until: number): Due | undefined {
    let best = -1;
    for (let i = 0; i < this.due.length; i++) {
      const entry = this.due[i]!;
      if (entry.cancelled || entry.at > until) continue;
      const known = this.due[best];
      if (!known || entry.at < known.at || (entry.at === known.at && entry.order < known.order)) best = i;
    }
    if (best < 0) return undefined;
    const [next] = this.due.splice(best, 1);
    for (let i = this.due.length - 1; i >= 0; i--) if (this.due[i]!.cancelled) this.due.splice(i, 1);
    return next;
  }
}

/** One computer of a simulation: clocks of its own, and it may freeze. */
export class SimulatedNode {
  frozenUntil = 0;
  /** Monotonic time runs at this rate against true time, and began at some moment. */
  readonly monotonic: MonotonicClock;
  /** How far the clock on the wall is off, in milliseconds; set at will. */
  wallOffset = 0;

  constructor(
    private readonly time: SimulatedTime,
    rate = 1,
    private readonly epoch = Date.parse('2026-01-01T00:00:00Z'),
  ) {
    this.monotonic = new SimulatedMonotonicClock(time, this, rate);
  }

  /** The clock on the wall. */
  wallNow(): Date {
    return new Date(this.epoch + Math.round(this.time.now) + this.wallOffset);
  }

  /** Its timers and answers wait; its clocks go on. */
  freeze(ms: number): void {
    this.frozenUntil = Math.max(this.frozenUntil, this.time.now + ms);
  }
}

class SimulatedMonotonicClock extends MonotonicClock {
  constructor(
    private readonly time: SimulatedTime,
    private readonly node: SimulatedNode,
    private readonly rate: number,
  ) {
    super();
  }

  override now(): number {
    return this.time.now * this.rate;
  }

  override after(ms: number, run: () => void): () => void {
    return this.time.at(this.time.now + ms / this.rate, run, this.node);
  }
}

/** Random numbers in [0, 1) that follow from a seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
