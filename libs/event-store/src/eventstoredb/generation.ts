import { createHash, randomUUID } from 'node:crypto';
import type { Connection } from './connection';
import { actualRevision, failure } from './failures';
import { GENERATION_STREAM } from './recorded-events';

const LETTERS = 8;

/**
 * The generation of the store (8 characters of 0-9a-z): follows from the id of the one event of a stream that the first process to open it makes. A
 * store that was made anew has another one; a restored backup has the same.
 */
export async function generationOf(connection: Connection, timeoutMs: number): Promise<string> {
  const event = {
    id: randomUUID(),
    type: 'GenerationBegun',
    contentType: 'application/json' as const,
    data: {},
    metadata: undefined,
  };
  for (;;) {
    const [first] = await connection.readStream(GENERATION_STREAM, { from: 0, direction: 'forwards', maxCount: 1 });
    if (first?.event) return nameOf(first.event.id);
    try {
      await connection.append(GENERATION_STREAM, 'no-stream', [event], timeoutMs);
    } catch (error) {
      // Another process was faster.
      if (actualRevision(error) === undefined) throw failure(error, { what: 'beginning a generation' });
    }
  }
}

function nameOf(id: string): string {
  const number = createHash('sha256').update(id).digest().readBigUInt64BE();
  return (number % 36n ** BigInt(LETTERS)).toString(36).padStart(LETTERS, '0');
}
