// `npm run import-compose -- compose.yaml [--env-file .env]`: what would become of a Compose file, as a table. Needs no marketplace. Fails where there are problems.
// Started as `node -- …`: without the dashes Node.js takes --env-file for its own, wherever it stands.
import { createReadStream } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { parseArgs, parseEnv } from 'node:util';
import { buildIfNeeded } from './build.mjs';

const usage = `usage: npm run import-compose -- <compose file> [--env-file <file>]…

  <compose file>      "-" is standard input
  --env-file <file>   lines of KEY=value: variables of the Compose file. COMPOSE_PROFILES names the profiles that are active

exit code: 0 no problems, 1 problems (the table has them), 2 nothing that could be read`;
const marks = { mapped: 'mapped', approximated: 'approximated', 'no-equivalent': 'no equivalent', problem: 'PROBLEM' };
/** More than any file that is imported has, in whatever alphabet. */
const MOST_BYTES = 4 * 1024 * 1024;
const reasons = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EISDIR: 'it is a directory',
  EACCES: 'its permissions forbid it',
};

function given() {
  try {
    const options = { 'env-file': { type: 'string', multiple: true }, help: { type: 'boolean', short: 'h' } };
    return parseArgs({ allowPositionals: true, options });
  } catch (error) {
    return fail(`${error.message.split('. ')[0]}\n\n${usage}`);
  }
}

function fail(message) {
  console.error(message);
  process.exit(2);
}

/** npm runs scripts where the package is: a path is meant from where npm was called. */
const called = process.env.npm_lifecycle_event === 'import-compose' ? process.env.INIT_CWD : undefined;

async function read(path) {
  const isInput = path === '-';
  const unreadable = (why) => fail(`${isInput ? 'standard input' : path} cannot be read: ${why}`);
  const chunks = [];
  let bytes = 0;
  try {
    for await (const chunk of isInput ? process.stdin : createReadStream(resolve(called ?? '.', path))) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > MOST_BYTES) return unreadable(`it has more than ${MOST_BYTES / 1024 / 1024} MB`);
    }
  } catch (error) {
    return unreadable(reasons[error.code] ?? error.message);
  }
  return textOf(Buffer.concat(chunks)) ?? unreadable('it is no text in UTF-8');
}

function textOf(bytes) {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}

const count = (number, one) => `${number} ${one}${number === 1 ? '' : 's'}`;

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
const [file, ...others] = positionals;
if (file === undefined) fail(usage);
if (others.length > 0) fail(`one Compose file at a time: "docker compose config" makes one of several\n\n${usage}`);

const compose = await read(file);
const environment = {};
for (const path of values['env-file'] ?? []) Object.assign(environment, parseEnv(await read(path)));
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
const drawn = topology
  ? `a topology of ${count(topology.nodes.length, 'node')} and ${count(topology.arrows.length, 'arrow')}`
  : 'no topology';
console.log(`\n${drawn}, ${count(report.length, 'finding')}, ${count(problems, 'problem')}`);
process.exitCode = problems > 0 ? 1 : 0;
