import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { appStreams, instanceStreams, recordStreams } from './made-up.mjs';
import { caughtUp, registerAccount, startMarketplace } from './marketplace.mjs';

/**
 * A data folder with so many instances and apps, read models and history built, no marketplace running on it.
 * @typedef {{ dataDir: string, operator: string, buyer: { tenantId: string, token: string }, provider: { tenantId: string, token: string } }} World
 */

/** @type {Map<string, Promise<World>>} */
const made = new Map();

process.once('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
const folders = [];

/**
 * Makes it once in a run: benchmarks may share it. Removed when the run ends.
 * @param {{ instances?: number, restarts?: number, apps?: number }} size
 * @returns {Promise<World>}
 */
export function worldOf({ instances = 0, restarts = 0, apps = 0 }, log) {
  const key = JSON.stringify({ instances, restarts, apps });
  if (!made.has(key)) made.set(key, makeWorld({ instances, restarts, apps }, log));
  return made.get(key);
}

async function makeWorld({ instances, restarts, apps }, log) {
  const dataDir = mkdtempSync(join(tmpdir(), 'souk-bench-'));
  folders.push(dataDir);
  const first = await startMarketplace(dataDir);
  const { operator } = first;
  const buyer = await registerAccount(first, 'buyer');
  const provider = await registerAccount(first, 'provider');
  await first.stop();
  if (instances + apps === 0) return { dataDir, operator, buyer, provider };

  const begun = performance.now();
  const seconds = () => `${((performance.now() - begun) / 1000).toFixed(0)} s`;
  const parties = { ownerTenant: buyer.tenantId, providerTenant: provider.tenantId };
  const events =
    (await recordStreams(dataDir, instanceStreams({ count: instances, restarts, ...parties }))) +
    (await recordStreams(dataDir, appStreams({ count: apps, providerTenant: provider.tenantId })));
  log(`  ${instances} instances, ${apps} apps: ${events} events recorded after ${seconds()}`);
  const building = await startMarketplace(dataDir);
  log(`  … read models built after ${seconds()}`);
  await caughtUp({ ...building, operator });
  log(`  … history built after ${seconds()}`);
  await building.stop();
  return { dataDir, operator, buyer, provider };
}
