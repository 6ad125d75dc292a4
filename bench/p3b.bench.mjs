import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measureRatios } from './src/ratio.mjs';
import {
  beginning,
  codec,
  configuration,
  eventSourcing,
  LmdbEventStore,
  LmdbReadStore,
  newEvent,
  openRaw,
} from './src/replay.mjs';
import { randomOf } from './src/statistics.mjs';

const EVENTS = Number(process.env.SOUK_BENCH_EVENTS ?? 10_000);
/** Events of other streams between two of this one: in the log its events do not stand side by side. */
const BETWEEN = 3;
/** Points of history in one turn. */
const POINTS = Number(process.env.SOUK_BENCH_POINTS ?? 20);
const SEED = 7;

/**
 * The state of one long stream as of a revision or a time, drawn by lot; against a read of the range from its start in a raw LMDB table that
 * holds nothing else, decoded by the same functions. With snapshots: those that the commands of the stream have left behind.
 */
export async function run({ log }) {
  const folder = mkdtempSync(join(tmpdir(), 'souk-bench-'));
  const raw = openRaw(join(folder, 'raw'));
  const store = await LmdbEventStore.open({ directory: join(folder, 'store') });
  const reads = await LmdbReadStore.open({ directory: join(folder, 'reads'), signingKey: Buffer.alloc(32, SEED) });
  const coded = new eventSourcing.CodedEventStore(store, codec);
  const plain = new eventSourcing.CommandHandler(coded);
  const kept = new eventSourcing.CommandHandler(coded, { store: reads.snapshots });
  try {
    log(`  P3b: ${EVENTS} commands`);
    const times = await fill(store, raw, kept);
    const random = randomOf(SEED);
    const revisions = Array.from({ length: POINTS }, () => Math.floor(random() * EVENTS));
    const control = async () => ({ revision: await timeOf(revisions, (n) => last(raw.scan(0, n + 1))) });
    const ours = async (handler) => ({
      revision: await timeOf(revisions, (n) => expectAt(n, handler.load(configuration, 'long', { revision: n }))),
      time: await timeOf(revisions, (n) =>
        expectAt(times.lastIndexOf(times[n]), handler.load(configuration, 'long', { time: times[n] })),
      ),
    });
    const results = [];
    for (const [suffix, handler, atMost] of [
      ['', plain, 1.4],
      ['-snapshot', kept, 0.05],
    ])
      results.push(
        ...(await measureRatios({
          control: async () => {
            const { revision } = await control();
            return { revision, time: revision };
          },
          ours: () => ours(handler),
          figures: [
            { id: `P3b${suffix}-revision`, of: 'revision', atMost },
            { id: `P3b${suffix}-time`, of: 'time', atMost },
          ],
          onRound: (a, b) =>
            log(
              `  P3b${suffix}: control ${a.revision.toFixed(2)} ms, as of a revision ${b.revision.toFixed(2)} ms, of a time ${b.time.toFixed(2)} ms`,
            ),
        })),
      );
    return results;
  } finally {
    await kept.idle();
    await Promise.all([store.close(), reads.close()]);
    await raw.close();
    rmSync(folder, { recursive: true });
  }
}

/** Milliseconds for one of them, on average. */
async function timeOf(revisions, one) {
  const start = performance.now();
  for (const revision of revisions) await one(revision);
  return (performance.now() - start) / revisions.length;
}

function last(events) {
  let position;
  for (const event of events) position = event.position;
  return position;
}

async function expectAt(revision, loading) {
  const loaded = await loading;
  if (loaded.revision !== revision) throw new Error(`as of ${revision}: ${loaded.revision}`);
}

/** One fact in each command. Answers when each event of the long stream was recorded. */
async function fill(store, raw, commands) {
  for (let n = 0; n < EVENTS; n++) {
    const { type, data, metadata } = newEvent(n);
    const { commandId, correlationId, causationId, actor } = metadata;
    const context = { commandId, correlationId, causationId, actor };
    await Promise.all([
      commands.handle(configuration, 'long', [beginning[n] ?? { type, data }], context),
      ...Array.from({ length: BETWEEN }, (_, i) =>
        store.append(`configuration-${(n * BETWEEN + i) % 1000}`, 'any', [newEvent(EVENTS + n * BETWEEN + i)]),
      ),
    ]);
  }
  await commands.idle();
  const times = [];
  for await (const event of store.readStream('configuration-long')) {
    times.push(event.recordedAt);
    await raw.put(event.revision, event.stream, event.revision, event);
  }
  return times;
}
