import { randomInt } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { machine } from '../bench/src/machine.mjs';
import { buildIfNeeded } from '../scripts/build.mjs';
import { progressTo } from './src/progress.mjs';
import { writeResult } from './src/result.mjs';

// npm run faults -- r1 r2              the fault tests of those names, and of names that begin so (r1-demo); without a name: all but the soak
// npm run faults -- --small r1         at most a fiftieth of the size
// npm run faults -- --seed 42 r1       the same choices again
// npm run faults -- --part 1/2          every second of them, the first one first: for two runs side by side
//
// A fault test is faults/<name>.fault.mjs and exports `run({ small, seed, log, options })`, which answers
// `{ line: 'R1 lost=0 doubled=0 kills=1000 ok', ok: true }`; `log` shows how far it is. `options`: all other --name value, as text.

/** Takes half an hour. */
const ONLY_BY_NAME = ['soak'];
/** What has not come to its end by then never will, in minutes: it has failed, and those after it are not begun. */
const MOST_MINUTES = { small: 5, full: 120 };

class Stalled extends Error {}

const folder = dirname(fileURLToPath(import.meta.url));
const known = readdirSync(folder).flatMap((file) => /^(.+)\.fault\.mjs$/.exec(file)?.[1] ?? []);
const OPTIONS = ['--small', '--part', '--seed', '--kills', '--minutes', '--orders'];
if (process.argv.slice(2).some((arg) => arg.startsWith('-') && !OPTIONS.includes(arg))) {
  console.log(
    `usage: npm run faults -- [names] [--small] [--part k/n] [--seed n] [--kills n] [--minutes n] [--orders n]\nnames: ${known.join(', ')}; without a name, all but ${ONLY_BY_NAME}`,
  );
  process.exit(process.argv.includes('--help') ? 0 : 2);
}
const { names, options } = parse(process.argv.slice(2));
const chosen = known.filter((one) =>
  names.length === 0 ? !ONLY_BY_NAME.includes(one) : names.some((name) => one === name || one.startsWith(`${name}-`)),
);
const unknown = names.filter((name) => !chosen.some((one) => one === name || one.startsWith(`${name}-`)));
if (unknown.length > 0) {
  console.error(`no fault test named ${unknown.join(', ')}; there are: ${known.join(', ')}`);
  process.exit(2);
}
buildIfNeeded();
// Ended from outside, it leaves no process and no folder behind.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));

const seed = Number(options.seed ?? randomInt(2 ** 31));
const small = options.small !== undefined;
const lines = [];
const [part, parts] = (options.part ?? '1/1').split('/').map(Number);
for (const name of chosen.filter((_, i) => i % parts === part - 1)) {
  console.log(`${name}: seed ${seed}${small ? ', small' : ''}`);
  const { run } = await import(`./${name}.fault.mjs`);
  const begun = performance.now();
  const progress = progressTo(process.stdout, name);
  const limit = new AbortController();
  const result = await Promise.race([run({ small, seed, log: progress.log, options }), stall(limit.signal, progress)]).catch(
    (error) => ({ line: `${name.toUpperCase()} failed: ${error.message.split('\n')[0]}`, ok: false, error }),
  );
  limit.abort();
  progress.end();
  if (result.error) console.error(result.error);
  const seconds = Math.round((performance.now() - begun) / 1000);
  writeResult(join(folder, 'results'), name, { ...machine(), seed, small, seconds }, result);
  lines.push(result);
  if (result.error instanceof Stalled) break;
}
for (const { line } of lines) console.log(line);
process.exit(lines.every(({ ok }) => ok) ? 0 : 1);

/** Rejected when the test has taken too long. */
async function stall(signal, progress) {
  const minutes = small ? MOST_MINUTES.small : MOST_MINUTES.full;
  await delay(minutes * 60_000, undefined, { signal });
  throw new Stalled(`not over after ${minutes} minutes; its last word: ${progress.latest}`);
}

/** Flags without a value are `--small`; every other one takes the next word. */
function parse(args) {
  const names = [];
  const options = {};
  for (let i = 0; i < args.length; i++) {
    if (args[i] === '--small') options.small = 'yes';
    else if (args[i].startsWith('--')) options[args[i].slice(2)] = args[++i] ?? '';
    else names.push(args[i].toLowerCase());
  }
  return { names, options };
}
