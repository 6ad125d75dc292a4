import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measureRatios } from './src/ratio.mjs';
import { codec, eventSourcing, LmdbEventStore, newEvent, openRaw } from './src/replay.mjs';

const EVENTS = Number(process.env.SOUK_BENCH_EVENTS ?? 1_000_000);
const STREAMS = 10_000;
/** Events in one append while the store is filled. */
const APPEND = 10;

/**
 * All events, read as a service reads them (`$all`, through the codec), folded into the states of their streams; against a scan of a raw
 * LMDB table of the same records, decoded by the same functions and folded by the same. There is no hash chain yet to verify.
 */
export async function run({ log }) {
  const folder = mkdtempSync(join(tmpdir(), 'souk-bench-'));
  const raw = openRaw(join(folder, 'raw'));
  const store = await LmdbEventStore.open({ directory: join(folder, 'store') });
  const coded = new eventSourcing.CodedEventStore(store, codec);
  try {
    log(`  P3: writing ${EVENTS} events twice`);
    await fill(store, raw);
    return await measureRatios({
      control: () => replayRaw(raw.scan(0, EVENTS)),
      ours: () => replay(coded.readAll()),
      figures: [{ id: 'P3', of: 'throughput', atLeast: 0.7 }],
      onRound: (a, b) => log(`  P3: control ${Math.round(a.throughput)} events/s, ours ${Math.round(b.throughput)} events/s`),
    });
  } finally {
    await store.close();
    await raw.close();
    rmSync(folder, { recursive: true });
  }
}

/** The plainest state, so that the reading counts. */
class Replay {
  states = new Map();
  count = 0;
  start = performance.now();

  fold({ stream, data }) {
    const { moves = 0 } = this.states.get(stream) ?? {};
    this.states.set(stream, { moves: moves + 1, last: data.position });
    this.count++;
  }

  done() {
    if (this.count !== EVENTS || this.states.size !== Math.min(STREAMS, EVENTS / APPEND))
      throw new Error(`${this.count} events of ${this.states.size} streams`);
    return { throughput: (this.count / (performance.now() - this.start)) * 1000 };
  }
}

async function replay(events) {
  const replayed = new Replay();
  for await (const event of events) replayed.fold(event);
  return replayed.done();
}

/** Without a turn of the event loop. */
async function replayRaw(records) {
  const replayed = new Replay();
  for (const event of records) replayed.fold(event);
  return replayed.done();
}

async function fill(store, raw) {
  for (let n = 0; n < EVENTS;) {
    const appends = [];
    for (let i = 0; i < 200 && n < EVENTS; i++, n += APPEND) {
      const turn = n / APPEND;
      const stream = `configuration-${(turn % STREAMS).toString().padStart(26, '0')}`;
      const revision = Math.floor(turn / STREAMS) * APPEND;
      const events = Array.from({ length: APPEND }, (_, k) => newEvent(n + k));
      appends.push(store.append(stream, revision === 0 ? 'no-stream' : revision - 1, events));
      for (const [k, event] of events.entries()) appends.push(raw.put(n + k, stream, revision + k, event));
    }
    await Promise.all(appends);
  }
}
