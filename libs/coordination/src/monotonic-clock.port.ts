/**
 * Time as it passes, whatever the clock on the wall is set to: it never goes back and never jumps. Tests bring one of their own.
 * It goes on while the process is frozen (SIGSTOP).
 */
export abstract class MonotonicClock {
  /** Milliseconds since a moment that means nothing: only differences do. */
  abstract now(): number;
  /** Runs something later. It does not keep the process alive. @returns cancels it */
  abstract after(ms: number, run: () => void): () => void;
}

/** That of the operating system (`CLOCK_MONOTONIC` on Linux). */
export class SystemMonotonicClock extends MonotonicClock {
  override now(): number {
    return performance.now();
  }

  override after(ms: number, run: () => void): () => void {
    const timer = setTimeout(run, ms).unref();
    return () => clearTimeout(timer);
  }
}
