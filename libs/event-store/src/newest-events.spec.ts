import type { RecordedEvent } from '@souk/event-sourcing';
import { NewestEvents } from './newest-events';

const event = (revision: number) => ({ revision }) as RecordedEvent;

describe('NewestEvents', () => {
  it('have what was read of the end of the log', () => {
    const events = new NewestEvents();
    events.keep(9_000, event(7), 300, 9_001);
    expect(events.get(9_000)).toEqual({ revision: 7 });
    expect(events.get(9_001)).toBeUndefined();
  });

  it('have nothing of what lies far behind it', () => {
    const events = new NewestEvents();
    events.keep(9_000, event(7), 300, 9_000 + 4096);
    expect(events.get(9_000)).toBeUndefined();
  });

  it('are some megabytes of records at most, the last ones', () => {
    const events = new NewestEvents();
    for (let ordinal = 1; ordinal <= 100; ordinal++) events.keep(ordinal, event(ordinal), 100_000, 100);
    const kept = Array.from({ length: 100 }, (_, n) => n + 1).filter((ordinal) => events.get(ordinal));
    expect(kept.length).toBeGreaterThan(20);
    expect(kept.length).toBeLessThanOrEqual(42);
    expect(kept.at(-1)).toBe(100);
  });
});
