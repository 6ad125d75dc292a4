// `npm run test:int`: every contract suite against every adapter that can run here, and a table of what ran where. What is read from the names of the
// suites is written down in CONTRIBUTING.md, "Add an adapter".
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildIfNeeded } from './build.mjs';

/** Where an adapter runs when its suite does not say so; the first that fits. */
const PLACES = [
  [/^(Lmdb|InProcess)/, 'embedded'],
  [/^JetStream/, process.env.NATS_URL ? 'NATS_URL' : 'nats-server from the PATH'],
];
/** Adapters whose specs run against a stand-in, and against a real server only where the environment names one or Docker is there. */
const REAL = [[/^Mongo/, 'MongoDB', 'MONGODB_URL']];

/** @param testResults of `jest --json` @returns rows of the table: one for each port, adapter and place */
export function matrixOf(testResults, environment = process.env) {
  const rows = new Map();
  for (const { assertionResults } of testResults)
    for (const { ancestorTitles, status } of assertionResults) {
      const cell = cellOf(ancestorTitles);
      if (!cell) continue;
      const key = `${cell.port} ${cell.adapter} ${cell.where}`;
      const row = rows.get(key) ?? { ...cell, passed: 0, failed: 0, skipped: 0 };
      rows.set(key, row);
      if (status === 'passed') row.passed++;
      else if (status === 'failed') row.failed++;
      else row.skipped++;
    }
  const found = [...rows.values()];
  for (const [adapters, where, variable] of REAL)
    for (const row of [...found])
      if (adapters.test(row.adapter) && !environment[variable] && !found.some((one) => isRealOf(one, row, where)))
        found.push({
          ...row,
          where,
          passed: 0,
          failed: 0,
          skipped: 1,
          reason: `neither ${variable} is set, nor is there Docker`,
        });
  const order = ({ port, adapter, where }) => [port, adapter, where].join(' ');
  return found.sort((a, b) => order(a).localeCompare(order(b)));
}

function isRealOf(one, row, where) {
  return one.port === row.port && one.adapter === row.adapter && (one.where === where || /:\d/.test(one.where));
}

/** `undefined` for a test that belongs to no contract suite. */
function cellOf(titles) {
  const suite = titles.map((title) => /^(\w+)\b.*?(?:,? as an? (\w+)|, (parking)$)(.*)$/.exec(title)).find(Boolean);
  if (!suite) return undefined;
  const [, adapter, port, parking, rest] = suite;
  const [, besides, reason] = /^(?: on ([^:]+))?(?:: skipped, (.*))?$/.exec(rest) ?? [];
  const around = titles.map((title) => /^on (.+)$/.exec(title)?.[1]).find(Boolean);
  const where = besides ?? around ?? PLACES.find(([adapters]) => adapters.test(adapter))?.[1] ?? 'here';
  return { port: port ?? `${parking} of EventBus`, adapter, where, ...(reason && { reason }) };
}

export function resultOf({ passed, failed, skipped, reason }) {
  if (reason) return `skipped: ${reason}`;
  return [`${passed} passed`, failed > 0 && `${failed} FAILED`, skipped > 0 && `${skipped} skipped`].filter(Boolean).join(', ');
}

function table(rows) {
  const cells = [
    ['port', 'adapter', 'where it ran', 'laws'],
    ...rows.map((row) => [row.port, row.adapter, row.where, resultOf(row)]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...cells.map((row) => row[column].length)));
  return cells.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')).join('\n');
}

/** Specs that run a contract suite; most of them have `contract` in their names. */
function specsIn(root) {
  const files = ['libs', 'services'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true }).map((file) => join(root, folder, String(file))),
  );
  return files.filter((file) => file.endsWith('.spec.ts') && /^\s*\w+Contract\(/m.test(readFileSync(file, 'utf8')));
}

function main() {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const output = join(root, 'node_modules', '.cache', 'contract-results.json');
  buildIfNeeded();
  rmSync(output, { force: true });
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  const args = ['--runTestsByPath', ...specsIn(root), '--json', `--outputFile=${output}`, ...process.argv.slice(2)];
  spawnSync(process.execPath, [jest, ...args], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  if (!existsSync(output)) throw new Error('jest left no results');
  const { testResults } = JSON.parse(readFileSync(output, 'utf8'));
  const rows = matrixOf(testResults);
  // A suite that could not even be loaded has no failed test of its own.
  const broken = testResults.filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0);
  console.log(`\n${table(rows)}\n`);
  for (const { name } of broken) console.log(`could not be loaded: ${relative(root, name)}`);
  const sum = (count) => rows.reduce((total, row) => total + row[count], 0);
  const failed = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'failed').length;
  const cells = rows.filter(({ passed }) => passed > 0).length;
  console.log(`test:int cells=${cells} skipped=${rows.length - cells} passed=${sum('passed')} failed=${failed + broken.length}`);
  if (failed + broken.length > 0 || cells === 0) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
