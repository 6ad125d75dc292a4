// `npm run check`: types, lint, format, dependency rule, dead code. Runs all of them, the lint beside the others, then says which have failed.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const lanes = [
  { lint: ['eslint/bin/eslint.js', '--max-warnings=0', '--cache', '--cache-location', 'node_modules/.cache/eslint', '.'] },
  {
    types: ['typescript/bin/tsc', '-p', '.'],
    format: ['prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.'],
    'dependency rule': [
      'dependency-cruiser/bin/dependency-cruise.mjs',
      '--config',
      '.dependency-cruiser.cjs',
      'services',
      'libs',
    ],
    'dead code': ['knip/bin/knip.js', '--no-progress'],
  },
];

const failed = [];
await Promise.all(lanes.map(run));
console.log(failed.length === 0 ? 'check: all clean' : `check: ${failed.join(', ')} failed`);
process.exit(failed.length === 0 ? 0 : 1);

/** One after the other. */
async function run(checks) {
  for (const [name, [script, ...args]] of Object.entries(checks)) {
    const started = Date.now();
    const { status, output } = await outcomeOf([`${root}node_modules/${script}`, ...args]);
    console.log(`${name} … ${status === 0 ? 'ok' : 'FAILED'} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
    if (status === 0) continue;
    failed.push(name);
    console.log(output.trim());
  }
}

function outcomeOf(args) {
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  return new Promise((resolve) => child.once('close', (status) => resolve({ status, output })));
}
