import type { LeaseKeeper } from './lease-keeper';
import type { MonotonicClock } from './monotonic-clock.port';

export interface YieldingOptions {
  /** Whether this process can do what the lease is for, as far as it knows. */
  readonly isWell: () => boolean | Promise<boolean>;
  /** For so long it may be unable to, and keep the lease. Milliseconds. */
  readonly patienceMs: number;
  /** For so long it then leaves the lease to others. Milliseconds; a term is enough for one that waits. */
  readonly pauseMs: number;
}

/** Looks in the time of its patience. */
const LOOKS = 5;

/**
 * Gives a lease back where its holder is cut off from what it needs for the work. The lease itself lies in the event store, and would be renewed for
 * ever by one that reaches that alone, while a healthy stand-by does nothing. Where all are cut off, they take turns in trying.
 */
export class Yielding {
  private unwellSince: number | undefined;
  private cancel: () => void = () => undefined;
  private stopped = false;

  constructor(
    private readonly keeper: Pick<LeaseKeeper, 'activity' | 'start' | 'stop'>,
    private readonly clock: MonotonicClock,
    private readonly options: YieldingOptions,
  ) {}

  start(): void {
    this.lookLater();
  }

  /** The keeper is left as it is. */
  stop(): void {
    this.stopped = true;
    this.cancel();
  }

  private lookLater(): void {
    if (!this.stopped)
      this.cancel = this.clock.after(this.options.patienceMs / LOOKS, () => void this.look().catch(() => this.lookLater()));
  }

  private async look(): Promise<void> {
    const { isWell, patienceMs } = this.options;
    const isIdle = !this.keeper.activity.held();
    const isFit = isIdle || (await Promise.resolve(isWell()).catch(() => false));
    this.unwellSince = isFit ? undefined : (this.unwellSince ?? this.clock.now());
    if (this.unwellSince === undefined || this.clock.now() - this.unwellSince < patienceMs) this.lookLater();
    else await this.giveBack();
  }

  private async giveBack(): Promise<void> {
    this.unwellSince = undefined;
    await this.keeper.stop();
    if (this.stopped) return;
    this.cancel = this.clock.after(this.options.pauseMs, () => {
      void this.keeper.start();
      this.lookLater();
    });
  }
}
