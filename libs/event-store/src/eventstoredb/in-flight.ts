import { EventStoreOverloaded } from './errors';

/** Lets so much work be under way at once; the rest waits, in order, and beyond a bound is refused. */
export class InFlight {
  private running = 0;
  private readonly waiting: (() => void)[] = [];
  private idleListeners: (() => void)[] = [];

  constructor(
    private readonly atOnce: number,
    private readonly mayWait: number,
  ) {}

  /** @throws EventStoreOverloaded */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.running >= this.atOnce) {
      if (this.waiting.length >= this.mayWait) throw new EventStoreOverloaded(this.waiting.length);
      // Its place is handed over by the one that ends, so that nobody comes in between.
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    } else this.running++;
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else if (--this.running === 0) for (const resolve of this.idleListeners.splice(0)) resolve();
    }
  }

  /** Fulfilled when nothing is under way. */
  idle(): Promise<void> {
    return this.running === 0 ? Promise.resolve() : new Promise((resolve) => this.idleListeners.push(resolve));
  }
}
