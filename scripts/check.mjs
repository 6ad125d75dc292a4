// `npm run check`: types, lint, format, dependency rule, dead code. Runs all of them, then says which have failed.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const checks = {
  types: ['typescript/bin/tsc', '-p', '.'],
  lint: ['eslint/bin/eslint.js', '--max-warnings=0', '--cache', '--cache-location', 'node_modules/.cache/eslint', '.'],
  format: ['prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.'],
  'dependency rule': ['dependency-cruiser/bin/dependency-cruise.mjs', '--config', '.dependency-cruiser.cjs', 'services', 'libs'],
  'dead code': ['knip/bin/knip.js', '--no-progress'],
};

const failed = [];
for (const [name, [script, ...args]] of Object.entries(checks)) {
  const started = Date.now();
  process.stdout.write(`${name} … `);
  const { status, stdout, stderr } = spawnSync(process.execPath, [`${root}node_modules/${script}`, ...args], {
    cwd: root,
    encoding: 'utf8',
  });
  console.log(`${status === 0 ? 'ok' : 'FAILED'} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  if (status === 0) continue;
  failed.push(name);
  console.log(stdout.trim());
  console.error(stderr.trim());
}
console.log(failed.length === 0 ? 'check: all clean' : `check: ${failed.join(', ')} failed`);
process.exit(failed.length === 0 ? 0 : 1);
