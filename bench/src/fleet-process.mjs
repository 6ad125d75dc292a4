// Simulated clusters in a process of their own: node fleet-process.mjs <folder> <count> <instances on each>. Tells where they listen, as one line
// of JSON.
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const { startClusterSim } = createRequire(import.meta.url)('../../dist/libs/cluster-sim/src/index.js');
const [folder, count, instances] = process.argv.slice(2);
/** Pods of an instance while one of them is replaced, and addresses that a host has for them. */
const [PODS, ADDRESSES] = [4, 250];
const hosts = Array.from({ length: Math.ceil((Number(instances) * PODS) / ADDRESSES) }, (_, n) => ({
  ...{ name: `edge-${n + 1}`, cpu: '1000', memory: '4000Gi', pods: ADDRESSES },
}));

const sims = [];
for (let n = 0; n < Number(count); n++) {
  const dataDir = join(folder, String(n));
  mkdirSync(dataDir, { recursive: true });
  sims.push(await startClusterSim({ dataDir, port: 0, config: { hosts, apiLatencyMs: 10 } }));
}
console.log(JSON.stringify(sims.map(({ url, token, kubeconfigPath }) => ({ url, token, kubeconfigPath }))));
process.once('SIGTERM', () => void Promise.all(sims.map((sim) => sim.stop())).then(() => process.exit(0)));
