// `npm run import-compose -- compose.yaml [--env-file .env]`: what would become of a Compose file, as a table. Needs no marketplace. Fails where there are problems.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parseArgs, parseEnv } from 'node:util';
import { buildIfNeeded } from './build.mjs';

const usage = 'usage: npm run import-compose -- <compose file> [--env-file <file with KEY=value>]';
const marks = { mapped: 'mapped', approximated: 'approximated', 'no-equivalent': 'no equivalent', problem: 'PROBLEM' };

function given() {
  try {
    const options = { 'env-file': { type: 'string' }, help: { type: 'boolean' } };
    return parseArgs({ allowPositionals: true, options });
  } catch (error) {
    return fail(`${error.message}\n${usage}`);
  }
}

function fail(message, code = 2) {
  console.error(message);
  process.exit(code);
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    return fail(`${path} cannot be read: ${error.code ?? error.message}`);
  }
}

/** Control characters would speak to the terminal. */
// eslint-disable-next-line no-control-regex
const shown = (text) => text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, ' ');

/** Columns as wide as what stands in them; the last one is as long as it gets. */
function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  );
}

const { values, positionals } = given();
if (values.help) {
  console.log(usage);
  process.exit(0);
}
if (positionals.length !== 1) fail(usage);

const compose = read(positionals[0]);
const environment = values['env-file'] === undefined ? {} : parseEnv(read(values['env-file']));
buildIfNeeded();
const { importCompose } = createRequire(import.meta.url)('../dist/libs/compose/src/index.js');
const { topology, report } = importCompose(compose, { environment });
const problems = report.filter(({ outcome }) => outcome === 'problem').length;

const rows = report.map(({ outcome, pointer, message, hint }) => [
  marks[outcome],
  shown(pointer),
  shown(hint === undefined ? message : `${message} (${hint})`),
]);
for (const line of table([['OUTCOME', 'WHERE', 'WHAT BECAME OF IT'], ...rows])) console.log(line);
const drawn = topology ? `a topology of ${topology.nodes.length} nodes and ${topology.arrows.length} arrows` : 'no topology';
console.log(`\n${drawn}, ${report.length} findings, ${problems} problems`);
process.exitCode = problems > 0 ? 1 : 0;
