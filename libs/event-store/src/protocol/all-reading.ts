import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ByteStore } from '../byte-store';
import type { ReadFilter } from './event-filter';
import type { EventWriter } from './event-writer';
import { InvalidRequest } from './protocol-errors';
import { caughtUp, checkpoint, fellBehind } from './read-response';

export interface AllOptions {
  /** Reads forwards begin with that position, backwards before it; subscriptions begin after it. */
  readonly from: number | 'start' | 'end';
  readonly backwards: boolean;
  readonly filter: ReadFilter | undefined;
}

/** Most events that one step takes. */
const STEP = 256;
const GREATEST = 2 ** 63 - 1;

/** `$all`: everything in the store, in its order. */
export class AllReading {
  private after = 0;
  /** Events looked at since the last checkpoint. */
  private considered = 0;

  constructor(
    private readonly store: ByteStore,
    private readonly writer: EventWriter,
    private readonly options: AllOptions,
  ) {}

  async read(maxCount: number): Promise<void> {
    const { backwards, filter } = this.options;
    const direction = backwards ? 'backwards' : 'forwards';
    const end = backwards ? 1 : this.store.last;
    let after = this.start({ end: this.store.last + 1 }) - (backwards ? 0 : 1);
    for (let left = maxCount; left > 0 && !this.writer.gone && (backwards ? after > end : after < end);) {
      const { found, upTo } = this.store.scan({ direction, after, limit: Math.min(left, STEP), passes: filter?.passes });
      after = upTo;
      left -= found.length;
      await this.writer.putEvents(found);
      await nextTurn();
    }
  }

  /** Fixes where the subscription begins. */
  begin(): void {
    this.after = this.options.from === 'start' ? 0 : this.start({ end: this.store.last });
  }

  async subscribe(): Promise<void> {
    for (let live = false; !this.writer.gone;) {
      if (this.after < this.store.last) {
        await this.step();
        if (live && this.after < this.store.last) {
          live = false;
          await this.writer.put(fellBehind());
        }
        await nextTurn();
        continue;
      }
      if (!live) await this.writer.put(caughtUp());
      live = true;
      await this.writer.more(() => this.after < this.store.last);
    }
  }

  /** Stops for a checkpoint where one is due. */
  private async step(): Promise<void> {
    const { filter } = this.options;
    if (!filter) {
      const { found, upTo } = this.store.scan({ direction: 'forwards', after: this.after, limit: STEP });
      await this.writer.putEvents(found);
      this.after = upTo;
      return;
    }
    const due = this.after + filter.checkpointInterval - this.considered;
    const scan = { direction: 'forwards', after: this.after, limit: STEP, upTo: due, passes: filter.passes } as const;
    const { found, upTo } = this.store.scan(scan);
    await this.writer.putEvents(found);
    this.considered += upTo - this.after;
    this.after = upTo;
    if (upTo < due) return;
    this.considered = 0;
    await this.writer.put(checkpoint(upTo));
  }

  private start({ end }: { readonly end: number }): number {
    const { from } = this.options;
    if (from === 'start') return 1;
    // The greatest number of the protocol stands for the end.
    if (from === 'end' || from >= GREATEST) return end;
    if (from > this.store.last) throw new InvalidRequest('Trying to read from an invalid position.');
    return from;
  }
}
