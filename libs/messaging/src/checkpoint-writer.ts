import { failpoint } from '@souk/failpoints';
import type { ReadStore } from '@souk/read-store';
import type { Timers } from './timers';

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Makes values durable soon, together: one write at a time for everything that changed meanwhile, and a pause after each.
 * A write that fails is repeated, after ever longer pauses; until then the older values stand, which repeats messages and loses none.
 */
export class CheckpointWriter {
  private readonly changed = new Map<string, () => unknown>();
  private writing: Promise<void> | undefined;
  private cancelPause: (() => void) | undefined;
  private waiting: Waiter[] = [];
  /** Writes that failed, since the last one that did not. */
  private failures = 0;

  /**
   * @param pauseMs between two writes
   * @param onFailure what the store threw, for the log
   */
  constructor(
    private readonly store: ReadStore,
    private readonly timers: Timers,
    private readonly pauseMs: number,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  /** `value` is asked for when the write begins. */
  mark(key: string, value: () => unknown): void {
    this.changed.set(key, value);
    if (!this.writing && !this.cancelPause) void this.write();
  }

  /** Fulfilled when the value as of now, or a newer one, is written. @throws what the store threw; Error after the end */
  persist(key: string, value: () => unknown): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.mark(key, value);
    });
  }

  /** The last write before an end: what was marked is written at once, and tried once. */
  async flush(): Promise<void> {
    await this.writing;
    this.endPause();
    if (this.changed.size > 0) await this.write();
    this.endPause();
    this.changed.clear();
    for (const { reject } of this.waiting.splice(0)) reject(new Error('the last checkpoint was written'));
  }

  private write(): Promise<void> {
    const keys = [...this.changed];
    const waiting = this.waiting.splice(0);
    failpoint('bus.before-checkpoint');
    this.changed.clear();
    this.writing = this.store
      .putValues(Object.fromEntries(keys.map(([key, value]) => [key, value()])))
      .then(() => {
        this.failures = 0;
        for (const { resolve } of waiting) resolve();
      })
      .catch((error: unknown) => {
        this.failures++;
        for (const { reject } of waiting) reject(error);
        for (const [key, value] of keys) if (!this.changed.has(key)) this.changed.set(key, value);
        this.onFailure(error);
      })
      .then(() => {
        failpoint('bus.after-checkpoint');
        this.writing = undefined;
        this.cancelPause = this.timers.after(this.pauseMs * 2 ** Math.min(this.failures, 8), () => {
          this.cancelPause = undefined;
          if (this.changed.size > 0) void this.write();
        });
      });
    return this.writing;
  }

  private endPause(): void {
    this.cancelPause?.();
    this.cancelPause = undefined;
  }
}
