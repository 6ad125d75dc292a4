import { setTimeout as delay } from 'node:timers/promises';
import { audit } from './src/customer.mjs';
import { MortalProcesses } from './src/mortal-processes.mjs';
import { openWorld } from './src/shared-world.mjs';
import { Workshop } from './src/workshop.mjs';

const SIZES = { full: { rounds: 2, seconds: 60, everyMs: 10_000 }, small: { rounds: 1, seconds: 2, everyMs: 1_000 } };
const MOST_SECONDS_BACK = 10;
/** What is done to the broker of the processes. Between the two commands go on. */
const HARMS = {
  killed: (processes, ms) => processes.kill(processes.of('bus')[0], ms),
  frozen: (processes, ms) => processes.freeze(processes.of('bus')[0], ms),
  'robbed of its data': (processes, ms) => processes.wipeBroker(ms),
  'cut off': (processes, ms) => processes.part('cut', ms),
  'out of earshot': (processes, ms) => processes.part('swallow', ms),
};

/**
 * Separate processes whose broker is taken away in every way, while a provider works and orders come in at the edge. None of them may notice: every
 * command succeeds the first time. Orders that came meanwhile are fulfilled afterwards, each once, and one that comes when the broker is back within ten
 * seconds.
 */
export async function run({ small, log, options }) {
  if (MortalProcesses.missing) return { line: `R5-distributed skipped: ${MortalProcesses.missing}`, ok: true };
  const { rounds, seconds: usual, everyMs } = small ? SIZES.small : SIZES.full;
  const seconds = options.minutes ? Number(options.minutes) * 60 : usual;
  const world = await openWorld({ small, patience: { over: false, retries: 0, acknowledged: new Set() } });
  const { processes, shop, patience } = world;
  try {
    const workshop = new Workshop(shop.provider);
    const begun = { acknowledged: patience.acknowledged.size, orders: world.orders.length };
    let backAfter = 0;
    for (let round = 0; round < rounds; round++)
      for (const [name, harm] of Object.entries(HARMS)) {
        const load = { running: true };
        const loaded = Promise.all([work(workshop, load), order(world, load, everyMs)]);
        await harm(processes, seconds * 1_000);
        const back = performance.now();
        world.orders.push({ ...(await shop.buy(`order-${world.orders.length}`)), ends: 'running' });
        const after = (performance.now() - back) / 1_000;
        load.running = false;
        await loaded;
        backAfter = Math.max(backAfter, after);
        log(`round ${round + 1} of ${rounds}, ${name} for ${seconds} s: back after ${after.toFixed(1)} s`);
      }
    const failed = patience.retries;
    for (const one of world.orders) {
      one.instanceId ??= (await shop.fulfilled(one.purchaseId)).instanceId;
      await shop.becomes(one.instanceId, ({ status }) => status === one.ends);
    }
    const found = await audit(shop, await processes.cluster(), world.orders);
    const problems = [...found.problems, ...(await workshop.missing()), ...processes.exits.splice(0)];
    // Seconds of a machine that does much else tell nothing.
    const isQuick = small || backAfter <= MOST_SECONDS_BACK;
    const ok = failed === 0 && problems.length === 0 && isQuick;
    const figures = `commands-failed=${failed} missing=${problems.length} back-after-s=${backAfter.toFixed(1)}`;
    const sizes = `commands=${patience.acknowledged.size - begun.acknowledged} orders=${world.orders.length - begun.orders}`;
    return { line: `R5-distributed ${figures} ${sizes} ${ok ? 'ok' : 'FAILED'}`, ok, backAfter, problems: problems.slice(0, 20) };
  } finally {
    patience.over = true;
    await world.close();
  }
}

async function work(workshop, load) {
  while (load.running) await workshop.work();
}

/** Orders that nobody waits for. */
async function order({ shop, orders }, load, everyMs) {
  while (load.running) {
    const orderId = `order-${orders.length}`;
    const one = { orderId, ends: 'running' };
    orders.push(one);
    one.purchaseId = (await shop.deliver(shop.paid(orderId))).purchaseId;
    await delay(everyMs);
  }
}
