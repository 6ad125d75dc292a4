import { randomOf, zipf } from './statistics.mjs';

/** What writers append in P2: events of about 300 bytes of JSON, to streams that are drawn by Zipf's law. */
const STREAMS = 10_000;
const SEED = 42;

/** Streams with their last revisions; one that a writer is at is left to it. */
export function streams() {
  const draw = zipf(STREAMS, randomOf(SEED));
  const all = Array.from({ length: STREAMS }, (_, i) => ({
    name: `instance-ins_${i.toString().padStart(26, '0')}`,
    head: -1,
    taken: false,
  }));
  return {
    async use(what) {
      let i = draw();
      while (all[i].taken) i = (i + 1) % STREAMS;
      const stream = all[i];
      stream.taken = true;
      await what(stream);
      stream.taken = false;
    },
  };
}

/** One append at the exact revision. */
export function append(store, streamsOfStore) {
  return streamsOfStore.use(async (stream) => {
    const { revision } = await store.append(stream.name, stream.head < 0 ? 'no-stream' : stream.head, [newEvent()]);
    stream.head = revision;
  });
}

let made = 0;

/** 300 bytes of JSON. */
export function newEvent() {
  const number = (made++).toString(16).padStart(12, '0');
  const id = `0193b5c0-5b7a-8000-8000-${number}`;
  return {
    id,
    type: 'NodeBecameReady',
    data: { node: 'web' },
    metadata: {
      commandId: `c${number}`,
      correlationId: `r${number}`,
      causationId: id,
      actor: { kind: 'system', id: 'reconciler' },
      tenants: ['ten_1'],
      schemaVersion: 1,
    },
  };
}
