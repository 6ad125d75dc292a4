// `npm run rebuild -- <model> …`: builds read models anew. Of a running marketplace by its API, with the progress shown; the old documents
// answer until the new ones take their place. `--offline`: of a stopped one, beside what it has, to compare. Without a name: which there are.
import { resolve } from 'node:path';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { buildIfNeeded } from './build.mjs';
import { ProgressBar } from './progress-bar.mjs';
import { NotReachable, Problem, ReadModels } from './read-models.mjs';

const USAGE = `Usage: npm run rebuild -- <model> …         one after the other, in a running marketplace
       npm run rebuild -- --all             every one of them
       npm run rebuild                      which there are
       npm run rebuild -- --offline [--data ./data] [<model> …]
                                            of a stopped marketplace, in a folder of its own: compares, changes nothing

Environment: SOUK_URL (http://127.0.0.1:3000), SOUK_TOKEN (of an operator); offline SOUK_DATA_DIR and SOUK_MASTER_KEYS as at its start.
Exit codes: 0 done, 1 failed or different, 2 wrongly asked.`;

/** Asked in a way that cannot be answered. */
class Misuse extends Error {}

async function main() {
  const { values, positionals } = options();
  if (values.help) return console.log(USAGE);
  if (values.offline) return offline(positionals, values.data ?? process.env.SOUK_DATA_DIR ?? './data');
  const { SOUK_URL: url = 'http://127.0.0.1:3000', SOUK_TOKEN: token } = process.env;
  if (!token) throw new Misuse('SOUK_TOKEN is missing: the token of an operator, as printed at the first start');
  const readModels = new ReadModels(url.replace(/\/+$/, ''), token);
  const known = await readModels.list();
  const names = values.all ? known.map(({ name }) => name) : positionals;
  if (names.length === 0) return list(known);
  refuseUnknown(
    names,
    known.map(({ name }) => name),
  );
  for (const name of names) if (!(await rebuild(readModels, name))) process.exitCode = 1;
}

function options() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        all: { type: 'boolean' },
        offline: { type: 'boolean' },
        data: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new Misuse(error.message);
  }
}

function refuseUnknown(names, known) {
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Misuse(`there is no read model "${unknown.join('", "')}"; there are: ${known.join(', ')}`);
}

function list(models) {
  const width = Math.max(...models.map(({ name }) => name.length));
  for (const { name, version, status, behind, rebuild } of models) {
    const rebuilding = rebuild && !rebuild.endedAt ? `, being rebuilt: ${rebuild.events} of ${rebuild.eventsToFold} events` : '';
    const distance = behind === undefined ? '' : `, ${behind} events behind`;
    console.log(`${name.padEnd(width)}  v${version}  ${status}${distance}${rebuilding}`);
  }
}

/** `true` when the new documents serve. */
async function rebuild(readModels, name) {
  const bar = new ProgressBar(name);
  let last;
  try {
    await readModels.rebuild(name);
    for await (const progress of readModels.progress(name)) {
      last = progress;
      bar.show(progress);
    }
  } catch (error) {
    bar.end(`${name}  ${error.message}`);
    if (error instanceof Problem && error.status !== 401 && error.status !== 403) return false;
    throw error;
  }
  const seconds = ((Date.parse(last.endedAt) - Date.parse(last.startedAt)) / 1000).toFixed(1);
  if (last.status !== 'switched') {
    bar.end(
      `${name}  ${last.status}${last.problem ? ` (${last.problem}; the log says more)` : ''}: the old documents go on to serve`,
    );
    return false;
  }
  bar.end(`${name}  rebuilt from ${last.events} events in ${seconds} s; ${last.different} documents are others than before`);
  return true;
}

async function offline(names, data) {
  buildIfNeeded();
  process.setSourceMapsEnabled(true);
  const require = createRequire(import.meta.url);
  const { knownModels, rebuildOffline } = require('../dist/services/marketplace/src/offline-rebuild.js');
  refuseUnknown(names, knownModels);
  const counts = { models: 0, different: 0 };
  for await (const model of rebuildOffline({ dataDir: resolve(data), environment: process.env, names })) {
    counts.models++;
    if (model.error === undefined && model.digest === model.digestRebuilt) console.log(`${model.projection}  ${equal(model)}`);
    else {
      counts.different++;
      console.log(`${model.projection}  ${model.error ? `failed: ${model.error.message}` : different(model)}`);
    }
  }
  console.log(`rebuilt ${counts.models} models, ${counts.different} different`);
  if (counts.different > 0) process.exitCode = 1;
}

function equal({ position, documents, digest }) {
  return position === undefined ? 'has no documents yet' : `equal: ${documents} documents at ${position}, SHA-256 ${digest}`;
}

function different({ different: ids, documents, digest, digestRebuilt }) {
  const some = ids.slice(0, 10).join(', ') + (ids.length > 10 ? ', …' : '');
  return `DIFFERENT: ${ids.length} of ${documents} documents (${some}), SHA-256 ${digest}, rebuilt ${digestRebuilt}`;
}

main().catch((error) => {
  const expected = error instanceof Misuse || error instanceof Problem || error instanceof NotReachable || 'code' in error;
  console.error(expected ? `rebuild: ${error.message}` : error);
  if (error instanceof Misuse) console.error(`\n${USAGE}`);
  process.exitCode = error instanceof Misuse ? 2 : 1;
});
