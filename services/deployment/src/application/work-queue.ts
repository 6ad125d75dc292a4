/** What became of one piece of work: look again at that time (ISO 8601), or when somebody calls; or there is no more of it. */
export interface Outcome {
  readonly done?: boolean;
  readonly lookAgainAt?: string;
}

export interface WorkQueueOptions {
  readonly parallel: number;
  /** Pause after the first failure, doubled with every further one, up to the longest. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  readonly onError: (key: string, error: unknown) => void;
}

/**
 * Work by key: never twice at the same time for one key; calls while it runs make it run once more; failures are tried again with
 * back-off. Nothing is remembered here that matters: whoever fills the queue can fill it anew.
 */
export class WorkQueue {
  private readonly waiting = new Set<string>();
  private readonly running = new Map<string, Promise<void>>();
  private readonly calledAgain = new Set<string>();
  private readonly failures = new Map<string, number>();
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private readonly soon = new Map<string, NodeJS.Timeout>();
  private stopped = false;

  constructor(
    private readonly work: (key: string) => Promise<Outcome>,
    private readonly options: WorkQueueOptions,
  ) {}

  /** Work on this key as soon as there is room. */
  call(key: string): void {
    if (this.stopped) return;
    this.clearTimer(key);
    this.clearSoon(key);
    if (this.running.has(key)) this.calledAgain.add(key);
    else this.waiting.add(key);
    this.fill();
  }

  /** As {@link call}, after so many milliseconds, once for all who call until then. */
  callWithin(key: string, ms: number): void {
    if (this.stopped || this.waiting.has(key) || this.soon.has(key)) return;
    this.soon.set(key, setTimeout(() => this.call(key), ms).unref());
  }

  /** Nothing runs, waits or is timed. */
  get idle(): boolean {
    return this.waiting.size + this.running.size + this.timers.size + this.soon.size === 0;
  }

  /** Lets what runs finish, and starts nothing any more. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.waiting.clear();
    for (const key of [...this.timers.keys()]) this.clearTimer(key);
    for (const key of [...this.soon.keys()]) this.clearSoon(key);
    await Promise.all(this.running.values());
  }

  private fill(): void {
    for (const key of this.waiting) {
      if (this.running.size >= this.options.parallel) return;
      this.waiting.delete(key);
      this.running.set(key, this.run(key));
    }
  }

  private async run(key: string): Promise<void> {
    // Not in the caller's own turn: a call never runs work before it returns.
    await Promise.resolve();
    let pause: number | undefined;
    try {
      const { lookAgainAt } = await this.work(key);
      this.failures.delete(key);
      pause = lookAgainAt === undefined ? undefined : Math.max(1, Date.parse(lookAgainAt) - Date.now());
    } catch (error) {
      this.clearSoon(key);
      const failures = (this.failures.get(key) ?? 0) + 1;
      this.failures.set(key, failures);
      this.options.onError(key, error);
      const most = Math.min(this.options.longestPauseMs, this.options.firstPauseMs * 2 ** (failures - 1));
      pause = most * (0.5 + Math.random() / 2);
    }
    this.running.delete(key);
    // After a failure its pause holds, whatever was called meanwhile: what called may be what failed.
    if (this.calledAgain.delete(key) && !this.failures.has(key)) this.waiting.add(key);
    else if (pause !== undefined && !this.stopped)
      this.timers.set(key, setTimeout(() => this.call(key), Math.min(pause, LONGEST_TIMER)).unref());
    if (!this.stopped) this.fill();
  }

  private clearSoon(key: string): void {
    clearTimeout(this.soon.get(key));
    this.soon.delete(key);
  }

  private clearTimer(key: string): void {
    clearTimeout(this.timers.get(key));
    this.timers.delete(key);
  }
}

/** A timer of more than 2³¹ − 1 ms fires at once; one that fires early only looks again. */
const LONGEST_TIMER = 3_600_000;
