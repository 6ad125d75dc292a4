import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { randomOf } from '../bench/src/statistics.mjs';
import { StoreAuditor } from './src/store-auditor.mjs';

const require = createRequire(import.meta.url);
const writers = fileURLToPath(new URL('./src/store-writers.mjs', import.meta.url));

const KILLS = { full: 1000, small: 20 };
/** After so many kills the next ones have a new store, and the old one is read through once more. */
const KILLS_PER_STORE = 50;
/** Every third kill is at a failpoint, the others at random instants: while it opens, or within so many milliseconds after. */
const LONGEST_MS = 120;

/** The event store: 64 writers, killed again and again; what was acknowledged over the pipe is there after each restart, once. */
export async function run({ small, seed, log, options }) {
  const random = randomOf(seed);
  const points = Object.keys(require('../dist/libs/failpoints/src/index.js').failpoints).filter(isOfTheStore);
  const total = Number(options.kills ?? (small ? KILLS.small : KILLS.full));
  const sum = { lost: 0, doubled: 0, acknowledged: 0, problems: [], killedAt: {} };
  for (let kills = 0; kills < total;) {
    const folder = mkdtempSync(join(tmpdir(), 'souk-faults-'));
    const auditor = new StoreAuditor(join(folder, 'store'));
    try {
      for (let here = 0; here < KILLS_PER_STORE && kills < total; here++, kills++) {
        const atPoint = kills % 3 === 2 ? points[Math.floor(random() * points.length)] : undefined;
        const lines = await killed(auditor.directory, random, atPoint);
        sum.killedAt[atPoint ?? 'a random instant'] = (sum.killedAt[atPoint ?? 'a random instant'] ?? 0) + 1;
        await auditor.look(lines);
        log(`${kills + 1} of ${total} kills, ${sum.acknowledged + auditor.acknowledged} appends acknowledged`);
      }
      await auditor.end();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    sum.lost += auditor.lost;
    sum.doubled += auditor.doubled;
    sum.acknowledged += auditor.acknowledged;
    sum.problems.push(...auditor.problems);
  }
  // Writers that never got anything through would lose nothing either.
  const ok = sum.lost + sum.doubled + sum.problems.length === 0 && sum.acknowledged > 20 * total;
  const line = `R1 lost=${sum.lost} doubled=${sum.doubled} acknowledged=${sum.acknowledged} kills=${total} ${ok ? 'ok' : 'FAILED'}`;
  return { line, ok, problems: sum.problems.slice(0, 20), killedAt: sum.killedAt };
}

function isOfTheStore(name) {
  return name.startsWith('event-store.') || name.startsWith('lmdb.');
}

/** One life of the writers. Answers what they have printed. */
async function killed(directory, random, point) {
  const plan = point && `${point}=kill@${1 + Math.floor(random() * 60)}`;
  const child = spawn(process.execPath, [writers, directory], {
    env: { ...process.env, SOUK_FAILPOINTS: plan ?? '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  let errors = '';
  child.stderr.on('data', (chunk) => (errors += chunk));
  const ended = new Promise((resolve) => child.once('close', (_code, signal) => resolve(signal)));
  const opened = new Promise((resolve) => {
    child.stdout.on('data', (chunk) => {
      printed += chunk;
      resolve();
    });
  });
  if (!point) {
    // One in ten dies while it opens.
    const open = random() >= 0.1;
    if (open) await Promise.race([opened, ended]);
    await new Promise((resolve) => setTimeout(resolve, random() * LONGEST_MS));
    child.kill('SIGKILL');
  }
  const signal = await ended;
  if (signal !== 'SIGKILL') throw new Error(`the writers ended by themselves: ${errors}`);
  return printed.split('\n');
}
