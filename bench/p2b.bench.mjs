import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { append, newEvent, streams } from './src/appends.mjs';
import { closedLoop } from './src/load.mjs';
import { requireFrom } from './src/peers.mjs';
import { measureRatios } from './src/ratio.mjs';

const require = createRequire(import.meta.url);

const WRITERS = 64;
const SECONDS = 1;

/**
 * The same appends as P2a, against emmett-sqlite: write-ahead log, `synchronous=FULL`, so that each append is flushed before it is
 * acknowledged. Its writers take turns on one connection, which is what SQLite would make of them in any case.
 */
export async function run({ log }) {
  const peer = requireFrom('emmett-sqlite', log);
  const folder = mkdtempSync(join(tmpdir(), 'souk-bench-'));
  const emmett = await openEmmett(peer, join(folder, 'emmett.db'));
  const { LmdbEventStore } = require('../dist/libs/event-store/src/index.js');
  const store = await LmdbEventStore.open({ directory: join(folder, 'store') });
  try {
    const load = { workers: WRITERS, seconds: SECONDS };
    const byStream = { emmett: streams(), ours: streams() };
    return await measureRatios({
      control: () => closedLoop({ ...load, one: () => emmett.append(byStream.emmett) }),
      ours: () => closedLoop({ ...load, one: () => append(store, byStream.ours) }),
      figures: [{ id: `P2b@${WRITERS}`, of: 'throughput', atLeast: 10 }],
      onRound: (control, ours) =>
        log(`  P2b@${WRITERS}: emmett-sqlite ${Math.round(control.throughput)}, ours ${Math.round(ours.throughput)} appends/s`),
    });
  } finally {
    await store.close();
    await emmett.close();
    rmSync(folder, { recursive: true });
  }
}

async function openEmmett(peer, fileName) {
  const { appendToStream, createEventStoreSchema, sqliteConnection } = peer('@event-driven-io/emmett-sqlite');
  const connection = sqliteConnection({ fileName });
  await connection.command('PRAGMA synchronous = FULL');
  const [{ synchronous }] = await connection.query('PRAGMA synchronous');
  const [{ journal_mode: journal }] = await connection.query('PRAGMA journal_mode');
  if (synchronous !== 2 || journal !== 'wal') throw new Error(`SQLite runs with synchronous=${synchronous}, ${journal}`);
  await createEventStoreSchema(connection);
  let turn = Promise.resolve();
  return {
    append: (byStream) =>
      byStream.use((stream) => {
        turn = turn.then(async () => {
          const expectedStreamVersion = stream.head < 0 ? 'STREAM_DOES_NOT_EXIST' : BigInt(stream.head + 1);
          const { success } = await appendToStream(connection, stream.name, 'instance', [messageOf(newEvent())], {
            expectedStreamVersion,
          });
          if (!success) throw new Error(`an append to ${stream.name} did not succeed`);
          stream.head++;
        });
        return turn;
      }),
    close: () => connection.close(),
  };
}

function messageOf({ id, type, data, metadata }) {
  return { type, data, metadata: { ...metadata, messageId: id } };
}
