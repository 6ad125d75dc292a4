import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { machine } from './src/machine.mjs';
import { lineOf, writeReport } from './src/report.mjs';

// npm run bench -- p2a p1         the benchmarks of those names; without a name: all of them but those that install peers (p2b, p2c)
// npm run bench -- --no-build p2a  with what stands in dist/
//
// A benchmark is bench/<name>.bench.mjs and exports `run({ log })`, which answers the results of `measureRatios`.

const folder = dirname(fileURLToPath(import.meta.url));
const root = dirname(folder);
const args = process.argv.slice(2);
const known = readdirSync(folder).flatMap((file) => /^(.+)\.bench\.mjs$/.exec(file)?.[1] ?? []);
if (args.some((arg) => arg.startsWith('-') && arg !== '--no-build')) {
  console.error(
    `usage: npm run bench -- [--no-build] [names]\nnames: ${known.join(', ')}; without a name, all of them but p2b and p2c`,
  );
  process.exit(args.includes('--help') ? 0 : 2);
}
/** They install other event stores to be compared with, and compile or start these: on demand. */
const ON_DEMAND = ['p2b', 'p2c'];
const asked = args.filter((arg) => !arg.startsWith('--')).map((name) => name.toLowerCase());
const unknown = asked.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`no benchmark named ${unknown.join(', ')}; there are: ${known.join(', ')}`);
  process.exit(2);
}

if (!args.includes('--no-build')) {
  const build = spawnSync(process.execPath, [join(root, 'scripts', 'build.mjs')], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (build.status !== 0) process.exit(build.status ?? 1);
}

const lines = [];
for (const name of asked.length > 0 ? asked : known.filter((name) => !ON_DEMAND.includes(name))) {
  const { run } = await import(`./${name}.bench.mjs`);
  const results = await run({ log: (text) => console.log(text) });
  console.log(writeReport(join(folder, 'results'), name, machine(), results));
  lines.push(...results.map(lineOf));
}
for (const line of lines) console.log(line);
