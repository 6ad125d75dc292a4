import type { Steps } from './steps';

/** How long a computation keeps the process to itself, in milliseconds. */
const SLICE = 5;

/** Does a computation in slices of a few milliseconds, so that what is large holds up nobody else. */
export async function inSlices<T>(steps: Steps<T>): Promise<T> {
  for (let end = performance.now() + SLICE; ;) {
    const step = steps.next();
    if (step.done) return step.value;
    if (performance.now() < end) continue;
    end = await nextSlice();
  }
}

/** Lets everybody else have a turn. Answers when the next slice ends. */
export async function nextSlice(): Promise<number> {
  await new Promise<void>((resolve) => void setImmediate(resolve));
  return performance.now() + SLICE;
}
