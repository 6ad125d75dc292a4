import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { TooManyLogStreams } from '../../domain/logs/log.errors';
import { readableOf } from './readable-of';

/** A log is followed no longer than this in one go, in milliseconds. */
const LONGEST = 3_600_000;
/** Of one tenant at a time. */
const MOST = 10;

/** Logs that are being read: each holds a connection, and one to a cluster. */
@Injectable()
export class LogStreams {
  private readonly open = new Map<string, number>();

  /**
   * What is made until the signal says stop: whoever listens has gone away, or has listened for long enough; then it ends.
   * @throws TooManyLogStreams, and what making it throws
   */
  async begin(
    tenant: string,
    make: (signal: AbortSignal) => AsyncIterable<string | Uint8Array> | Promise<AsyncIterable<string | Uint8Array>>,
    longest = LONGEST,
  ): Promise<Readable> {
    const open = this.open.get(tenant) ?? 0;
    if (open >= MOST) throw new TooManyLogStreams(MOST);
    this.open.set(tenant, open + 1);
    const stop = new AbortController();
    stop.signal.addEventListener('abort', () => this.ended(tenant), { once: true });
    try {
      const over = AbortSignal.any([stop.signal, AbortSignal.timeout(longest)]);
      return readableOf(stop, await make(over), over);
    } catch (error) {
      stop.abort();
      throw error;
    }
  }

  private ended(tenant: string): void {
    const open = this.open.get(tenant)! - 1;
    if (open > 0) this.open.set(tenant, open);
    else this.open.delete(tenant);
  }
}
