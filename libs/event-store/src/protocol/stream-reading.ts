import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ByteStore } from '../byte-store';
import type { EventWriter } from './event-writer';
import { StreamDeleted } from './protocol-errors';
import { caughtUp, fellBehind, firstStreamPosition, lastStreamPosition, streamNotFound } from './read-response';
import type { StreamReader } from './stream-reader';
import { STREAM_DELETED } from './stream-rules';

export interface StreamOptions {
  /** Reads begin with that revision, subscriptions after it. */
  readonly from: number | 'start' | 'end';
  readonly backwards: boolean;
  /** The client understands where a stream begins and ends. */
  readonly compatible: boolean;
}

/** One stream, as much as its metadata lets see. */
export class StreamReading {
  private next = 0;

  constructor(
    private readonly reader: StreamReader,
    private readonly store: ByteStore,
    private readonly writer: EventWriter,
    private readonly stream: string,
    private readonly options: StreamOptions,
  ) {}

  async read(maxCount: number): Promise<void> {
    const readable = this.reader.readable(this.stream);
    if (!readable) return this.writer.put(streamNotFound(this.stream));
    const { from, backwards, compatible } = this.options;
    const { first, last } = readable;
    if (backwards) {
      const start = from === 'end' ? last : from === 'start' ? 0 : Math.min(from, last);
      await this.pages(start, Math.max(first, start - maxCount + 1), -1);
    } else {
      const wanted = from === 'end' ? Infinity : from === 'start' ? 0 : from;
      const start = Math.max(wanted, first);
      if (compatible && start > last && start !== wanted) await this.writer.put(firstStreamPosition(start));
      await this.pages(start, Math.min(last, start + maxCount - 1), 1);
    }
    if (compatible) await this.writer.put(lastStreamPosition(last));
  }

  /** Fixes where the subscription begins. @throws StreamDeleted for a tombstone */
  begin(): void {
    this.reader.readable(this.stream);
    const { from } = this.options;
    if (from === 'end' || from === 2 ** 64) this.next = this.store.head(this.stream) + 1;
    else this.next = from === 'start' ? 0 : from + 1;
  }

  async subscribe(): Promise<void> {
    while (!this.writer.gone) {
      await this.catchUp();
      await this.writer.put(caughtUp());
      await this.followAsFarAsItKeepsUp();
      await this.writer.put(fellBehind());
    }
  }

  /** Everything that can be read now. */
  private async catchUp(): Promise<void> {
    while (!this.writer.gone) {
      const readable = this.reader.readable(this.stream);
      const head = this.store.head(this.stream);
      this.next = Math.max(this.next, readable ? readable.first : head + 1);
      if (this.next > head) return;
      await this.page(head);
    }
  }

  /** What is appended from now on, whatever metadata says of it. */
  private async followAsFarAsItKeepsUp(): Promise<void> {
    for (let keepsUp = true; keepsUp && !this.writer.gone;) {
      await this.writer.more(() => this.store.head(this.stream) >= this.next);
      const head = this.store.head(this.stream);
      if (this.next <= head) await this.page(head);
      keepsUp = this.next > this.store.head(this.stream);
    }
  }

  private async page(head: number): Promise<void> {
    const events = this.store.readStream(this.stream, this.next, head);
    if (events.at(-1)?.type === STREAM_DELETED) throw new StreamDeleted(this.stream);
    this.next += events.length;
    await this.writer.putEvents(events);
    await nextTurn();
  }

  private async pages(from: number, to: number, step: 1 | -1): Promise<void> {
    for (let next = from; (to - next) * step >= 0 && !this.writer.gone;) {
      const events = this.store.readStream(this.stream, next, to);
      next += step * events.length;
      await this.writer.putEvents(events);
      await nextTurn();
    }
  }
}
