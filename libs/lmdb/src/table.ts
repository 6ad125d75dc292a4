import type { Database, Key, RangeOptions } from 'lmdb';

/** Ordered as null < false < true < numbers < text < arrays, arrays element by element. At most 1,978 bytes when encoded. */
export type TableKey = string | number | boolean | null | Uint8Array | readonly TableKey[];

/**
 * How values are kept. `binary`: Buffer. `text`: string. `json`: anything JSON.stringify takes.
 * `key`: a {@link TableKey}, kept in its order (the one for tables with `duplicates`).
 */
export type ValueEncoding = 'binary' | 'text' | 'json' | 'key';

export interface TableOptions {
  readonly encoding: ValueEncoding;
  /** One key may have several values, kept in the order of their bytes; each at most 1,978 bytes. */
  readonly duplicates?: boolean;
  /**
   * `uint32` keeps small whole numbers as they are: less room, faster. `binary` keeps Buffers as they are, in the order of their bytes.
   * Default: ordered.
   */
  readonly keys?: 'ordered' | 'uint32' | 'binary';
}

/** Bounds of a range, by key. */
export interface Range<K extends TableKey> {
  readonly gte?: K;
  readonly gt?: K;
  readonly lte?: K;
  readonly lt?: K;
  /** From the high end to the low one. */
  readonly reverse?: boolean;
  /** Entries that are passed over first: some 20 million in a second. */
  readonly offset?: number;
  readonly limit?: number;
}

/** What of a table needs to know of its environment. */
export interface WriteGuard {
  /** @throws Error outside of a write */
  assertWriting(): void;
  assertOpen(): void;
}

/**
 * A named table of an environment: ordered keys, values by key. Reading answers what is committed; inside `write` also what that write
 * has done so far. Iterators hold a snapshot: run through them (or leave the loop) without awaiting in between.
 */
export class LmdbTable<K extends TableKey, V> {
  constructor(
    private readonly database: Database<V>,
    private readonly guard: WriteGuard,
  ) {}

  get(key: K): V | undefined {
    this.guard.assertOpen();
    return this.database.get(key as Key);
  }

  /**
   * The bytes of a value where the binding put them: the next read of any table overwrites them. A third cheaper than `get`, where most of
   * what is read is looked at and left. For tables with encoding `binary`.
   */
  peek(key: K): Buffer | undefined {
    this.guard.assertOpen();
    const bytes = this.database.getBinaryFast(key as Key);
    return bytes?.subarray(0, (this.database as unknown as { readonly lastSize: number }).lastSize);
  }

  /**
   * Of a table of binary values: the bytes, copied to the start of `into` where there is room for them, else on their own. Saves the making
   * of a Buffer where many values are read one after the other, none of them for long.
   */
  getInto(key: K, into: Buffer): Buffer | undefined {
    const value = this.peek(key);
    if (value === undefined) return undefined;
    if (value.length > into.length) return Buffer.from(value);
    into.set(value);
    return into.subarray(0, value.length);
  }

  has(key: K): boolean {
    this.guard.assertOpen();
    return this.database.doesExist(key as Key);
  }

  /** All values of a key, in a table with duplicates. */
  values(key: K): Iterable<V> {
    this.guard.assertOpen();
    return this.database.getValues(key as Key);
  }

  entries(range: Range<K> = {}): Iterable<{ readonly key: K; readonly value: V }> {
    this.guard.assertOpen();
    return this.database.getRange(rangeOptions(range)) as unknown as Iterable<{ key: K; value: V }>;
  }

  keys(range: Range<K> = {}): Iterable<K> {
    this.guard.assertOpen();
    return this.database.getKeys(rangeOptions(range)) as unknown as Iterable<K>;
  }

  /** Number of entries in the range; walks through them. */
  count(range: Range<K> = {}): number {
    this.guard.assertOpen();
    return this.database.getCount(rangeOptions(range));
  }

  /** Within a write only. Replaces the value; in a table with duplicates, adds one (the same again changes nothing). */
  put(key: K, value: V): void {
    this.guard.assertWriting();
    void this.database.put(key as Key, value);
  }

  /** Within a write only. Removes the entry, if there is one; with `value`, that duplicate alone. */
  remove(key: K, value?: V): void {
    this.guard.assertWriting();
    void (value === undefined ? this.database.remove(key as Key) : this.database.remove(key as Key, value));
  }

  /** Within a write only. Removes all entries. */
  clear(): void {
    this.guard.assertWriting();
    void this.database.clearAsync();
  }
}

function rangeOptions<K extends TableKey>({ gte, gt, lte, lt, reverse = false, offset, limit }: Range<K>): RangeOptions {
  const low = gt ?? gte;
  const high = lt ?? lte;
  const lowInclusive = gt === undefined;
  const highInclusive = lt === undefined && lte !== undefined;
  const [start, startInclusive, end, endInclusive] = reverse
    ? [high, highInclusive, low, lowInclusive]
    : [low, lowInclusive, high, highInclusive];
  return {
    reverse,
    ...(start !== undefined && { start: start as Key, exclusiveStart: !startInclusive }),
    ...(end !== undefined && { end: end as Key, inclusiveEnd: endInclusive }),
    ...(offset !== undefined && { offset }),
    ...(limit !== undefined && { limit }),
  };
}
