import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { randomOf } from '../bench/src/statistics.mjs';
import { all, audit, Customer } from './src/customer.mjs';
import { MortalMarketplace } from './src/mortal-marketplace.mjs';
import { Shop } from './src/shop.mjs';

const require = createRequire(import.meta.url);

const KILLS = { full: 1000, small: 8 };
const CUSTOMERS = 3;
/** A life is ended within so many milliseconds after it began to serve, if no failpoint has done so before. */
const LONGEST_MS = 1_000;

/**
 * The demo as real processes: three customers buy, upgrade and refund, again and again, while the marketplace and its simulated cluster are
 * killed at random instants and at failpoints. In the end everything was done, and once; read models are what a rebuild makes of the events.
 */
export async function run({ small, seed, log, options }) {
  const total = Number(options.kills ?? (small ? KILLS.small : KILLS.full));
  const marketplace = new MortalMarketplace();
  const patience = { over: false, retries: 0 };
  try {
    await marketplace.start();
    const shop = await Shop.open(marketplace.url, marketplace.token, patience);
    const customers = Array.from({ length: CUSTOMERS }, (_, i) => new Customer(shop, `guest-book-${i}`));
    let killing = true;
    const lives = customers.map(async (customer) => {
      while (killing) await customer.wholeLife();
      await customer.buy();
    });
    // Whoever fails is told at the end, and nobody waits for it.
    const living = Promise.all(lives).catch((error) => {
      patience.over = true;
      return error;
    });
    const killer = new Killer(marketplace, randomOf(seed));
    const orders = () => customers.flatMap((customer) => customer.orders);
    while (killer.kills < total && !patience.over) {
      await killer.next();
      log(`${killer.kills} of ${total} kills, ${orders().length} orders, ${patience.retries} retries`);
    }
    killing = false;
    if (!marketplace.isRunning) await marketplace.start();
    log('no more kills: everything comes to its end');
    const failure = await living;
    if (failure instanceof Error) throw failure;
    const found = await audit(shop, await marketplace.cluster(), orders());
    const rebuilt = await sameAfterRebuild(marketplace, shop);
    const again = await audit(shop, await marketplace.cluster(), orders());
    const lost = found.lost + again.lost;
    const doubled = found.doubled + again.doubled;
    const orphans = found.orphans + again.orphans;
    const ok = lost + doubled + orphans === 0 && rebuilt && killer.kills >= total;
    const figures = `lost=${lost} doubled=${doubled} orphans=${orphans} rebuilt=${rebuilt ? 'same' : 'other'}`;
    return {
      line: `R1-demo ${figures} orders=${orders().length} kills=${killer.kills} ${ok ? 'ok' : 'FAILED'}`,
      ok,
      problems: [...found.problems, ...again.problems].slice(0, 20),
      killedBy: killer.ways,
      killedAt: marketplace.killedAt,
    };
  } finally {
    patience.over = true;
    await marketplace.destroy();
  }
}

/** Ends the processes, in all ways that there are. */
class Killer {
  kills = 0;
  ways = {};
  #points = Object.keys(require('../dist/libs/failpoints/src/index.js').failpoints);

  constructor(marketplace, random) {
    this.marketplace = marketplace;
    this.random = random;
  }

  async next() {
    const way = ['instant', 'instant', 'instant', 'failpoint', 'failpoint', 'failpoint', 'cluster', 'cluster-failpoint'];
    const chosen = way[Math.floor(this.random() * way.length)];
    const died = await this[chosen]();
    if (!died) return;
    this.kills++;
    this.ways[chosen] = (this.ways[chosen] ?? 0) + 1;
  }

  /** At any instant, now and then while it starts. */
  async instant() {
    const { marketplace } = this;
    const starting = marketplace.isRunning ? undefined : marketplace.start();
    if (this.random() >= 0.2) await starting;
    await delay(this.random() * LONGEST_MS);
    await marketplace.kill();
    await starting;
    return true;
  }

  async failpoint() {
    const { marketplace } = this;
    await marketplace.kill();
    await marketplace.start(this.#plan((name) => !name.startsWith('cluster-sim.')));
    await Promise.race([marketplace.ended, delay(LONGEST_MS)]);
    await marketplace.kill();
    return true;
  }

  /** The marketplace lives, finds that its cluster is dead, and starts it again. */
  async cluster() {
    const { marketplace } = this;
    if (!marketplace.isRunning && !(await marketplace.start())) return false;
    await delay(this.random() * LONGEST_MS);
    return marketplace.killCluster();
  }

  async 'cluster-failpoint'() {
    const { marketplace } = this;
    await marketplace.kill();
    marketplace.killCluster();
    await marketplace.start(this.#plan((name) => name.startsWith('cluster-sim.')));
    const before = marketplace.clusterPid;
    for (const end = Date.now() + LONGEST_MS; Date.now() < end && isAlive(before);) await delay(10);
    return isAlive(before) ? marketplace.killCluster() : true;
  }

  #plan(concerns) {
    const points = this.#points.filter(concerns);
    return `${points[Math.floor(this.random() * points.length)]}=kill@${1 + Math.floor(this.random() ** 2 * 40)}`;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/**
 * Lists before and after all read models were thrown away, with the places up to which the services had heard of each other: everything is
 * told once more.
 */
async function sameAfterRebuild(marketplace, shop) {
  const lists = async () => {
    const { buyer, provider, operator } = shop;
    const found = [];
    for (const [api, path] of [
      [buyer, '/v1/instances'],
      [buyer, '/v1/purchases'],
      [buyer, '/v1/marketplace/apps'],
      [provider, '/v1/apps'],
      [operator, '/v1/tenants'],
      [operator, '/v1/clusters'],
    ])
      found.push(...(await all(api, path)));
    return JSON.stringify(found);
  };
  const before = await lists();
  await marketplace.stop();
  rmSync(join(marketplace.dataDir, 'read-models'), { recursive: true });
  await marketplace.start();
  return (await lists()) === before;
}
