import type { LmdbReadStore } from '@souk/read-store';

interface Tables {
  readonly documents: { get: Read; peek: Read };
  readonly entries: { keys: (range: object) => Iterable<unknown> };
}
type Read = (key: Buffer) => unknown;

/** Counts the documents and index entries that the store reads from now on: what a guard against scans can tell without a clock. */
export function countReads(store: LmdbReadStore): { readonly reads: number } {
  const counted = { reads: 0 };
  const { documents, entries } = (store as unknown as { readonly tables: Tables }).tables;
  for (const name of ['get', 'peek'] as const) {
    const read = documents[name].bind(documents);
    documents[name] = (key) => {
      counted.reads++;
      return read(key);
    };
  }
  const keys = entries.keys.bind(entries);
  entries.keys = function* (range) {
    for (const key of keys(range)) {
      counted.reads++;
      yield key;
    }
  };
  return counted;
}
