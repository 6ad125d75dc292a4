import { createHash } from 'node:crypto';
import type { EventStore, RecordedEvent } from '@souk/event-sourcing';

export interface StoreDifference {
  readonly stream: string;
  readonly sourceEvents: number;
  readonly targetEvents: number;
}

export interface StoreComparison {
  readonly events: number;
  readonly streams: number;
  /** Streams that are not the same event by event: id, type, revision, time and bytes, in their order. */
  readonly different: readonly StoreDifference[];
}

interface Digest {
  count: number;
  hash: Buffer;
}

/** Reads both stores whole. @param onProgress told of events read, of both together */
export async function compareStores(
  source: EventStore,
  target: EventStore,
  onProgress: (read: number) => void = () => undefined,
): Promise<StoreComparison> {
  let read = 0;
  const tick = (): void => onProgress(++read);
  const left = await digestsOf(source, tick);
  const right = await digestsOf(target, tick);
  const different: StoreDifference[] = [];
  let events = 0;
  for (const stream of new Set([...left.keys(), ...right.keys()])) {
    const [ours, theirs] = [left.get(stream), right.get(stream)];
    events += ours?.count ?? 0;
    if (ours?.count === theirs?.count && ours?.hash.equals(theirs!.hash)) continue;
    different.push({ stream, sourceEvents: ours?.count ?? 0, targetEvents: theirs?.count ?? 0 });
  }
  return { events, streams: left.size, different };
}

/** A chain over each stream: the hash of the event and of all before it. */
async function digestsOf(store: EventStore, tick: () => void): Promise<Map<string, Digest>> {
  const digests = new Map<string, Digest>();
  for await (const event of store.readAll()) {
    const digest = digests.get(event.stream);
    if (digest) {
      digest.count++;
      digest.hash = chained(digest.hash, event);
    } else digests.set(event.stream, { count: 1, hash: chained(Buffer.alloc(0), event) });
    tick();
  }
  return digests;
}

function chained(before: Buffer, { id, type, revision, recordedAt, data, metadata }: RecordedEvent): Buffer {
  return createHash('sha256')
    .update(before)
    .update(JSON.stringify([id, type, revision, recordedAt, data, metadata]))
    .digest();
}
