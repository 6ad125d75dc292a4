import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startProcess } from './marketplace.mjs';

const script = fileURLToPath(new URL('../../dist/libs/cluster-sim/src/main.js', import.meta.url));

/** As the configuration of a simulated cluster, for the one that is started next in that folder. */
export function prepareCluster(dataDir, config) {
  mkdirSync(join(dataDir, 'cluster-sim'), { recursive: true });
  writeFileSync(join(dataDir, 'cluster-sim', 'config.json'), JSON.stringify(config));
}

/** A simulated cluster in a process of its own. */
export async function startCluster(dataDir, config) {
  prepareCluster(dataDir, config);
  const { stop } = await startProcess([script], /ready/, { SOUK_DATA_DIR: dataDir });
  return { kubeconfig: join(dataDir, 'cluster-sim', 'kubeconfig.yaml'), stop };
}
