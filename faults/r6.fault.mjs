import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const require = createRequire(import.meta.url);

/** Each of them simulates minutes of processes that freeze, die and get no answers. */
const SIZES = {
  full: { leases: 150, deadlines: 50, windows: 50, requests: 100_000 },
  small: { leases: 3, deadlines: 1, windows: 1, requests: 100_000 },
};
const MINUTE = 60_000;

/**
 * Clocks that are set ahead and back by twenty minutes: those of simulated processes, and the one that the store takes its time from. No lease
 * is held by two, no deadline is done twice or left out, positions and recorded times never go back, also over a restart, and the signature
 * window is exact.
 */
export async function run({ small, seed, log }) {
  const testing = require('../dist/libs/coordination/testing/index.js');
  const { windowErrors } = require('../dist/services/authorization/test/window-simulation.js');
  const sizes = small ? SIZES.small : SIZES.full;
  const found = await testing.whileClockJumps(testing.randomFrom(seed), async () => ({
    ...(await leases(testing, sizes.leases, seed, log)),
    ...(await deadlines(testing, sizes.deadlines, seed, log)),
  }));
  let wrong = 0;
  for (let i = 0; i < sizes.windows; i++) {
    wrong += windowErrors(seed + i, sizes.requests);
    log(`signature windows: ${i + 1} of ${sizes.windows}`);
  }

  const back = found.leasesBack + found.deadlinesBack;
  const ok =
    found.heldTwice + found.neverHeld + found.firedTwice + found.missed + back + wrong === 0 && found.terms > sizes.leases;
  const figures = [
    `leases-held-twice=${found.heldTwice}`,
    `deadlines-fired-twice=${found.firedTwice}`,
    `positions-back=${back}`,
    `window-errors=${wrong}`,
  ];
  return { line: `R6 ${figures.join(' ')} ${ok ? 'ok' : 'FAILED'}`, ok, ...found, windowErrors: wrong };
}

async function leases({ simulateLeases, positionsBack }, count, seed, log) {
  const { LmdbEventStore } = require('../dist/libs/event-store/src/index.js');
  const folder = mkdtempSync(join(tmpdir(), 'souk-faults-'));
  let store = await LmdbEventStore.open({ directory: folder });
  const found = { heldTwice: 0, neverHeld: 0, terms: 0, leasesBack: 0 };
  try {
    for (let i = 0; i < count; i++) {
      const findings = await simulateLeases(store, { seed: seed + i, keepers: 5, troubleMs: 10 * MINUTE });
      found.heldTwice += findings.heldTwice + findings.tokensBack;
      found.neverHeld += findings.heldInTheEnd ? 0 : 1;
      found.terms += findings.terms;
      log(`leases: ${i + 1} of ${count}, ${found.terms} terms`);
      await store.close();
      store = await LmdbEventStore.open({ directory: folder });
    }
    found.leasesBack = await positionsBack(store);
    return found;
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function deadlines({ DeadlineWorld, simulateDeadlines, positionsBack }, count, seed, log) {
  const world = await DeadlineWorld.open();
  const found = { firedTwice: 0, missed: 0, sent: 0, deadlinesBack: 0 };
  try {
    for (let i = 0; i < count; i++) {
      const findings = await simulateDeadlines(world, { seed: seed + i, processes: 3, deadlines: 100, troubleMs: 20 * MINUTE });
      found.firedTwice += findings.firedTwice;
      found.missed += findings.missed;
      found.sent += findings.sent;
      log(`deadlines: ${i + 1} of ${count}, ${found.sent} commands sent`);
    }
    found.deadlinesBack = await positionsBack(world.store);
    return found;
  } finally {
    await world.close();
  }
}
