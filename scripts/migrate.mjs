// `npm run migrate -- --from ./data --to esdb://…`: the events of a stopped marketplace move to EventStoreDB. May be broken off and run again.
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildIfNeeded } from './build.mjs';
import { ProgressBar } from './progress-bar.mjs';

const USAGE = `Usage: npm run migrate -- [--from ./data] --to esdb://host:2113 [--vault mongodb://host:27017]

Copies every event, with its id, its time and its bytes, to the same revision of the same stream, then compares both sides. The folder stays
as it is. Run again, it goes on where it was broken off, or brings what has come since. --vault brings the secrets as well.

Environment: SOUK_DATA_DIR for --from, SOUK_EVENT_STORE for --to, SOUK_VAULT for --vault (so that a password stands in no list of processes);
with a vault SOUK_MASTER_KEYS as the new installation has it, and SOUK_READ_STORE_PREFIX (souk).
Exit codes: 0 moved and the same, 1 failed or different, 2 wrongly asked.`;

/** Asked in a way that cannot be answered. */
class Misuse extends Error {}

/** Streams that are named when they differ. */
const NAMED = 10;

async function main() {
  const { help, from, to, vault } = options();
  if (help) return console.log(USAGE);
  if (!to) throw new Misuse('--to is missing: the connection string of EventStoreDB');
  const { SOUK_MASTER_KEYS: masterKeys, SOUK_READ_STORE_PREFIX: prefix = 'souk' } = process.env;
  if (vault && !masterKeys) throw new Misuse('SOUK_MASTER_KEYS is missing: the keys that the new installation will have');
  buildIfNeeded();
  process.setSourceMapsEnabled(true);
  const { migrate, migrateVault } = createRequire(import.meta.url)('../dist/services/marketplace/src/migrate.js');
  // First the secrets: events that nobody can read are no use.
  if (vault) {
    const { tenants, values } = await migrateVault({ dataDir: resolve(from), url: vault, prefix, masterKeys });
    console.log(`the vault: keys of ${tenants} tenants and ${values} values are the same on both sides`);
  }
  const progress = new Progress();
  const begun = performance.now();
  const { events, streams, different, written } = await migrate(
    { dataDir: resolve(from), connectionString: to },
    (part, done, all) => progress.show(part, done, all),
  ).finally(() => progress.end());
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  console.log(written === 0 ? 'nothing to do: every event was there already' : `moved ${written} events in ${seconds} s`);
  if (different.length === 0) {
    console.log(`compared ${events} events in ${streams} streams: the same on both sides`);
    console.log('What else has to come along: docs/operations.md, "Moving house"');
    return;
  }
  for (const { stream, sourceEvents, targetEvents } of different.slice(0, NAMED))
    console.error(`DIFFERENT: ${stream} has ${sourceEvents} events here and ${targetEvents} there`);
  console.error(`${different.length} of ${streams} streams are not the same on both sides`);
  process.exitCode = 1;
}

function options() {
  try {
    const { values } = parseArgs({
      options: {
        from: { type: 'string' },
        to: { type: 'string' },
        vault: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    const { SOUK_DATA_DIR = './data', SOUK_EVENT_STORE, SOUK_VAULT } = process.env;
    const { help, from = SOUK_DATA_DIR, to = SOUK_EVENT_STORE, vault = SOUK_VAULT } = values;
    return { help, from, to, vault };
  } catch (error) {
    throw new Misuse(error.message);
  }
}

/** A bar for each part, one after the other. */
class Progress {
  #part;
  #bar;
  #begun;
  #first;
  #shownAt = -Infinity;
  #last = '';

  show(part, done, all) {
    const now = performance.now();
    if (part !== this.#part) {
      this.end();
      this.#part = part;
      this.#bar = new ProgressBar(part);
      this.#begun = now;
      this.#first = done;
    }
    this.#last = `${part}  ${done} of ${all} events`;
    if (now - this.#shownAt < 100) return;
    this.#shownAt = now;
    const eventsPerSecond = Math.round(((done - this.#first) * 1000) / Math.max(1, now - this.#begun));
    const secondsLeft = eventsPerSecond > 0 ? Math.ceil((all - done) / eventsPerSecond) : undefined;
    this.#bar.show({ events: done, eventsToFold: all, eventsPerSecond, secondsLeft });
  }

  end() {
    this.#bar?.end(this.#last);
    this.#bar = undefined;
  }
}

main().catch((error) => {
  const expected = error instanceof Misuse || 'code' in error;
  console.error(expected ? `migrate: ${error.message}${error.cause ? ` (${error.cause.message})` : ''}` : error);
  if (error instanceof Misuse) console.error(`\n${USAGE}`);
  process.exitCode = error instanceof Misuse ? 2 : 1;
});
