import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { randomOf } from '../bench/src/statistics.mjs';
import { all, audit, Customer } from './src/customer.mjs';
import { heapEnvironment, MemoryWatch } from './src/memory.mjs';
import { MortalMarketplace } from './src/mortal-marketplace.mjs';
import { Shop } from './src/shop.mjs';
import { Workshop } from './src/workshop.mjs';

const MINUTES = { full: 30, small: 1 };
/** Between two kills, in milliseconds. */
const KILL_EVERY = { full: 60_000, small: 6_000 };
/** At the end nothing is killed for this share of the time: does memory grow in one life? */
const PEACE = 0.2;
const CUSTOMERS = 3;
/** Everybody rests after each piece of work, which bounds how much there will be. */
const REST_MS = 400;
const SAMPLE_MS = 2_000;
/** More memory than that, at the same age or within a life, is no longer flat. A minute is too short to tell. */
const FLAT = 0.2;

/**
 * Mixed load on the real processes, one of them killed every minute: customers buy, restart, upgrade and refund; a provider makes apps and
 * draws; readers go through lists, the history, and progress as it happens. In the end nothing that was acknowledged is lost, nothing was
 * done twice, nothing is left over, and memory is flat. `--minutes n`
 */
export async function run({ small, seed, log, options }) {
  const minutes = Number(options.minutes ?? (small ? MINUTES.small : MINUTES.full));
  const killEvery = Math.min(small ? KILL_EVERY.small : KILL_EVERY.full, (minutes * 60_000) / 5);
  const random = randomOf(seed);
  const heaps = mkdtempSync(join(tmpdir(), 'souk-heaps-'));
  const marketplace = new MortalMarketplace(heapEnvironment(heaps));
  const patience = { over: false, retries: 0 };
  try {
    configureCluster(marketplace.dataDir);
    await marketplace.start();
    const shop = await Shop.open(marketplace.url, marketplace.token, patience);
    const load = new Load(shop, random);
    const memory = { marketplace: new MemoryWatch(heaps, killEvery * 0.8), cluster: new MemoryWatch(heaps, killEvery * 0.8) };
    const began = performance.now();
    const ends = began + minutes * 60_000;
    let kills = 0;
    let nextKill = began + killEvery;
    while (performance.now() < ends && !load.failure) {
      await delay(SAMPLE_MS);
      memory.marketplace.sample(marketplace.pid);
      memory.cluster.sample(marketplace.clusterPid);
      if (performance.now() >= nextKill && performance.now() < ends - PEACE * minutes * 60_000) {
        await killOne(marketplace, random);
        kills++;
        nextKill += killEvery * (0.5 + random());
      }
      const seconds = Math.round((performance.now() - began) / 1000);
      log(
        `${seconds} of ${minutes * 60} s, ${kills} kills, ${load.done}, ${patience.retries} retries, ` +
          `heap ${mega(memory.marketplace.last)} + ${mega(memory.cluster.last)} MB`,
      );
    }
    log('no more load: everything comes to its end');
    await load.end();
    const found = await audit(shop, await marketplace.cluster(), load.orders);
    const missing = await load.workshop.missing();
    const lost = found.lost + missing.length;
    const growths = Object.entries(memory).flatMap(([name, watch]) => [
      [`${name} between lives`, watch.betweenLives],
      [`${name} within its last life`, watch.withinLife],
    ]);
    const growth = Math.max(...growths.map(([, one]) => one));
    const ok = lost + found.doubled + found.orphans + load.outOfOrder === 0 && (small || growth <= FLAT);
    const { head } = await shop.auditor.get('/v1/history/status');
    return {
      line:
        `soak minutes=${minutes} kills=${kills} lost=${lost} doubled=${found.doubled} orphans=${found.orphans} ` +
        `orders=${load.orders.length} memory-growth=${(growth * 100).toFixed(1)}% ${ok ? 'ok' : 'FAILED'}`,
      ok,
      problems: [...found.problems, ...missing].slice(0, 20),
      growths: Object.fromEntries(growths),
      events: Number.parseInt(head.split('-')[1], 16),
      done: load.done,
    };
  } finally {
    patience.over = true;
    await marketplace.destroy();
    rmSync(heaps, { recursive: true, force: true });
  }
}

/** Hosts for everything that will run at once; what the cluster remembers of the past is full soon, so that more memory later is a leak. */
function configureCluster(dataDir) {
  mkdirSync(join(dataDir, 'cluster-sim'), { recursive: true });
  const hosts = ['edge-1', 'edge-2', 'edge-3'].map((name) => ({ name, cpu: '64', memory: '256Gi' }));
  writeFileSync(join(dataDir, 'cluster-sim', 'config.json'), JSON.stringify({ hosts, watchHistory: 500, maxEvents: 200 }));
}

/** kill -9 of one of the two; the marketplace is started again here, and starts its cluster again itself. */
async function killOne(marketplace, random) {
  if (random() < 0.3) {
    marketplace.killCluster();
    return;
  }
  await marketplace.kill();
  await marketplace.start();
}

/** Everybody who works on the marketplace, until told to come to an end. */
class Load {
  failure;
  reads = 0;
  progress = 0;
  /** Events of a progress stream that came twice, or not in order. */
  outOfOrder = 0;
  #ending = false;
  #running;

  constructor(shop, random) {
    this.shop = shop;
    this.customers = Array.from({ length: CUSTOMERS }, (_, i) => new Customer(shop, `guest-book-${i}`));
    this.workshop = new Workshop(shop.provider);
    const work = [
      ...this.customers.map((customer) => () => customer.wholeLife({ restart: random() < 0.3 })),
      () => this.workshop.work(),
      () => this.#read(),
      () => this.#follow(),
    ];
    this.#running = Promise.all(work.map((one) => this.#repeat(one)));
    this.#running.catch((error) => (this.failure = error));
  }

  get orders() {
    return this.customers.flatMap(({ orders }) => orders);
  }

  get done() {
    const { orders, workshop, reads, progress } = this;
    return `${orders.length} orders, ${workshop.apps.length} apps, ${reads} reads, ${progress} events of progress`;
  }

  /** Everybody brings to its end what is begun; each customer keeps one instance. @throws what somebody met */
  async end() {
    this.#ending = true;
    await this.#running;
    await Promise.all(this.customers.map((customer) => customer.buy()));
  }

  async #repeat(work) {
    while (!this.#ending) {
      await work();
      await delay(REST_MS);
    }
  }

  async #read() {
    const { buyer, provider, auditor, operator } = this.shop;
    await all(buyer, '/v1/instances');
    await buyer.get('/v1/purchases?limit=50');
    await buyer.get('/v1/marketplace/apps?search=tomcat');
    await provider.get('/v1/apps?limit=50');
    await auditor.get('/v1/history?limit=100');
    await operator.get('/v1/clusters');
    this.reads += 6;
  }

  /** The progress of an upgrade, as it happens; where the stream is cut off, all of it again. */
  async #follow() {
    const { buyer } = this.shop;
    const { items } = await buyer.get('/v1/instances?status=upgrading&limit=1');
    const operationId = items[0]?.operation?.operationId;
    for (let ended = operationId === undefined; !ended && !this.#ending;) {
      try {
        let before = '';
        for await (const { id, type } of buyer.events(`/v1/operations/${operationId}/events`)) {
          if (id <= before) this.outOfOrder++;
          before = id;
          this.progress++;
          ended ||= /^Operation(Succeeded|Failed|Preempted)$/.test(type);
        }
      } catch {
        await delay(100);
      }
    }
  }
}

const mega = (bytes) => Math.round(bytes / 2 ** 20);
