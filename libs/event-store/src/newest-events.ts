import { LRUCache } from 'lru-cache';
import type { RecordedEvent } from '@souk/event-sourcing';

/** An event counts as new as long as no more than so many came after it: who reads the whole log fills this with its end alone. */
const NEWEST = 4096;
/** Bytes of records, as they lie in the log, whose events are kept. */
const BYTES = 4 << 20;

/**
 * The newest events as they were read once, by ordinal: all subscriptions of a process, and all who fold a young stream, get the same objects.
 * What is sealed in them is sealed here as well.
 */
export class NewestEvents {
  private readonly events = new LRUCache<number, RecordedEvent>({ maxSize: BYTES });

  get(ordinal: number): RecordedEvent | undefined {
    return this.events.get(ordinal);
  }

  /** @param last ordinal of the last event in the log */
  keep(ordinal: number, event: RecordedEvent, bytes: number, last: number): void {
    if (last - ordinal < NEWEST) this.events.set(ordinal, event, { size: bytes });
  }
}
