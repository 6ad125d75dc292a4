import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { randomOf } from '../bench/src/statistics.mjs';
import { BrokerLink } from './src/broker-link.mjs';

const require = createRequire(import.meta.url);

const GROUPS = ['deployment', 'authorization'];
const SUBJECTS = 200;
const MOST_SECONDS_BACK = 10;
/** What is done to the broker, and what brings it back. Between the two commands go on. */
const HARMS = {
  killed: { begin: ({ server }) => server.kill(), end: ({ server }) => server.start() },
  frozen: { begin: ({ server }) => server.freeze(), end: ({ server }) => server.thaw() },
  'robbed of its data': {
    begin: async ({ server }) => {
      await server.kill();
      server.wipe();
    },
    end: ({ server }) => server.start(),
  },
  'cut off': { begin: ({ link }) => link.cut(), end: ({ link }) => link.mend() },
  'out of earshot': { begin: ({ link }) => link.swallow(), end: ({ link }) => link.mend() },
};
const SIZES = { full: { rounds: 3, seconds: 90, perSecond: 200 }, small: { rounds: 1, seconds: 2, perSecond: 200 } };
/** Beyond this it is not waited for what does not come, in milliseconds. */
const PATIENCE = 120_000;

/**
 * A service that tells and one that listens, with a broker between them that is taken away in every way, while events are appended at a fixed
 * rate. Nothing of that may be felt by whoever appends; afterwards every group has had every event, each subject in order; and what happens after
 * the broker is back has arrived within ten seconds.
 */
export async function run({ small, seed, log, options = {} }) {
  const { withoutNats } = require('../dist/libs/messaging/testing/nats-server.js');
  if (withoutNats) return { line: `R5 skipped: ${withoutNats}`, ok: true };
  const world = await World.open(randomOf(seed));
  const { rounds, perSecond, ...size } = small ? SIZES.small : SIZES.full;
  const seconds = options.minutes ? Number(options.minutes) * 60 : size.seconds;
  try {
    let backAfter = 0;
    for (let round = 0; round < rounds; round++)
      for (const [name, harm] of Object.entries(HARMS)) {
        const back = await world.suffer(harm, seconds, perSecond);
        backAfter = Math.max(backAfter, back);
        log(`round ${round + 1} of ${rounds}, ${name} for ${seconds} s: back after ${back.toFixed(1)} s`);
      }
    const { missing, orderBroken, events, repeated } = await world.audit();
    const { failed } = world;
    const ok = failed === 0 && missing === 0 && orderBroken === 0 && backAfter <= MOST_SECONDS_BACK;
    const figures = `commands-failed=${failed} missing=${missing} order-broken=${orderBroken} back-after-s=${backAfter.toFixed(1)}`;
    log(`${events} events, ${repeated} of them handled more than once`);
    return { line: `R5 ${figures} ${ok ? 'ok' : 'FAILED'}`, ok, failed, missing, orderBroken, backAfter, events, repeated };
  } finally {
    await world.close();
  }
}

class World {
  failed = 0;
  appended = new Map();
  handled = new Map(GROUPS.map((group) => [group, new Map()]));
  waiting = new Map();

  static async open(random) {
    const { LmdbEventStore } = require('../dist/libs/event-store/src/index.js');
    const { LmdbReadStore, ProjectionRunner } = require('../dist/libs/read-store/src/index.js');
    const { LocalPublicHistory, openJetStreamBus, parkedMessagesProjection } = require('../dist/libs/messaging/src/index.js');
    const { NatsServer } = require('../dist/libs/messaging/testing/nats-server.js');
    const world = new World();
    world.random = random;
    world.folder = mkdtempSync(join(tmpdir(), 'souk-faults-'));
    world.server = await NatsServer.start();
    world.link = await BrokerLink.open(world.server.port);
    world.store = await LmdbEventStore.open({ directory: join(world.folder, 'events') });
    world.reads = await Promise.all(
      ['teller', 'listener'].map((name) =>
        LmdbReadStore.open({ directory: join(world.folder, name), signingKey: Buffer.alloc(32, 1) }),
      ),
    );
    world.runner = new ProjectionRunner(world.store, world.reads[1], [parkedMessagesProjection]);
    await world.runner.start();
    const publication = { service: 'things', on: { ThingHappened: ({ data }) => ({ type: 'things.happened.v1', data }) } };
    const options = (readStore) => ({
      servers: world.link.url,
      eventStore: world.store,
      readStore,
      parked: world.runner.readModel(parkedMessagesProjection),
      history: new LocalPublicHistory(world.store, [publication]),
    });
    world.buses = await Promise.all(world.reads.map((readStore) => openJetStreamBus(options(readStore))));
    const [teller, listener] = world.buses;
    teller.publish(publication);
    for (const name of GROUPS)
      listener.consume({ name, handlers: new Map([['things.happened.v1', [(event) => world.handle(name, event)]]]) });
    for (const bus of world.buses) await bus.start();
    await world.probe();
    return world;
  }

  async handle(group, { subject, soukrevision, id }) {
    const revisions = this.handled.get(group).get(subject) ?? [];
    this.handled.get(group).set(subject, revisions);
    revisions.push(soukrevision);
    const waiting = this.waiting.get(id);
    if (!waiting) return;
    waiting.groups.delete(group);
    if (waiting.groups.size === 0) waiting.resolve();
  }

  /** @returns after how many seconds it flows again */
  async suffer({ begin, end }, seconds, perSecond) {
    const load = { running: true };
    const appending = this.load(perSecond, load);
    await begin(this);
    await delay(seconds * 1_000);
    await end(this);
    const back = performance.now();
    await this.probe();
    const after = (performance.now() - back) / 1_000;
    load.running = false;
    await appending;
    return after;
  }

  /** Appends at that rate, whatever becomes of the broker. */
  async load(perSecond, load) {
    const begun = performance.now();
    const appends = [];
    for (let n = 0; load.running; n++) {
      appends.push(this.append(`thing-${Math.floor(this.random() * SUBJECTS)}`));
      await delay(Math.max(0, begun + (n * 1_000) / perSecond - performance.now()));
    }
    await Promise.all(appends);
  }

  /** Fulfilled when something that happens now has reached every group. */
  async probe() {
    const id = randomUUID();
    const groups = new Set(GROUPS);
    const arrived = new Promise((resolve) => this.waiting.set(id, { groups, resolve }));
    await this.append('thing-probe', id);
    await Promise.race([arrived, delay(PATIENCE, undefined, { ref: false })]);
    this.waiting.delete(id);
  }

  async append(stream, id = randomUUID()) {
    const metadata = {
      commandId: id,
      correlationId: id,
      causationId: id,
      actor: { kind: 'system', id: 'r5' },
      tenants: [],
      schemaVersion: 1,
    };
    try {
      const { revision } = await this.store.append(stream, 'any', [{ id, type: 'ThingHappened', data: {}, metadata }]);
      this.appended.set(stream, Math.max(revision, this.appended.get(stream) ?? 0));
    } catch {
      this.failed++;
    }
  }

  /** Waits for what is still on its way, and looks what every group has had, the first time. */
  async audit() {
    const isComplete = () =>
      GROUPS.every((group) =>
        [...this.appended].every(([stream, last]) => (this.handled.get(group).get(stream) ?? []).includes(last)),
      );
    const patience = performance.now() + PATIENCE;
    while (!isComplete() && performance.now() < patience) await delay(50);
    const result = { missing: 0, orderBroken: 0, events: 0, repeated: 0 };
    for (const last of this.appended.values()) result.events += last + 1;
    for (const group of GROUPS)
      for (const [stream, last] of this.appended) {
        const all = this.handled.get(group).get(stream) ?? [];
        const firsts = [...new Set(all)];
        result.missing += last + 1 - firsts.length;
        result.repeated += all.length - firsts.length;
        if (firsts.some((revision, i) => revision !== firsts.toSorted((a, b) => a - b)[i])) result.orderBroken++;
      }
    return result;
  }

  async close() {
    for (const bus of this.buses) await bus.stop(0);
    await this.link.close();
    await this.server.close();
    await this.runner.stop();
    await this.store.close();
    for (const reads of this.reads) await reads.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
