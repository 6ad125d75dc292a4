import { failpoint } from '@souk/failpoints';
import type { ReadStore } from '@souk/read-store';
import type { Timers } from './timers';

/** A value on its way. */
interface Pending {
  /** Asked for when the write begins. */
  readonly value: () => unknown;
  readonly written: ((value: unknown) => void) | undefined;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Makes values durable soon, together: one write at a time for everything that changed meanwhile, and a pause after each.
 * A write that fails is repeated, after ever longer pauses; until then the older values stand, which repeats messages and loses none.
 */
export class CheckpointWriter {
  private readonly changed = new Map<string, Pending>();
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

  /**
   * @param value is asked for when the write begins
   * @param written is told of each value that is durable
   */
  mark<Value>(key: string, value: () => Value, written?: (value: Value) => void): void {
    this.changed.set(key, { value, written: written as Pending['written'] });
    if (!this.writing && !this.cancelPause) void this.write();
  }

  /** Fulfilled when the value as of now, or a newer one, is written. @throws what the store threw; Error after the end */
  persist<Value>(key: string, value: () => Value, written?: (value: Value) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.mark(key, value, written);
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
    const values = keys.map(([key, { value }]) => [key, value()] as const);
    this.writing = this.store
      .putValues(Object.fromEntries(values))
      .then(() => {
        this.failures = 0;
        for (const [i, [, value]] of values.entries()) keys[i]![1].written?.(value);
        for (const { resolve } of waiting) resolve();
      })
      .catch((error: unknown) => {
        this.failures++;
        for (const { reject } of waiting) reject(error);
        for (const [key, pending] of keys) if (!this.changed.has(key)) this.changed.set(key, pending);
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
