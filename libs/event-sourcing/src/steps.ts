/** A computation in steps, each short: whoever drives it may let others have their turn in between. */
export type Steps<T> = Generator<void, T>;

/** All of it, now. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
