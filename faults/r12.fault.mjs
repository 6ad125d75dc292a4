import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const dist = (path) => require(`../dist/${path}.js`);
const script = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Random lives of aggregates, on top of the story; and starts of the projections meanwhile. */
const SIZES = { full: { lives: 5_000, starts: 40 }, small: { lives: 300, starts: 6 } };

/**
 * Read models, built live in one process (the whole story as real processes, then random histories, with batches of any size and many
 * restarts) are what another process makes of the events: in another time zone and language, with clock, randomness and network taken
 * from the folds. Compared document by document, byte by byte.
 */
export async function run({ small, seed, log }) {
  const size = small ? SIZES.small : SIZES.full;
  const folder = mkdtempSync(join(tmpdir(), 'souk-faults-'));
  try {
    const story = await node([script('examples/demo/demo.mjs')], { SOUK_DATA_DIR: folder });
    if (story.code !== 0) throw new Error(`the story has failed:\n${story.out}${story.err}`);
    log('the story was played');
    const { events, refused } = await randomHistories(folder, size, seed, log);
    const { out, err } = await node([script('scripts/rebuild.mjs'), '--offline', '--data', folder], {
      TZ: 'Pacific/Chatham',
      LANG: 'tr_TR.UTF-8',
    });
    const [, models, different] = /^rebuilt (\d+) models, (\d+) different$/m.exec(out) ?? [];
    if (models === undefined) throw new Error(`nothing was compared:\n${out}${err}`);
    const documents = [...out.matchAll(/equal: (\d+) documents/g)].reduce((sum, [, count]) => sum + Number(count), 0);
    // The machinery may have had nothing to do: nothing was due, no message was parked. Nobody in the story asks for anything of a cloud, or of another app.
    const { machinery } = dist('libs/platform/src/index');
    const mayBeEmpty = [...machinery.projections.map(({ name }) => name), 'cloud-resources', 'service-brokers', 'services'];
    const empty = [...out.matchAll(/^\s*(\S+).*(?:has no documents yet|equal: 0 documents)/gm)].filter(
      ([, name]) => !mayBeEmpty.includes(name),
    ).length;
    const ok = different === '0' && empty === 0 && documents > size.lives / 4;
    const figures = `models=${models} different=${different} documents=${documents} events=${events} refused=${refused}`;
    return { line: `R12-rebuild ${figures} ${ok ? 'ok' : 'FAILED'}`, ok, out };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Appends lives of all kinds of aggregates while read models follow, are stopped and started. */
async function randomHistories(folder, { lives: count, starts }, seed, log) {
  const { machinery, openResources } = dist('libs/platform/src/index');
  const { CodedEventStore, CommandHandler, DomainError } = dist('libs/event-sourcing/src/index');
  const { RegistryEventCodec } = dist('libs/secrets/src/index');
  const { ProjectionRunner } = dist('libs/read-store/src/index');
  const { services } = dist('services/marketplace/src/marketplace.module');
  const { lives } = dist('services/marketplace/testing/command-sequences');
  const fc = require('fast-check');

  const { events: raw, reads, vault } = await openResources({ dataDir: folder });
  const definitions = [machinery, ...services];
  const codec = new RegistryEventCodec(
    vault,
    definitions.flatMap(({ aggregates }) => aggregates),
  );
  const events = new CodedEventStore(raw, codec);
  const commands = new CommandHandler(events);
  const projections = definitions.flatMap((service) => service.projections);
  const batchSizes = fc.sample(fc.integer({ min: 1, max: 1024 }), { numRuns: starts, seed });
  const actor = { kind: 'system', id: 'faults' };
  let refused = 0;
  let lived = 0;
  try {
    for (const [start, batchSize] of batchSizes.entries()) {
      const failures = [];
      const runner = new ProjectionRunner(events, reads, projections, {
        batchSize,
        onError: (failure) => failures.push(failure),
      });
      await runner.start();
      const upTo = Math.ceil((count * (start + 1)) / starts);
      while (lived < upTo) {
        // Several at a time, so that the histories are mixed in the store.
        const living = Array.from({ length: Math.min(16, upTo - lived) }, async () => {
          const { aggregate, commands: arbitrary } = lives[lived % lives.length];
          const id = `${aggregate.category}_${seed}_${lived++}`;
          const [sequence] = fc.sample(arbitrary(id), { numRuns: 1, seed: seed + lived });
          for (const command of sequence) {
            const context = { commandId: randomUUID(), correlationId: 'faults', causationId: 'faults', actor };
            await commands.handle(aggregate, id, command, context).catch((error) => {
              if (!(error instanceof DomainError)) throw error;
              refused++;
            });
          }
        });
        await Promise.all(living);
      }
      // Every other time it is stopped on its way.
      if (start % 2 === 0 || start === starts - 1) await runner.waitFor(await events.head(), 120_000);
      await runner.stop();
      if (failures.length > 0)
        throw new Error(`a projection has failed: ${failures[0].projection}`, { cause: failures[0].error });
      log(`${lived} of ${count} lives, ${raw.stats().events} events`);
    }
    return { events: raw.stats().events, refused };
  } finally {
    await Promise.all([raw.close(), reads.close(), vault.close()]);
  }
}

function node(args, environment) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk) => (out += chunk));
    child.stderr.on('data', (chunk) => (err += chunk));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, out, err }));
  });
}
