// R13: workloads that reach for their host (its root, sockets of runtimes, devices, its network), kubeconfigs that run programs or read files,
// servers that are no clusters, ranges that are nobody's: refused by default, each exception a grant that is on record with who and why.
import { createRequire } from 'node:module';
import { randomOf } from '../bench/src/statistics.mjs';
import { buildIfNeeded } from '../scripts/build.mjs';

export async function run({ small, seed, log }) {
  buildIfNeeded();
  const { dangerTrial } = createRequire(import.meta.url)('../dist/services/marketplace/testing/index.js');
  const result = await dangerTrial({ drawn: small ? 10 : 500, random: randomOf(seed), log });
  const { tried, letThrough, exceptions, traced, tagsReported } = result;
  for (const what of letThrough) console.error(`let through: ${what}`);
  const ok = letThrough.length === 0 && exceptions > 0 && traced === exceptions && tagsReported;
  const figures = `tried=${tried} let-through=${letThrough.length} exceptions=${exceptions} traced=${traced}`;
  return { line: `R13 ${figures} tags-reported=${tagsReported ? 'yes' : 'no'} ${ok ? 'ok' : 'short'}`, ok };
}
