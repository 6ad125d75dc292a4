import { Readable } from 'node:stream';

/** Chunks as they are read, and no sooner. Whoever goes away stops what makes them, even while it waits. */
export function readableOf(stop: AbortController, chunks: AsyncIterable<string | Uint8Array>): Readable {
  const iterator = chunks[Symbol.asyncIterator]();
  const readable = new Readable({
    read() {
      iterator.next().then(
        ({ done, value }) => readable.push(done ? null : value),
        (error: unknown) => readable.destroy(stop.signal.aborted ? undefined : (error as Error)),
      );
    },
    destroy(error, callback) {
      stop.abort();
      callback(error);
    },
  });
  return readable;
}
