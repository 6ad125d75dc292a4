/** Something that runs later, unless it is cancelled. Tests bring timers of their own. */
export interface Timers {
  /** @returns cancels it */
  after(ms: number, run: () => void): () => void;
}

/** The timers of this process. They do not keep it alive. */
export const systemTimers: Timers = {
  after(ms, run) {
    const timer = setTimeout(run, ms).unref();
    return () => clearTimeout(timer);
  },
};
