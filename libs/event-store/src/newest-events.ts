import type { RecordedEvent } from '@souk/event-sourcing';

/** An event counts as new as long as no more than so many came after it: who reads the whole log fills this with its end alone. */
const NEWEST = 4096;
/** Bytes of records, as they lie in the log, whose events are kept; at most twice as many. */
const BYTES = 2 << 20;

/**
 * The newest events as they were read once, by ordinal: all subscriptions of a process, and all who fold a young stream, get the same objects.
 * What is sealed in them is sealed here as well.
 */
export class NewestEvents {
  private young = new Map<number, RecordedEvent>();
  private old = new Map<number, RecordedEvent>();
  /** Of the young ones. */
  private bytes = 0;

  get(ordinal: number): RecordedEvent | undefined {
    return this.young.get(ordinal) ?? this.old.get(ordinal);
  }

  /** @param last ordinal of the last event in the log */
  keep(ordinal: number, event: RecordedEvent, bytes: number, last: number): void {
    if (last - ordinal >= NEWEST) return;
    if (this.bytes + bytes > BYTES) {
      this.old = this.young;
      this.young = new Map();
      this.bytes = 0;
    }
    this.young.set(ordinal, event);
    this.bytes += bytes;
  }
}
