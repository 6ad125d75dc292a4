import { type LmdbEnvironment, type LmdbTable, SMALL } from '@souk/lmdb';

/** Claims whose time is over, and that one claim removes at most: more than one, so that they never pile up. */
const SWEEP = 16;

/**
 * Keys that somebody has:
 * - claims: key → when it is over, in milliseconds since the epoch
 * - claim-ends: that time, key → nothing
 */
export class LmdbClaims {
  private readonly claims: LmdbTable<string, number>;
  private readonly ends: LmdbTable<readonly [number, string], true>;

  constructor(private readonly environment: LmdbEnvironment) {
    this.claims = environment.openTable('claims', { encoding: 'json' });
    this.ends = environment.openTable('claim-ends', { encoding: 'json' });
  }

  /** Answers whether the caller has it now. */
  take(key: string, ttlMs: number): Promise<boolean> {
    return this.environment.write(() => {
      const now = Date.now();
      for (const [end, over] of [...this.ends.keys({ lte: [now, '\uffff'], limit: SWEEP })]) {
        this.ends.remove([end, over]);
        if (this.claims.get(over) === end) this.claims.remove(over);
      }
      const end = this.claims.get(key);
      if (end !== undefined && end > now) return false;
      this.claims.put(key, now + ttlMs);
      this.ends.put([now + ttlMs, key], true);
      return true;
    }, SMALL);
  }
}
