// `npm test`: builds (some tests start real processes), runs jest, and ends with the line "N passed, N failed".
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildIfNeeded } from './build.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const results = join(root, 'node_modules', '.cache', 'jest-results.json');

buildIfNeeded();
rmSync(results, { force: true });
const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
const { status } = spawnSync(process.execPath, [jest, '--json', `--outputFile=${results}`, ...process.argv.slice(2)], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
});
const { numPassedTests, numFailedTests, numFailedTestSuites, numPendingTests, testResults } = JSON.parse(
  readFileSync(results, 'utf8'),
);
// A suite that could not even be loaded has no failed test of its own.
const brokenSuites = testResults.filter((suite) => suite.status === 'failed' && suite.assertionResults.length === 0).length;
const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : '';
console.log(`${numPassedTests} passed, ${numFailedTests + brokenSuites} failed${skipped}`);
process.exit(status === 0 && numFailedTestSuites === 0 ? 0 : 1);
