import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventStoreProcess } from './src/event-store-process.mjs';
import { poisonRun } from './src/poison.mjs';

const require = createRequire(import.meta.url);

const SIZES = { full: { pairs: 5, messages: 3_000, perTick: 2 }, small: { pairs: 1, messages: 200, perTick: 1 } };

/** As R4, through NATS JetStream, over EventStoreDB's protocol: event store and broker are processes of their own. */
export async function run({ small, seed, log }) {
  const { withoutNats } = require('../dist/libs/messaging/testing/nats-server.js');
  if (withoutNats) return { line: `R4-distributed skipped: ${withoutNats}`, ok: true };
  const size = small ? SIZES.small : SIZES.full;
  return poisonRun({ name: 'R4-distributed', openStores, size, asksForLag: !small, seed, log });
}

async function openStores() {
  const { openEventStoreDb } = require('../dist/libs/event-store/src/index.js');
  const { LmdbReadStore } = require('../dist/libs/read-store/src/index.js');
  const { openJetStreamBus } = require('../dist/libs/messaging/src/index.js');
  const { NatsServer } = require('../dist/libs/messaging/testing/nats-server.js');
  const folder = mkdtempSync(join(tmpdir(), 'souk-faults-'));
  const server = await EventStoreProcess.start(folder);
  const broker = await NatsServer.start();
  const eventStore = await openEventStoreDb({ connectionString: server.connectionString });
  const readStore = await LmdbReadStore.open({ directory: join(folder, 'reads'), signingKey: Buffer.alloc(32, 1) });
  return {
    eventStore,
    readStore,
    openBus: (parked, options) => openJetStreamBus({ ...options, servers: broker.url, eventStore, readStore, parked }),
    close: async () => {
      await eventStore.close();
      await readStore.close();
      await broker.close();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
