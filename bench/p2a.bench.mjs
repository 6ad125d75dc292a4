import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { append, newEvent, streams } from './src/appends.mjs';
import { closedLoop } from './src/load.mjs';
import { measureRatios } from './src/ratio.mjs';

const require = createRequire(import.meta.url);

const EVENT_BYTES = 300;
/** Of a turn, by number of writers: many of them need longer to come to the same figure again. */
const SECONDS = { 1: 0.5, 64: 0.25, 1024: 1 };
const TARGETS = { 1: 0.9, 64: 0.75, 1024: 0.35 };

/**
 * Durable appends with expected revision, event ids and global position, against raw puts of as many bytes by as many writers into LMDB,
 * each flushed before it is acknowledged (its keys ascend, which is the cheapest for LMDB). Both draw their stream by Zipf's law and make
 * an event object; only ours turns it into bytes.
 */
export async function run({ log }) {
  const results = [];
  for (const [writers, atLeast] of Object.entries(TARGETS)) {
    results.push(...(await atWriters(Number(writers), atLeast, log)));
  }
  return results;
}

async function atWriters(writers, atLeast, log) {
  const folder = mkdtempSync(join(tmpdir(), 'souk-bench-'));
  const raw = openRaw(join(folder, 'raw'));
  const { LmdbEventStore } = require('../dist/libs/event-store/src/index.js');
  const store = await LmdbEventStore.open({ directory: join(folder, 'store') });
  try {
    const load = { workers: writers, seconds: SECONDS[writers] };
    const byStream = { raw: streams(), ours: streams() };
    return await measureRatios({
      control: () => closedLoop({ ...load, one: () => rawPut(raw, byStream.raw) }),
      ours: () => closedLoop({ ...load, one: () => append(store, byStream.ours) }),
      figures: [{ id: `P2a@${writers}`, of: 'throughput', atLeast }],
      onRound: (control, ours) =>
        log(`  P2a@${writers}: ${Math.round(control.throughput)} puts/s, ${Math.round(ours.throughput)} appends/s`),
    });
  } finally {
    await store.close();
    await raw.close();
    rmSync(folder, { recursive: true });
  }
}

function rawPut(raw, streamsOfRaw) {
  return streamsOfRaw.use(async () => {
    const bytes = Buffer.alloc(EVENT_BYTES);
    bytes.write(newEvent().id, 'latin1');
    await raw.put(bytes);
  });
}

/** The plainest durable table: each put is on disk when its promise is fulfilled; those of one turn of the event loop share a flush. */
function openRaw(path) {
  const root = require('lmdb').open(path, { encoding: 'binary', overlappingSync: false });
  const table = root.openDB('log', { encoding: 'binary', keyEncoding: 'uint32' });
  let key = 0;
  return {
    put: (bytes) => table.put(key++, bytes),
    close: () => root.close(),
  };
}
