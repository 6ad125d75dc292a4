import { setTimeout as delay } from 'node:timers/promises';
import { randomOf } from '../bench/src/statistics.mjs';
import { ReadModels } from '../scripts/read-models.mjs';
import { audit, Customer } from './src/customer.mjs';
import { auditLog } from './src/log-audit.mjs';
import { MortalProcesses } from './src/mortal-processes.mjs';
import { openWorld } from './src/shared-world.mjs';

const SIZES = { full: { harms: 150, customers: 3, replicas: 2 }, small: { harms: 6, customers: 2, replicas: 1 } };
/** Harms that are done at the same time, to different processes. */
const AT_ONCE = 2;
/** Between two of them, and how long a killed one stays away, at most: milliseconds. */
const LONGEST_MS = 2_000;

/**
 * Customers buy, upgrade and refund at the edge of separate processes, which are killed one by one in turn, frozen beyond the term of their leases,
 * and parted from their broker. In the end everything was done, and once, by the log, the history, the lists and the cluster; and every read model is
 * what the events make of it.
 */
export async function run({ small, seed, log, options }) {
  if (MortalProcesses.missing) return { line: `R1-distributed skipped: ${MortalProcesses.missing}`, ok: true };
  const { customers: count, replicas, harms } = small ? SIZES.small : SIZES.full;
  const total = Number(options.kills ?? harms);
  const world = await openWorld({ small, replicas, patience: { over: false, retries: 0, acknowledged: new Set() } });
  const { processes, shop, patience } = world;
  try {
    const customers = Array.from({ length: count }, (_, i) => new Customer(shop, `guest-book-${i}`));
    const orders = () => customers.flatMap((customer) => customer.orders);
    let harming = true;
    const lives = customers.map(async (customer) => {
      while (harming) await customer.wholeLife();
      await customer.buy();
    });
    // Whoever fails is told at the end, and nobody waits for it.
    const living = Promise.all(lives).catch((error) => {
      patience.over = true;
      return error;
    });
    let done = 0;
    const harmer = new Harmer(processes, randomOf(seed));
    const harm = async () => {
      while (done < total && !patience.over) {
        done++;
        await harmer.next();
        await processes.tend();
        log(`${done} of ${total} harms, ${orders().length} orders, ${patience.retries} retries`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, harm));
    harming = false;
    log('no more harm: everything comes to its end');
    const failure = await living;
    if (failure instanceof Error) throw failure;
    await processes.processes.whole();
    world.orders.push(...orders());
    const found = await audit(shop, await processes.cluster(), world.orders);
    log(`audited ${orders().length} orders`);
    const events = await auditLog(`${processes.addressOf('event-store')}?tls=false`, patience.acknowledged);
    log(`audited ${events.events} events; rebuilding`);
    const different = await rebuildAll(processes);
    await processes.tend();
    const lost = found.lost + events.lost;
    const doubled = found.doubled + events.doubled;
    const exits = processes.exits.splice(0);
    const problems = [...found.problems, ...events.problems, ...different.problems, ...exits];
    const ok = problems.length === 0 && done >= total;
    const figures = `lost=${lost} doubled=${doubled} orphans=${found.orphans} different=${different.documents} exits=${exits.length}`;
    const sizes = `acknowledged=${patience.acknowledged.size} orders=${orders().length} kills=${done}`;
    return {
      line: `R1-distributed ${figures} ${sizes} ${ok ? 'ok' : 'FAILED'}`,
      ok,
      problems: problems.slice(0, 20),
      harms: processes.harms,
    };
  } finally {
    patience.over = true;
    await world.close();
  }
}

/** Harms everything in turn, in an order that is drawn anew for each round. */
class Harmer {
  #round = [];

  constructor(processes, random) {
    this.processes = processes;
    this.random = random;
  }

  async next() {
    if (this.#round.length === 0) this.#round = this.#shuffled(this.#everything());
    await this.#round.pop()();
    await delay(this.random() * LONGEST_MS);
  }

  #everything() {
    const { processes } = this;
    const forMs = () => this.random() * LONGEST_MS;
    const holders = ['deployment', 'commerce', 'authorization', 'app-catalog'];
    const frozen = processes.of(holders[Math.floor(this.random() * holders.length)]);
    return [
      ...processes.victims.map((victim) => () => processes.kill(victim, forMs())),
      // All replicas of a service but the last, so that whoever held the leases is among them half of the time.
      ...frozen.slice(0, Math.max(1, frozen.length - 1)).map((victim) => () => processes.freeze(victim)),
      () => processes.freeze(processes.of('bus')[0], 3_000 + forMs()),
      () => processes.freeze(processes.of('event-store')[0], 1_000 + forMs()),
      () => processes.part('cut', forMs()),
      () => processes.part('swallow', 3_000 + forMs()),
    ];
  }

  #shuffled(list) {
    const keyed = list.map((item) => ({ item, key: this.random() }));
    return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
  }
}

/** @returns how many documents are others than what the events make of them, and of which models */
async function rebuildAll({ url, token }) {
  const models = new ReadModels(url, token);
  const result = { documents: 0, problems: [] };
  for (const { name } of await models.list()) {
    let last;
    await models.rebuild(name);
    for await (const progress of models.progress(name)) last = progress;
    result.documents += last.different;
    if (last.status !== 'switched' || last.different > 0)
      result.problems.push(`${name}: ${last.status}, ${last.different} documents are others after a rebuild`);
  }
  return result;
}
