import { Inject, Injectable, Optional } from '@nestjs/common';
import { ReadStore } from '@souk/read-store';
import { bucketOf, NONCE_BUCKET, NonceWindow, type Taken } from '../domain/nonce-window';
import { SIGNATURE_WINDOW } from '../domain/signature';

/** Nonces that one process remembers at most: about 120 bytes each. */
export const MAX_NONCES = 1_000_000;
export const NONCE_LIMIT = 'authorization:nonce-limit';

/** Minutes that have a place of their own in the store; then the places are used again. Far more than the signature window has. */
const SLOTS = 64;
/** Nonces of one stored value: how many bytes are written again for the sake of one more. */
const CHUNK = 64;

interface StoredChunk {
  readonly bucket: number;
  readonly nonces: readonly string[];
}

interface OpenChunk {
  readonly bucket: number;
  readonly number: number;
  readonly nonces: string[];
}

interface Flush {
  readonly done: Promise<void>;
  readonly finish: (error?: unknown) => void;
}

/** A request may come as early as the window lets it, and be repeated until the window is over; then its nonce need not be known any more. */
const CLAIM_MS = 2 * SIGNATURE_WINDOW + NONCE_BUCKET;

/**
 * Takes each nonce once, also over restarts: `fresh` is answered when the nonce is on disk. Where other replicas share the read store, each
 * nonce is claimed there. Else this process alone knows them: nonces that arrive while a write is under way are written together by the next
 * one, stored as chunks `authorization/nonces/<minute modulo 64>/<number>`, so that old ones are
 * overwritten by and by.
 */
@Injectable()
export class NonceRegister {
  private readonly window: NonceWindow;
  private readonly openChunks = new Map<number, OpenChunk>();
  private dirty = new Map<string, OpenChunk>();
  private waiting: Flush | undefined;
  private isWriting = false;
  private loading: Promise<void> | undefined;
  private isLoaded = false;

  constructor(
    private readonly store: ReadStore,
    @Optional() @Inject(NONCE_LIMIT) limit: number = MAX_NONCES,
  ) {
    this.window = new NonceWindow(limit);
  }

  /** Times in milliseconds since the epoch. */
  async take(appKey: string, nonce: string, timestamp: number, now: number): Promise<Taken> {
    const entry = `${appKey}${nonce}`;
    if (this.store.shared) return this.claim(entry, timestamp, now);
    if (!this.isLoaded) await (this.loading ??= this.load());
    const taken = this.window.take(entry, timestamp, now);
    if (taken === 'fresh') await this.record(entry, bucketOf(timestamp));
    return taken;
  }

  /** What this process knows itself it need not ask for. */
  private async claim(entry: string, timestamp: number, now: number): Promise<Taken> {
    const taken = this.window.take(entry, timestamp, now);
    if (taken !== 'fresh') return taken;
    return (await this.store.claim(`authorization/nonce/${entry.toLowerCase()}`, CLAIM_MS)) ? 'fresh' : 'used';
  }

  private record(entry: string, bucket: number): Promise<void> {
    const slot = bucket % SLOTS;
    let chunk = this.openChunks.get(slot);
    if (chunk?.bucket !== bucket) chunk = this.open(slot, { bucket, number: 0, nonces: [] });
    if (chunk.nonces.length >= CHUNK) chunk = this.open(slot, { bucket, number: chunk.number + 1, nonces: [] });
    chunk.nonces.push(entry);
    this.dirty.set(`authorization/nonces/${slot}/${chunk.number}`, chunk);
    this.waiting ??= newFlush();
    const { done } = this.waiting;
    if (!this.isWriting) void this.write();
    return done;
  }

  private open(slot: number, chunk: OpenChunk): OpenChunk {
    this.openChunks.set(slot, chunk);
    return chunk;
  }

  /** A write that fails fails all requests that wait for it: they are refused, and their nonces stay used. */
  private async write(): Promise<void> {
    this.isWriting = true;
    // What arrives in the same turn goes along.
    await Promise.resolve();
    while (this.waiting) {
      const { dirty, waiting } = this;
      this.dirty = new Map();
      this.waiting = undefined;
      try {
        const chunks = [...dirty].map(
          ([key, { bucket, nonces }]) => [key, { bucket, nonces: [...nonces] } satisfies StoredChunk] as const,
        );
        await this.store.putValues(Object.fromEntries(chunks));
        waiting.finish();
      } catch (error) {
        waiting.finish(error);
      }
    }
    this.isWriting = false;
  }

  /** What was taken before this process started. A minute whose place was used again since is closed. */
  private async load(): Promise<void> {
    let newest = 0;
    for (let slot = 0; slot < SLOTS; slot++) {
      let last: OpenChunk | undefined;
      for (let number = 0; ; number++) {
        const stored = (await this.store.getValue(`authorization/nonces/${slot}/${number}`)) as StoredChunk | undefined;
        if (!stored || (last && stored.bucket !== last.bucket)) break;
        last = { bucket: stored.bucket, number, nonces: [...stored.nonces] };
        for (const nonce of stored.nonces) this.window.restore(nonce, stored.bucket);
      }
      if (!last) continue;
      this.openChunks.set(slot, last);
      newest = Math.max(newest, last.bucket);
    }
    this.window.startAt(newest - SLOTS + 1);
    this.isLoaded = true;
  }
}

function newFlush(): Flush {
  let finish: Flush['finish'] = () => undefined;
  const done = new Promise<void>((resolve, reject) => {
    finish = (error) => {
      if (error === undefined) resolve();
      else reject(error instanceof Error ? error : new Error('the nonces could not be written', { cause: error }));
    };
  });
  return { done, finish };
}
