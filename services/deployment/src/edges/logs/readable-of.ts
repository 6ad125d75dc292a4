import { Readable } from 'node:stream';

/**
 * Chunks as they are read, and no sooner. Whoever goes away stops what makes them, even while it waits.
 * @param over when it is to end, whatever what makes them says to that
 */
export function readableOf(stop: AbortController, chunks: AsyncIterable<string | Uint8Array>, over: AbortSignal): Readable {
  const iterator = chunks[Symbol.asyncIterator]();
  const readable = new Readable({
    read() {
      iterator.next().then(
        ({ done, value }) => readable.push(done ? null : value),
        (error: unknown) => (over.aborted ? readable.push(null) : readable.destroy(error as Error)),
      );
    },
    destroy(error, callback) {
      stop.abort();
      callback(error);
    },
  });
  return readable;
}
