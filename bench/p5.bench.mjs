import { setTimeout as delay } from 'node:timers/promises';
import { BareDeployments } from './src/bare-deployments.mjs';
import { quantile } from './src/statistics.mjs';
import { Shop } from './src/shop.mjs';
import { measureRatios } from './src/ratio.mjs';

/** Instances of one turn, by how many are bought in a second. */
const TURNS = { 1: 8, 20: 80, 50: 150 };
/** Fewer than elsewhere, at the most: one takes up to half a minute. */
const ROUNDS = { least: 7, most: 10 };

/**
 * From the purchase to the running instance: a billing event over HTTP, an app of an init node, a database that waits for it and a web server that waits
 * for the database, on a simulated cluster (10 ms for each call to its API, 100 ms until a container is ready, the init node runs for 100 ms). The control does
 * on a cluster of its own the same calls with the same objects, in the order of the arrows, each as early as it can be: it keeps no record, decides
 * nothing, and has one watch.
 */
export async function run({ log }) {
  const shop = await Shop.open();
  const bare = await BareDeployments.open(shop.configuration);
  try {
    const results = [];
    for (const [rate, count] of Object.entries(TURNS)) {
      log(`  P5@${rate}: ${count} purchases a turn, ${rate} in a second`);
      const measured = await measureRatios({
        rounds: ROUNDS,
        control: () => turn(bare, count, Number(rate)),
        ours: () => turn(shop, count, Number(rate)),
        figures: [
          ...(rate === '1' ? [{ id: 'P5-p50@1', of: 'p50', atMost: 1.25 }] : []),
          { id: `P5-p99@${rate}`, of: 'p99', atMost: rate === '1' ? 1.8 : 2.5 },
        ],
        onRound: (a, b) => log(`  P5@${rate}: bare ${inWords(a)}, ours ${inWords(b)}`),
      });
      results.push(...measured);
    }
    return results;
  } finally {
    await shop.close();
    await bare.close();
  }
}

const inWords = ({ p50, p99 }) => `p50 ${Math.round(p50)} ms, p99 ${Math.round(p99)} ms`;

/** At a fixed rate of arrival, whatever takes how long; what was made goes again before the turn is over. */
async function turn(deployments, count, perSecond) {
  const begun = performance.now();
  const running = [];
  for (let n = 0; n < count; n++) {
    const wait = begun + (n * 1000) / perSecond - performance.now();
    if (wait > 0) await delay(wait);
    running.push(deployments.deploy());
  }
  const made = await Promise.all(running);
  await deployments.clear();
  const times = made.map(({ ms }) => ms);
  return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
}
