// R11: the cluster API answers 429, 409 and 5xx, times out with the write applied, breaks connections and watches, is gone for minutes,
// falls silent. Every deployment converges, nothing is there twice, nothing is left behind, with at most twice the calls of a good day.
import { createRequire } from 'node:module';
import { buildIfNeeded } from '../scripts/build.mjs';

const MAX_RATIO = 2;
const MAX_STALL_MS = 60_000;

/** The whole has the usual time-outs, and an outage of five minutes; the small one has short ones. */
const SIZES = {
  small: { instances: 16, outageMs: 1_000, timeoutMs: 1_000, watchIdleMs: 3_000 },
  whole: { instances: 200, outageMs: 300_000 },
};

export async function run({ small, seed, log }) {
  buildIfNeeded();
  const { clusterTrial } = createRequire(import.meta.url)('../dist/services/marketplace/testing/index.js');
  const result = await clusterTrial({ ...(small ? SIZES.small : SIZES.whole), seed, log });
  const { operations, converged, duplicates, orphans, callsRatio, stallFoundMs } = result;
  const ok =
    converged === operations && duplicates === 0 && orphans === 0 && callsRatio <= MAX_RATIO && stallFoundMs <= MAX_STALL_MS;
  const figures = [
    `deployments=${operations} converged=${converged} duplicates=${duplicates} orphans=${orphans}`,
    `calls-ratio=${callsRatio.toFixed(2)} stall-found-s=${(stallFoundMs / 1000).toFixed(1)}`,
  ];
  return { line: `R11 ${figures.join(' ')} ${ok ? 'ok' : 'short'}`, ok };
}
