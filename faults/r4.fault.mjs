import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { poisonRun } from './src/poison.mjs';

const require = createRequire(import.meta.url);

const SIZES = { full: { pairs: 7, messages: 10_000, perTick: 10 }, small: { pairs: 2, messages: 600, perTick: 10 } };

/** One message in a hundred is poison, through the embedded bus over LMDB. */
export async function run({ small, seed, log }) {
  const size = small ? SIZES.small : SIZES.full;
  return poisonRun({ name: 'R4', openStores, size, asksForLag: !small, seed, log });
}

async function openStores() {
  const { LmdbEventStore } = require('../dist/libs/event-store/src/index.js');
  const { LmdbReadStore } = require('../dist/libs/read-store/src/index.js');
  const { InProcessBus } = require('../dist/libs/messaging/src/index.js');
  const folder = mkdtempSync(join(tmpdir(), 'souk-faults-'));
  const eventStore = await LmdbEventStore.open({ directory: join(folder, 'events') });
  const readStore = await LmdbReadStore.open({ directory: join(folder, 'reads'), signingKey: Buffer.alloc(32, 1) });
  return {
    eventStore,
    readStore,
    openBus: (parked, options) => new InProcessBus(eventStore, readStore, parked, options),
    close: async () => {
      await eventStore.close();
      await readStore.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
