import { comparePositions, type EventStore, type RecordedEvent } from '@souk/event-sourcing';

const TWENTY_MINUTES = 20 * 60_000;

/** Sets the clock of this process ahead and back by up to twenty minutes, at every tenth look at it, as long as `work` takes. */
export async function whileClockJumps<T>(random: () => number, work: () => Promise<T>): Promise<T> {
  const real = Date.now;
  let offset = 0;
  Date.now = () => {
    if (random() < 0.1) offset = Math.floor((random() * 2 - 1) * TWENTY_MINUTES);
    return real() + offset;
  };
  try {
    return await work();
  } finally {
    Date.now = real;
  }
}

/** Events whose position or recorded time is not after, or is before, that of the event before them. */
export async function positionsBack(store: EventStore): Promise<number> {
  let back = 0;
  let last: RecordedEvent | undefined;
  for await (const event of store.readAll()) {
    if (last && (comparePositions(event.position, last.position) <= 0 || event.recordedAt < last.recordedAt)) back++;
    last = event;
  }
  return back;
}
