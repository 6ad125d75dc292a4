import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Lets `burst` calls through at once and `perSecond` on average, in the order in which they came. `pause` holds everybody back: what one
 * call was told by "Retry-After" holds for the cluster.
 */
export class TokenBucket {
  private tokens: number;
  private refilledAt = performance.now();
  private pausedUntil = 0;
  private last: Promise<void> = Promise.resolve();

  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
  ) {
    this.tokens = burst;
  }

  take(): Promise<void> {
    const now = performance.now();
    if (this.waiting === 0 && now >= this.pausedUntil && this.refill(now) >= 1) {
      this.tokens--;
      return Promise.resolve();
    }
    this.waiting++;
    const turn = this.last.then(() => this.next());
    this.last = turn;
    return turn;
  }

  /** Fulfilled when nobody is held back: for what is not counted. */
  async unpaused(): Promise<void> {
    while (this.pausedUntil > performance.now()) await sleep(this.pausedUntil - performance.now(), undefined, { ref: false });
  }

  pause(ms: number): void {
    this.pausedUntil = Math.max(this.pausedUntil, performance.now() + ms);
  }

  private waiting = 0;

  private async next(): Promise<void> {
    for (;;) {
      const now = performance.now();
      const tokens = this.refill(now);
      const wait = Math.max(this.pausedUntil - now, tokens >= 1 ? 0 : ((1 - tokens) / this.perSecond) * 1000);
      if (wait <= 0) break;
      await sleep(wait, undefined, { ref: false });
    }
    this.tokens--;
    this.waiting--;
  }

  private refill(now: number): number {
    this.tokens = Math.min(this.burst, this.tokens + ((now - this.refilledAt) / 1000) * this.perSecond);
    this.refilledAt = now;
    return this.tokens;
  }
}
