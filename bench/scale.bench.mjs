import { createRequire } from 'node:module';
import { join } from 'node:path';
import { httpClient } from './src/http-load.mjs';
import { inSequence } from './src/load.mjs';
import { CATEGORIES, wordOf } from './src/made-up.mjs';
import { startMarketplace } from './src/marketplace.mjs';
import { measureRatios } from './src/ratio.mjs';
import { worldOf } from './src/worlds.mjs';

const require = createRequire(import.meta.url);

const FEW = 100;
const MANY = 10_000;
const APPS = 100_000;
const REQUESTS = 200;
/** What the search may take, and the memory of 10,000 instances. */
const SEARCH_MS = 20;
const MEMORY = 100e6;

/** The embedded shape: 10,000 instances against 100 and none, and the catalogue of 100,000 apps. */
export async function run({ log }) {
  return [...(await lists(log)), ...(await starts(log)), ...(await searches(log))];
}

async function lists(log) {
  const running = [];
  try {
    const listOf = async ({ dataDir, buyer }) => {
      const marketplace = await startMarketplace(dataDir);
      running.push(marketplace);
      const client = httpClient(marketplace.url, 1);
      const page = () => client.getJson('/v1/instances?limit=50', { authorization: `Bearer ${buyer.token}` });
      return () => inSequence(REQUESTS, page);
    };
    return await measureRatios({
      control: await listOf(await worldOf({ instances: FEW }, log)),
      ours: await listOf(await worldOf({ instances: MANY }, log)),
      figures: [{ id: 'scale-list', of: 'p50', atMost: 1.3 }],
      onRound: (a, b) => log(`  scale: page of ${FEW} ${a.p50.toFixed(2)} ms, of ${MANY} ${b.p50.toFixed(2)} ms`),
    });
  } finally {
    for (const marketplace of running) await marketplace.stop();
  }
}

/** Each turn is a start of its own: how long until the first answer, and the memory then. */
async function starts(log) {
  const startOf =
    ({ dataDir, buyer }) =>
    async () => {
      const begun = performance.now();
      const marketplace = await startMarketplace(dataDir);
      const client = httpClient(marketplace.url, 1);
      try {
        await client.getJson('/v1/instances?limit=50', { authorization: `Bearer ${buyer.token}` });
        const ms = performance.now() - begun;
        return { ms, bytes: await marketplace.memory(), allowed: MEMORY };
      } finally {
        client.close();
        await marketplace.stop();
      }
    };
  const empty = startOf(await worldOf({}, log));
  const many = startOf(await worldOf({ instances: MANY }, log));
  let before;
  return measureRatios({
    control: async () => (before = await empty()),
    ours: async () => {
      const { ms, bytes } = await many();
      return { ms, more: Math.max(0, bytes - before.bytes) };
    },
    figures: [
      { id: 'scale-restart', of: 'ms', atMost: 1.3 },
      { id: 'scale-memory', of: 'more', against: 'allowed', atMost: 1 },
    ],
    onRound: (a, b) =>
      log(
        `  scale: start empty ${a.ms.toFixed(0)} ms, of ${MANY} ${b.ms.toFixed(0)} ms and ${(b.more / 1e6).toFixed(1)} MB more`,
      ),
  });
}

/** The usual, and the worst: what all have, what few have, two that many have, two that never come together, nothing. */
const questions = [
  {},
  { search: 'edge' },
  { search: 'e' },
  { search: 'edge management' },
  { search: 'unicorn' },
  { search: 'industry unicorn' },
  { search: `${wordOf(0)} ${wordOf(1)}` },
  { search: `${wordOf(30)} ${wordOf(40)}` },
  { search: `${wordOf(3).slice(0, 3)} ${wordOf(300)} e m i` },
  { search: 'half other' },
  { search: 'nowhere' },
  { search: 'edge nowhere' },
  { tag: 'common' },
  { tag: 'half', category: CATEGORIES[2] },
  { tag: 'other', category: CATEGORIES[2] },
  { tag: 'common', category: CATEGORIES[3], search: 'edge' },
];

async function searches(log) {
  const { dataDir } = await worldOf({ apps: APPS }, log);
  const allowed = async () => ({ p99: SEARCH_MS });
  const figure = (id) => [{ id, of: 'p99', atMost: 1 }];
  const told =
    (how) =>
    (_, { p50, p99, max }) =>
      log(`  scale: search ${how} p50 ${p50.toFixed(2)} ms p99 ${p99.toFixed(2)} ms max ${max.toFixed(2)} ms`);

  const { LmdbReadStore } = require('../dist/libs/read-store/src/index.js');
  const { appsProjection } = require('../dist/services/app-catalog/src/projections/apps.projection.js');
  const { MarketplaceController } = require('../dist/services/app-catalog/src/edges/marketplace.controller.js');
  const reads = await LmdbReadStore.open({ directory: join(dataDir, 'read-models'), signingKey: Buffer.alloc(32, 1) });
  let inProcess;
  try {
    const controller = new MarketplaceController(reads.open(appsProjection));
    const search = twoPages((query) => controller.search(query));
    for (const question of questions) {
      const { p50, max } = await inSequence(20, () => search(question));
      log(`  scale: ${JSON.stringify(question)} p50 ${p50.toFixed(2)} ms max ${max.toFixed(2)} ms`);
    }
    inProcess = await measureRatios({
      control: allowed,
      ours: () => inSequence(REQUESTS, (i) => search(questions[i % questions.length])),
      figures: figure('scale-search'),
      onRound: told('in process'),
    });
  } finally {
    await reads.close();
  }

  const marketplace = await startMarketplace(dataDir);
  try {
    const client = httpClient(marketplace.url, 1);
    const search = twoPages((query) => client.getJson(`/v1/marketplace/apps?${new URLSearchParams(query)}`));
    const overHttp = await measureRatios({
      control: allowed,
      ours: () => inSequence(REQUESTS, (i) => search(questions[i % questions.length])),
      figures: figure('scale-search-http'),
      onRound: told('over HTTP'),
    });
    return [...inProcess, ...overHttp];
  } finally {
    await marketplace.stop();
  }
}

/** One page of a question, the first one and the one after it by turns. */
function twoPages(page) {
  const next = new Map();
  return async (question) => {
    const key = JSON.stringify(question);
    const cursor = next.get(key);
    const answer = await page({ ...question, ...(cursor && { cursor }) });
    next.set(key, cursor ? undefined : answer.next);
  };
}
