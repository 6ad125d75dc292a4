import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { randomOf } from '../bench/src/statistics.mjs';
import { BrokerLink } from './src/broker-link.mjs';
import { EventStoreProcess } from './src/event-store-process.mjs';

const require = createRequire(import.meta.url);
const contestant = fileURLToPath(new URL('src/contestant.mjs', import.meta.url));

/** 64 writers in all. Each wants every revision of every stream; commands are dearer, since each attempt reads the stream. */
const PROCESSES = 4;
const WRITERS = 16;
const SIZES = {
  full: { streams: 8, revisions: 100, commands: 8, harms: 400 },
  small: { streams: 1, revisions: 8, commands: 1, harms: 4 },
};
/** What comes between writers and server, again and again; `ms` for how long. */
const HARMS = {
  cut: ({ link }) => link.cut(),
  swallow: ({ link }) => link.swallow(),
  freeze: ({ server }) => server.freeze(),
  kill: ({ server }) => server.kill(),
};
const LONGEST_MS = 1_500;
const CALM_MS = 1_500;

/**
 * 64 writers in four processes on the same streams over EventStoreDB's protocol, while answers are lost, and the server freezes and dies: one winner
 * at each revision, and whoever asks again gets the original answer.
 */
export async function run({ small, seed, log }) {
  const { streams, revisions, commands, harms } = small ? SIZES.small : SIZES.full;
  const world = await World.open(randomOf(seed));
  try {
    const answers = [];
    const sizes = [WRITERS, streams, revisions, commands].map(String);
    const harming = { over: false, harms: 0 };
    const contests = Promise.all(
      Array.from({ length: PROCESSES }, (_, i) =>
        world.contest([`process-${i}`, ...sizes], (answer) => {
          answers.push(answer);
          log(`${answers.length} answers, ${harming.harms} harms`);
        }),
      ),
    ).finally(() => (harming.over = true));
    const harmed = world.harm(harming, harms);
    const whole = await contests;
    await harmed;
    const { notOne, otherAnswers, appends, done } = await world.audit(answers);
    const expected = streams * revisions + PROCESSES * WRITERS * commands;
    const ok = notOne + otherAnswers === 0 && appends + done === expected && whole.every(Boolean);
    const figures = `appends=${appends * PROCESSES * WRITERS} commands=${done} not-one-winner=${notOne} other-answers=${otherAnswers}`;
    return { line: `R2-distributed ${figures} harms=${harming.harms} ${ok ? 'ok' : 'FAILED'}`, ok, notOne, otherAnswers };
  } finally {
    await world.close();
  }
}

class World {
  #children = [];

  static async open(random) {
    const world = new World();
    world.random = random;
    world.folder = mkdtempSync(join(tmpdir(), 'souk-faults-'));
    world.events = await EventStoreProcess.start(world.folder);
    world.server = world.events.process;
    process.once('exit', world.cleanUp);
    world.link = await BrokerLink.open(world.events.port);
    return world;
  }

  /** @returns whether it came to its end */
  async contest(args, onAnswer) {
    const url = `esdb://127.0.0.1:${this.link.port}?tls=false`;
    const child = spawn(process.execPath, [contestant, url, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#children.push(child);
    let ended = false;
    for await (const line of createInterface({ input: child.stdout })) {
      const [kind, stream, revision, id, position] = line.split(' ');
      if (kind === 'end') ended = true;
      else onAnswer({ kind, stream, revision: Number(revision), id, position });
    }
    return ended;
  }

  /** In turns, as long as the contest lasts. */
  async harm(harming, most) {
    for (const names = Object.keys(HARMS); !harming.over && harming.harms < most;) {
      await delay(CALM_MS * (0.5 + this.random()));
      await HARMS[names[harming.harms++ % names.length]](this);
      await delay(this.random() * LONGEST_MS);
      this.server.thaw();
      this.link.mend();
      if (!this.server.isRunning) await this.server.start();
    }
  }

  /** Compares what the writers were told with what is there. */
  async audit(answers) {
    const { openEventStoreDb } = require('../dist/libs/event-store/src/index.js');
    const store = await openEventStoreDb({ connectionString: this.events.connectionString });
    const winners = new Map();
    const originals = new Map();
    const result = { notOne: 0, otherAnswers: 0, appends: 0, done: 0 };
    for (const { kind, stream, revision, id, position } of answers) {
      if (kind === 'won') {
        const won = winners.get(stream) ?? new Map();
        winners.set(stream, won);
        if (won.has(revision)) result.notOne++;
        won.set(revision, id);
        originals.set(id, `${revision} ${position}`);
      } else if (originals.get(id) !== `${revision} ${position}`) result.otherAnswers++;
    }
    for (const [stream, won] of winners) {
      let revision = 0;
      for await (const event of store.readStream(stream)) {
        if (won.get(revision) !== event.id || event.revision !== revision) result.notOne++;
        revision++;
      }
      result.notOne += Math.max(0, won.size - revision);
      if (stream.startsWith('contest-')) result.appends += revision;
      else result.done += revision;
    }
    await store.close();
    return result;
  }

  cleanUp = () => {
    for (const child of this.#children) child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  };

  async close() {
    process.off('exit', this.cleanUp);
    for (const child of this.#children) child.kill('SIGKILL');
    await this.events.close();
    await this.link?.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
