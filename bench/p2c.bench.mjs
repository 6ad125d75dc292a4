import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { append, newEvent, streams } from './src/appends.mjs';
import { closedLoop } from './src/load.mjs';
import { requireFrom } from './src/peers.mjs';
import { startPostgres } from './src/postgres.mjs';
import { measureRatios } from './src/ratio.mjs';

const require = createRequire(import.meta.url);

const WRITERS = 64;
const SECONDS = 1;

/** The same appends as P2a, against emmett-postgresql on a PostgreSQL of its own as it is installed here, `synchronous_commit=on`. */
export async function run({ log }) {
  const peer = requireFrom('emmett-postgresql', log);
  const postgres = await startPostgres(WRITERS + 10);
  const emmett = await openEmmett(peer, postgres.url);
  const folder = mkdtempSync(join(tmpdir(), 'souk-bench-'));
  const { LmdbEventStore } = require('../dist/libs/event-store/src/index.js');
  const store = await LmdbEventStore.open({ directory: join(folder, 'store') });
  try {
    const load = { workers: WRITERS, seconds: SECONDS };
    const byStream = { emmett: streams(), ours: streams() };
    return await measureRatios({
      control: () => closedLoop({ ...load, one: () => emmett.append(byStream.emmett) }),
      ours: () => closedLoop({ ...load, one: () => append(store, byStream.ours) }),
      figures: [{ id: `P2c@${WRITERS}`, of: 'throughput', atLeast: 4 }],
      onRound: (control, ours) =>
        log(
          `  P2c@${WRITERS}: emmett-postgresql ${Math.round(control.throughput)}, ours ${Math.round(ours.throughput)} appends/s`,
        ),
    });
  } finally {
    await store.close();
    await emmett.close();
    await postgres.stop();
    rmSync(folder, { recursive: true });
  }
}

async function openEmmett(peer, connectionString) {
  const { getPostgreSQLEventStore } = peer('@event-driven-io/emmett-postgresql');
  const { Pool } = peer('pg');
  const pool = new Pool({ connectionString, max: WRITERS });
  // A connection that is idle when the server ends says so.
  pool.on('error', () => undefined);
  const { rows } = await pool.query("SELECT current_setting('synchronous_commit') AS commit, current_setting('fsync') AS fsync");
  if (rows[0].commit !== 'on' || rows[0].fsync !== 'on') throw new Error(`PostgreSQL runs with ${JSON.stringify(rows[0])}`);
  const store = getPostgreSQLEventStore(connectionString, { connectionOptions: { pooled: true, pool } });
  await store.schema.migrate();
  return {
    append: (byStream) =>
      byStream.use(async (stream) => {
        const expectedStreamVersion = stream.head < 0 ? 'STREAM_DOES_NOT_EXIST' : BigInt(stream.head + 1);
        await store.appendToStream(stream.name, [messageOf(newEvent())], { expectedStreamVersion });
        stream.head++;
      }),
    close: async () => {
      await store.close();
      await pool.end();
    },
  };
}

function messageOf({ id, type, data, metadata }) {
  return { type, data, metadata: { ...metadata, messageId: id } };
}
