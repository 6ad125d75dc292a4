import type { Timers } from './timers';

/** How long nothing may move while there is something to do, in milliseconds. */
const PERIOD_MS = 30_000;

/** Finds out that something stands still which should not: subscriptions can go silent without an end. */
export class StallWatch {
  private cancel: (() => void) | undefined;
  private last: unknown;
  private isStalled = false;

  /** @param look what moves, as a value that changes with it; `undefined` where nothing is to be done */
  constructor(
    private readonly timers: Timers,
    private readonly look: () => Promise<string | undefined>,
    private readonly onStall: () => void,
  ) {}

  /** Nothing has moved for a whole period, though there is something to do. */
  get stalled(): boolean {
    return this.isStalled;
  }

  start(): void {
    this.cancel = this.timers.after(PERIOD_MS, () => void this.check());
  }

  stop(): void {
    this.cancel?.();
    this.cancel = undefined;
  }

  private async check(): Promise<void> {
    const now = await this.look().catch(() => undefined);
    if (!this.cancel) return;
    const stalled = now !== undefined && now === this.last;
    if (stalled && !this.isStalled) this.onStall();
    this.isStalled = stalled;
    this.last = now;
    this.start();
  }
}
