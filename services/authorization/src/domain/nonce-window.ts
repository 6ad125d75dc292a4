import { SIGNATURE_WINDOW } from './signature';

/** What became of a nonce. `forgotten`: of a time whose nonces are no longer known; `full`: there is no room to remember it. */
export type Taken = 'fresh' | 'used' | 'forgotten' | 'full';

/** Nonces are forgotten together, by the minute of their timestamp. */
export const NONCE_BUCKET = 60_000;

/**
 * The nonces of the requests that may still be within the signature window, so that none is taken twice.
 *
 * Law: as long as {@link isWithinWindow} holds for a request, its nonce is remembered; of a time that was forgotten no nonce is taken,
 * also when the clock goes back. At most `limit` nonces are kept: beyond, requests are refused rather than nonces forgotten.
 */
export class NonceWindow {
  private readonly known = new Set<string>();
  private readonly buckets = new Map<number, string[]>();
  /** Everything before this bucket was forgotten. */
  private firstBucket = 0;

  constructor(private readonly limit: number) {}

  /** Nonces that are remembered. */
  get size(): number {
    return this.known.size;
  }

  /** @param nonce unique text of key and nonce. @param timestamp of the request. Times are milliseconds since the epoch. */
  take(nonce: string, timestamp: number, now: number): Taken {
    this.forget(now);
    const bucket = bucketOf(timestamp);
    if (bucket < this.firstBucket) return 'forgotten';
    if (this.known.has(nonce)) return 'used';
    if (this.known.size >= this.limit) return 'full';
    this.remember(nonce, bucket);
    return 'fresh';
  }

  /** A nonce that was taken before a restart. */
  restore(nonce: string, bucket: number): void {
    if (!this.known.has(nonce)) this.remember(nonce, bucket);
  }

  /** Nothing before this bucket is known. It never goes back. */
  startAt(bucket: number): void {
    this.firstBucket = Math.max(this.firstBucket, bucket);
  }

  private remember(nonce: string, bucket: number): void {
    this.known.add(nonce);
    const nonces = this.buckets.get(bucket);
    if (nonces) nonces.push(nonce);
    else this.buckets.set(bucket, [nonce]);
  }

  private forget(now: number): void {
    const oldest = bucketOf(now - SIGNATURE_WINDOW);
    if (oldest <= this.firstBucket) return;
    this.startAt(oldest);
    for (const [bucket, nonces] of this.buckets) {
      if (bucket >= oldest) continue;
      for (const nonce of nonces) this.known.delete(nonce);
      this.buckets.delete(bucket);
    }
  }
}

export function bucketOf(timestamp: number): number {
  return Math.floor(timestamp / NONCE_BUCKET);
}
