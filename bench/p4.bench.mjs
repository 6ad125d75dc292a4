import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openLoop } from './src/load.mjs';
import { appStreams, descriptions, instanceStreams, recordStreams } from './src/made-up.mjs';
import { measureRatios } from './src/ratio.mjs';

const require = createRequire(import.meta.url);

/** 200,000 events: 11 of each instance, 3 of each app. */
const INSTANCES = 14_000;
const APPS = 15_333;
const RATE = 2_000;
const SECONDS = 2;
const PATIENCE = 60_000;

const parties = { ownerTenant: 'ten_00000000000000000000000001', providerTenant: 'ten_00000000000000000000000002' };

/**
 * All read models of all services, as they run in the marketplace, on an event store and a read store of this process:
 * - from nothing, against reading and decoding the same events, and putting the final documents with their index entries into LMDB;
 * - live at a fixed rate, from the call to the moment at which the read model shows the event, against one flushed put and one put after it.
 */
export async function run({ log }) {
  const folder = mkdtempSync(join(tmpdir(), 'souk-bench-'));
  const events = await recordStreams(folder, instanceStreams({ count: INSTANCES, ...parties }));
  const more = await recordStreams(folder, appStreams({ count: APPS, ...parties }));
  log(`  P4: ${events + more} events recorded`);
  const { LmdbEventStore } = require('../dist/libs/event-store/src/index.js');
  const store = await LmdbEventStore.open({ directory: join(folder, 'events') });
  try {
    return [...(await building(store, folder, log)), ...(await lag(store, folder, log))];
  } finally {
    await store.close();
    rmSync(folder, { recursive: true });
  }
}

async function building(store, folder, log) {
  const finals = new Map();
  await rebuild(store, join(folder, 'finals'), (reads) => remembering(reads, finals));
  return measureRatios({
    control: () => inFolder(folder, (directory) => readAndPut(store, directory, finals)),
    ours: () => inFolder(folder, (directory) => rebuild(store, directory)),
    figures: [{ id: 'P4', of: 'throughput', atLeast: 0.6 }],
    warmUp: 0,
    onRound: (a, b) => log(`  P4: control ${Math.round(a.throughput)} events/s, ours ${Math.round(b.throughput)} events/s`),
  });
}

async function lag(store, folder, log) {
  const control = openRaw(join(folder, 'raw'));
  const projections = allProjections();
  const reads = await openReads(join(folder, 'live'));
  const { ProjectionRunner } = require('../dist/libs/read-store/src/index.js');
  const runner = new ProjectionRunner(store, reads, projections);
  const described = descriptions({ count: APPS, ...parties });
  try {
    await runner.start();
    await runner.waitFor(await store.head(), PATIENCE);
    const apps = runner.readModel(projections.find(({ name }) => name === 'apps'));
    const shown = until(apps);
    const append = async () => {
      const { stream, events } = described();
      await shown((await store.append(stream, 'any', events)).position);
    };
    return await measureRatios({
      control: () => openLoop({ rate: RATE, seconds: SECONDS, one: () => control.putTwice(described().events[0]) }),
      ours: () => openLoop({ rate: RATE, seconds: SECONDS, one: append }),
      figures: [{ id: 'P4-lag-p99', of: 'p99', atMost: 3 }],
      onRound: (a, b) =>
        log(
          `  P4: two puts p50 ${a.p50.toFixed(1)} ms p99 ${a.p99.toFixed(1)} ms, append and seen p50 ${b.p50.toFixed(1)} ms p99 ${b.p99.toFixed(1)} ms`,
        ),
    });
  } finally {
    await runner.stop();
    await reads.close();
    await control.close();
  }
}

/** Fulfilled with the commit after which the read model shows that position. */
function until(model) {
  const waiting = new Set();
  model.changes(({ position }) => {
    for (const one of waiting) if (one.position <= position && waiting.delete(one)) one.resolve();
  });
  return (position) =>
    position <= model.checkpoint() ? undefined : new Promise((resolve) => waiting.add({ position, resolve }));
}

async function inFolder(folder, use) {
  const directory = mkdtempSync(join(folder, 'turn-'));
  try {
    return await use(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function rebuild(store, directory, wrap = (reads) => reads) {
  const { ProjectionRunner } = require('../dist/libs/read-store/src/index.js');
  const reads = await openReads(directory);
  const runner = new ProjectionRunner(store, wrap(reads), allProjections());
  const begun = performance.now();
  await runner.start();
  await runner.waitFor(await store.head(), PATIENCE);
  const throughput = (store.stats().events / (performance.now() - begun)) * 1000;
  await runner.stop();
  await reads.close();
  return { throughput };
}

async function readAndPut(store, directory, finals) {
  const { open } = require('lmdb');
  const root = open(directory, { encoding: 'binary', overlappingSync: true });
  const documents = root.openDB('documents', { encoding: 'string' });
  const entries = root.openDB('entries', { encoding: 'binary', keyEncoding: 'binary' });
  const nothing = Buffer.of(1);
  const begun = performance.now();
  let read = 0;
  for await (const { id } of store.readAll()) read += id.length > 0 ? 1 : 0;
  for (const { number, docs, indexes } of finals.values()) {
    const all = [...docs];
    for (let n = 0; n < all.length; n += 500) {
      await root.batch(() => {
        for (const [id, doc] of all.slice(n, n + 500)) {
          void documents.put([number, id], JSON.stringify(doc));
          for (const entry of indexes.entriesOf(id, doc))
            void entries.put(Buffer.concat([Buffer.of(number), entry, Buffer.from(id)]), nothing);
        }
      });
    }
  }
  const throughput = (read / (performance.now() - begun)) * 1000;
  await root.close();
  return { throughput };
}

/** The read store, remembering for each collection the documents that stand at the end. */
function remembering(reads, finals) {
  const { IndexSet } = require('../dist/libs/read-store/src/index-entries.js');
  const open = (spec) => {
    const collection = reads.open(spec);
    const docs = new Map();
    finals.set(spec.name, { number: finals.size, docs, indexes: new IndexSet(spec) });
    const commit = (changes, checkpoint) => {
      for (const { id, doc } of changes) doc === undefined ? docs.delete(id) : docs.set(id, doc);
      return collection.commit(changes, checkpoint);
    };
    return new Proxy(collection, {
      get: (target, name) =>
        name === 'commit' ? commit : typeof target[name] === 'function' ? target[name].bind(target) : target[name],
    });
  };
  return { open };
}

function openReads(directory) {
  const { LmdbReadStore } = require('../dist/libs/read-store/src/index.js');
  return LmdbReadStore.open({ directory, signingKey: Buffer.alloc(32, 1) });
}

/** Whatever lies in a folder `projections` of a service. */
function allProjections() {
  const services = fileURLToPath(new URL('../dist/services', import.meta.url));
  return readdirSync(services)
    .map((service) => join(services, service, 'src', 'projections'))
    .flatMap((folder) => filesOf(folder).map((file) => require(join(folder, file))))
    .flatMap((module) => Object.values(module).filter((one) => one?.streamPrefixes));
}

function filesOf(folder) {
  try {
    return readdirSync(folder).filter((file) => file.endsWith('.projection.js'));
  } catch {
    return [];
  }
}

/** What is acknowledged when it is flushed, and what is visible when it is committed. */
function openRaw(directory) {
  const { open } = require('lmdb');
  const flushed = open(join(directory, 'flushed'), { encoding: 'string', overlappingSync: false });
  const ordered = open(join(directory, 'ordered'), { encoding: 'string', overlappingSync: true });
  let key = 0;
  return {
    putTwice: async (event) => {
      const json = JSON.stringify(event);
      await flushed.put(key++, json);
      await ordered.put(event.data.appId, json);
    },
    close: async () => {
      await flushed.close();
      await ordered.close();
    },
  };
}
