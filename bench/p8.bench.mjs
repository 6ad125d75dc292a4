import { httpClient } from './src/http-load.mjs';
import { startMarketplace } from './src/marketplace.mjs';
import { measureRatios } from './src/ratio.mjs';
import { worldOf } from './src/worlds.mjs';

const INSTANCES = 100_000;
/** Fewer, where each has a long history: 100 events of its own take 15 restarts. */
const WITH_HISTORY = 5_000;
const RESTARTS = 15;
const PAGES = 100;

/**
 * Memory of the marketplace (its own, without the pages of files) after a start and some thousand instances read: what 100,000 instances
 * add to that of an empty one, against the bytes of their JSON; and with histories of 101 events against histories of 11.
 */
export async function run({ log }) {
  const empty = await worldOf({}, log);
  const many = await worldOf({ instances: INSTANCES }, log);
  const json = { bytes: (await bytesOfJson(many)) * INSTANCES };
  const perInstance = await measureRatios({
    control: async () => json,
    ours: async () => ({ bytes: Math.max(0, (await memoryOn(many)) - (await memoryOn(empty))) }),
    figures: [{ id: 'P8', of: 'bytes', atMost: 1 }],
    warmUp: 0,
    onRound: (a, b) => log(`  P8: JSON ${mega(a.bytes)}, memory ${mega(b.bytes)} more`),
  });
  const short = await worldOf({ instances: WITH_HISTORY }, log);
  const long = await worldOf({ instances: WITH_HISTORY, restarts: RESTARTS }, log);
  const history = await measureRatios({
    control: async () => ({ bytes: await memoryOn(short) }),
    ours: async () => ({ bytes: await memoryOn(long) }),
    figures: [{ id: 'P8-history', of: 'bytes', atMost: 1.1 }],
    warmUp: 0,
    onRound: (a, b) => log(`  P8: short histories ${mega(a.bytes)}, long ones ${mega(b.bytes)}`),
  });
  return [...perInstance, ...history];
}

const mega = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

async function memoryOn(world) {
  return withList(world, async (list, { memory }) => {
    await pagesOf(list);
    return memory();
  });
}

/** Of one instance, on the average of a page. */
async function bytesOfJson(world) {
  return withList(world, async (list) => {
    const { items } = await list('');
    return JSON.stringify(items).length / items.length;
  });
}

async function withList({ dataDir, buyer }, use) {
  const marketplace = await startMarketplace(dataDir);
  const client = httpClient(marketplace.url, 1);
  try {
    return await use(
      (cursor) => client.getJson(`/v1/instances?limit=50${cursor}`, { authorization: `Bearer ${buyer.token}` }),
      marketplace,
    );
  } finally {
    client.close();
    await marketplace.stop();
  }
}

/** As many requests on an empty list: code that was compiled, and garbage, are not the instances'. */
async function pagesOf(list) {
  let cursor = '';
  for (let page = 0; page < PAGES; page++) {
    const { next } = await list(cursor);
    cursor = next === undefined ? '' : `&cursor=${next}`;
  }
}
