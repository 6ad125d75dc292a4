import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Cluster } from '../../examples/demo/cluster.mjs';
import { BrokerLink } from './broker-link.mjs';

const require = createRequire(import.meta.url);

/** Longer than the term of a lease, so that another replica has taken over. In milliseconds. */
const BEYOND_THE_TERM = 8_000;

/**
 * The marketplace with one process for each service and replica, to be killed, frozen and cut off. Services reach their broker by a link. The documents
 * are the only ones that are left in peace: what stands in for MongoDB here keeps them in memory.
 */
export class MortalProcesses {
  /** By what they are called, how often each harm was done. */
  harms = {};
  /** Processes that have ended by themselves, and the end of what they had to say. */
  exits = [];
  #harmed = new Set();

  /** Why it can't be had here; `undefined` where it can. */
  static get missing() {
    return require('../../dist/services/marketplace/testing/distributed.process.js').withoutBroker;
  }

  /** @param options of `DistributedProcesses` */
  static async start(options = {}) {
    const { DistributedProcesses } = require('../../dist/services/marketplace/testing/distributed.process.js');
    const world = new MortalProcesses();
    world.link = await BrokerLink.open(() => Number(new URL(world.addressOf('bus')).port));
    const environment = { SOUK_BUS: world.link.url, LOG_LEVEL: 'warn', ...options.environment };
    world.processes = new DistributedProcesses({ ...options, environment });
    try {
      await world.processes.start();
      // After those processes were killed that still run then.
      process.once('exit', world.#cleanUp);
    } catch (error) {
      await world.close();
      throw error;
    }
    return world;
  }

  get url() {
    return this.processes.url;
  }

  get token() {
    return this.processes.operatorToken;
  }

  addressOf(name) {
    return this.processes.table.find((one) => one.name === name).address;
  }

  cluster() {
    return Cluster.of(this.processes.kubeconfig);
  }

  /** Every process that may be harmed, by its name. */
  get victims() {
    const { services } = require('../../dist/services/edge/src/routes.js');
    const { processes } = this;
    const replicas = services.flatMap((service) => processes.replicasOf(service));
    const engines = ['event-store', 'bus'].map((name) => processes.engines.get(name));
    return [...replicas, processes.edgeProcess, ...engines];
  }

  /** Replicas of a service; `bus` and the like are one. */
  of(name) {
    return this.victims.filter((one) => one.name === name || one.name.replace(/-\d+$/, '') === name);
  }

  /** kill -9, and a start after a while. */
  async kill(victim, afterMs) {
    await this.#harm(victim, `kill ${victim.name}`, async () => {
      await victim.kill();
      await delay(afterMs);
    });
  }

  /** It stands still, does not notice, and goes on. */
  async freeze(victim, forMs = BEYOND_THE_TERM) {
    await this.#harm(victim, `freeze ${victim.name}`, async () => {
      victim.freeze();
      await delay(forMs);
      victim.thaw();
    });
  }

  /** The broker is killed and has forgotten everything. */
  async wipeBroker(forMs) {
    const [bus] = this.of('bus');
    await this.#harm(bus, 'wipe bus', async () => {
      await bus.kill();
      rmSync(join(this.processes.dataDir, 'nats'), { recursive: true, force: true });
      await delay(forMs);
    });
  }

  /** @param {'cut' | 'swallow'} way see BrokerLink */
  async part(way, forMs) {
    await this.#harm(this.link, `${way} link`, async () => {
      this.link[way]();
      await delay(forMs);
      this.link.mend();
    });
  }

  /** Whoever has ended without being told to is noted, and started again, as anything that runs processes would do. */
  async tend() {
    for (const one of this.victims) {
      if (one.isRunning || this.#harmed.has(one)) continue;
      this.exits.push(`${one.name} has ended: ${one.printed.slice(-500)}`);
      await this.#harm(one, `exit of ${one.name}`, async () => undefined);
    }
  }

  /** One harm at a time to each. Fulfilled when the process runs and says that it is ready. */
  async #harm(victim, name, harm) {
    if (this.#harmed.has(victim)) return;
    this.#harmed.add(victim);
    try {
      this.harms[name] = (this.harms[name] ?? 0) + 1;
      await harm();
      for (let attempt = 1; victim !== this.link && !victim.isRunning; attempt++)
        await victim.start().catch((error) => {
          this.exits.push(`start ${attempt} of ${victim.name}: ${error.message.slice(0, 500)}`);
          if (attempt === 3) throw error;
        });
    } finally {
      this.#harmed.delete(victim);
    }
  }

  #cleanUp = () => rmSync(this.processes.dataDir, { recursive: true, force: true, maxRetries: 3 });

  async close() {
    process.off('exit', this.#cleanUp);
    await this.processes.destroy();
    await this.link.close();
  }
}
