import { randomOf } from '../bench/src/statistics.mjs';
import { MortalProcesses } from './src/mortal-processes.mjs';
import { openWorld } from './src/shared-world.mjs';
import { shuffledOrders } from './src/shuffled-orders.mjs';

const ORDERS = { full: 300, small: 10 };

/** As R3, at the edge of separate processes. */
export async function run({ small, seed, log, options }) {
  if (MortalProcesses.missing) return { line: `R3-distributed skipped: ${MortalProcesses.missing}`, ok: true };
  const world = await openWorld({ small, patience: { over: false, retries: 0, acknowledged: new Set() } });
  const { processes, shop, patience } = world;
  try {
    const count = Number(options.orders ?? (small ? ORDERS.small : ORDERS.full));
    const cluster = await processes.cluster();
    const { paid, deliveries, problems } = await shuffledOrders({ shop, cluster, count, random: randomOf(seed), log });
    world.orders.push(...paid);
    problems.push(...processes.exits.splice(0));
    const ok = problems.length === 0;
    const figures = `wrong=${problems.length} orders=${count} paid=${paid.length} deliveries=${deliveries}`;
    return { line: `R3-distributed ${figures} ${ok ? 'ok' : 'FAILED'}`, ok, problems: problems.slice(0, 20) };
  } finally {
    patience.over = true;
    await world.close();
  }
}
