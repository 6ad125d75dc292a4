import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import { median, quantile, randomOf } from '../../bench/src/statistics.mjs';

const require = createRequire(import.meta.url);

const GROUP = 'shop';
/** One message in a hundred is poison, of each of these kinds in turn; the reason that it must be parked with. */
const KINDS = {
  unknownType: ({ message }) => message.includes('not of the form'),
  corrupt: ({ code }) => code === 'seal-broken',
  throws: ({ code, name }) => code === 'poison' && name === 'Poison',
  hangs: ({ code }) => code === 'handler-timed-out',
};
const POISON_EVERY = 100;
const MAX_ATTEMPTS = 5;
const MESSAGES_OF_A_SUBJECT = 10;
const TICK_MS = 10;

class Poison extends Error {
  code = 'poison';
}

/**
 * Rounds without poison and rounds with 1 % of it, in turn, at a fixed rate of arrival, through a bus. Measured is, for subjects without a poisoned
 * message, the time from the append to the end of the handler. Then everything is mended and replayed: the result must be that of a world without poison.
 * @param name of the test
 * @param openStores answers `eventStore`, `readStore`, `openBus(options)` and `close()`
 * @param size `pairs` of rounds, `messages` of each, `perTick` of 10 ms
 * @param asksForLag whether the lag counts: of a few hundred messages the percentile is a matter of luck
 */
export async function poisonRun({ name, openStores, size, asksForLag, seed, log }) {
  const world = await World.open(await openStores(), size.perTick);
  let exits = 0;
  const count = () => exits++;
  process.on('uncaughtException', count).on('unhandledRejection', count);
  // The timers of the bus do not keep a process alive.
  const alive = new AbortController();
  delay(2 ** 31 - 1, undefined, { signal: alive.signal }).catch(() => undefined);
  try {
    const random = randomOf(seed);
    const ratios = [];
    const { pairs, messages } = size;
    for (let pair = 0; pair < pairs; pair++) {
      const clean = await world.round(`clean${pair}`, messages, undefined);
      const poisoned = await world.round(`poisoned${pair}`, messages, random);
      ratios.push(poisoned / clean);
      log(`pair ${pair + 1} of ${pairs}: lag p99 ${clean.toFixed(1)} ms, with poison ${poisoned.toFixed(1)} ms`);
    }
    const { parked, unparked } = await world.audit();
    log(`${parked} subjects parked; mended, and replayed`);
    const diff = await world.mendAndReplay();
    const lagRatio = median(ratios);
    const isQuick = !asksForLag || lagRatio <= 2;
    const ok = exits === 0 && unparked === 0 && diff === 0 && parked > 0 && isQuick;
    const figures = `exits=${exits} parked=${parked} unparked=${unparked} lag-ratio=${lagRatio.toFixed(2)} replay-diff=${diff}`;
    return { line: `${name} ${figures} ${ok ? 'ok' : 'FAILED'}`, ok, exits, parked, unparked, lagRatio, diff };
  } finally {
    process.off('uncaughtException', count).off('unhandledRejection', count);
    alive.abort();
    await world.close();
  }
}

class World {
  poison = new Map();
  mended = false;
  sent = new Map();
  effects = new Map();
  begun = new Map();
  waiting = [];

  static async open(stores, perTick) {
    const { ProjectionRunner } = require('../../dist/libs/read-store/src/index.js');
    const { parkedMessagesProjection } = require('../../dist/libs/messaging/src/index.js');
    const world = new World();
    Object.assign(world, { stores, perTick, store: stores.eventStore });
    world.runner = new ProjectionRunner(stores.eventStore, stores.readStore, [parkedMessagesProjection]);
    await world.runner.start();
    world.parked = world.runner.readModel(parkedMessagesProjection);
    world.bus = await stores.openBus(world.parked, {
      retry: { firstMs: 20, maxMs: 200 },
      handlerTimeoutMs: 100,
      codec: { encode: (event) => event, decode: (event) => world.decode(event) },
    });
    world.bus.publish({ service: 'things', on: { ThingHappened: (event) => world.toPublic(event) } });
    world.bus.consume({ name: GROUP, handlers: new Map([['things.happened.v1', [(event) => world.handle(event)]]]) });
    await world.bus.start();
    return world;
  }

  kindOf(subject, revision) {
    return this.mended ? undefined : this.poison.get(`${subject}@${revision}`);
  }

  decode(event) {
    if (this.kindOf(event.stream, event.revision) !== 'corrupt') return event;
    throw Object.assign(new Error('a sealed value does not open'), { code: 'seal-broken' });
  }

  toPublic({ stream, revision, data }) {
    const isUnknown = this.kindOf(stream, revision) === 'unknownType';
    return { type: isUnknown ? 'nobody-knows-this' : 'things.happened.v1', data };
  }

  async handle({ subject, soukrevision, data }) {
    const message = `${subject}@${soukrevision}`;
    this.begun.set(message, (this.begun.get(message) ?? 0) + 1);
    const kind = this.kindOf(subject, soukrevision);
    if (kind === 'throws') throw new Poison('this message is poison');
    if (kind === 'hangs') await new Promise(() => undefined);
    const effects = this.effects.get(subject) ?? [];
    this.effects.set(subject, effects);
    // At least once: the second time is none.
    if (!effects.includes(data.n)) effects.push(data.n);
    this.lags?.(subject, performance.now() - this.sent.get(message));
  }

  /** @param random chooses what is poisoned; without it, nothing is. @returns the 99th percentile of the lag, in milliseconds */
  async round(name, messages, random) {
    const subjects = Array.from({ length: messages / MESSAGES_OF_A_SUBJECT }, (_, i) => `thing-${name}x${i}`);
    const kinds = Object.keys(KINDS);
    const poisoned = new Set();
    for (let i = 0; random && i < messages / POISON_EVERY; i++) {
      const subject = subjects[Math.floor(random() * subjects.length)];
      poisoned.add(subject);
      this.poison.set(`${subject}@${Math.floor(random() * MESSAGES_OF_A_SUBJECT)}`, kinds[i % kinds.length]);
    }
    const lags = [];
    this.lags = (subject, ms) => {
      if (!poisoned.has(subject)) lags.push(ms);
      for (const look of this.waiting) look();
    };
    const expected = (subjects.length - poisoned.size) * MESSAGES_OF_A_SUBJECT;
    const begun = performance.now();
    const appends = [];
    for (let i = 0; i < messages; i++) {
      const due = begun + Math.floor(i / this.perTick) * TICK_MS;
      if (i % this.perTick === 0) await delay(Math.max(0, due - performance.now()));
      appends.push(this.append(subjects[i % subjects.length], Math.floor(i / subjects.length)));
    }
    await Promise.all(appends);
    await this.until(() => lags.length >= expected);
    this.lags = undefined;
    return quantile(
      lags.toSorted((a, b) => a - b),
      0.99,
    );
  }

  append(stream, n) {
    const id = randomUUID();
    const metadata = {
      commandId: id,
      correlationId: id,
      causationId: id,
      actor: { kind: 'system', id: 'r4' },
      tenants: [],
      schemaVersion: 1,
    };
    this.sent.set(`${stream}@${n}`, performance.now());
    return this.store.append(stream, 'any', [{ id, type: 'ThingHappened', data: { n }, metadata }]);
  }

  until(holds) {
    return new Promise((resolve) => {
      const look = () => {
        if (!holds()) return;
        this.waiting = this.waiting.filter((other) => other !== look);
        resolve();
      };
      this.waiting.push(look);
      look();
    });
  }

  /** First poisoned revision of each subject. */
  firstPoison() {
    const first = new Map();
    for (const message of this.poison.keys()) {
      const [subject, revision] = message.split('@');
      first.set(subject, Math.min(first.get(subject) ?? Infinity, Number(revision)));
    }
    return first;
  }

  /** Waits until every poisoned subject is parked, and looks whether it is at the right message, in time, for the real reason. */
  async audit() {
    const { parkedMessageIdOf } = require('../../dist/libs/messaging/src/index.js');
    let parked = 0;
    let unparked = 0;
    for (const [subject, revision] of this.firstPoison()) {
      const id = parkedMessageIdOf(GROUP, subject);
      const doc = await this.modelUntil(id, (found) => found?.status === 'parked');
      const tries = this.begun.get(`${subject}@${revision}`) ?? 0;
      const isRight =
        doc?.message.revision === revision &&
        doc.attempts <= MAX_ATTEMPTS &&
        tries <= MAX_ATTEMPTS &&
        KINDS[this.poison.get(`${subject}@${revision}`)](doc.reason) &&
        (this.effects.get(subject) ?? []).length === revision;
      if (isRight) parked++;
      else unparked++;
    }
    return { parked, unparked };
  }

  /** @returns how many subjects differ from what they would be without poison */
  async mendAndReplay() {
    const { CommandHandler } = require('../../dist/libs/event-sourcing/src/index.js');
    const { parkedMessageAggregate, parkedMessageIdOf } = require('../../dist/libs/messaging/src/index.js');
    const commands = new CommandHandler(this.store);
    this.mended = true;
    const ids = [...this.firstPoison().keys()].map((subject) => parkedMessageIdOf(GROUP, subject));
    for (const id of ids) {
      const [commandId, actor] = [randomUUID(), { kind: 'user', id: 'r4' }];
      const context = { commandId, correlationId: commandId, causationId: commandId, actor };
      await commands.handle(parkedMessageAggregate, id, { type: 'request-replay' }, context);
    }
    for (const id of ids) await this.modelUntil(id, ({ status }) => status === 'released');
    const whole = JSON.stringify(Array.from({ length: MESSAGES_OF_A_SUBJECT }, (_, n) => n));
    const subjects = new Set([...this.sent.keys()].map((message) => message.split('@')[0]));
    return [...subjects].filter((subject) => JSON.stringify(this.effects.get(subject)) !== whole).length;
  }

  /** The document, as soon as it holds; as it is when nothing has moved for a while. */
  async modelUntil(id, holds) {
    for (;;) {
      const changed = this.nextChange(15_000);
      const doc = await this.parked.get(id);
      if (holds(doc)) return doc;
      if (!(await changed)) return doc;
    }
  }

  nextChange(withinMs) {
    return new Promise((resolve) => {
      const end = (isChange) => {
        clearTimeout(timer);
        stop();
        resolve(isChange);
      };
      const stop = this.parked.changes(() => end(true));
      const timer = setTimeout(() => end(false), withinMs);
    });
  }

  async close() {
    await this.bus.stop(0);
    await this.runner.stop();
    await this.stores.close();
  }
}
