// The same with one process for each service, in a fresh folder (or SOUK_DATA_DIR, which is kept): what `npm run distributed` starts.
import { createRequire } from 'node:module';
import { buildIfNeeded } from '../../scripts/build.mjs';

export async function startDistributed() {
  buildIfNeeded();
  const { DistributedProcesses } = createRequire(import.meta.url)(
    '../../dist/services/marketplace/testing/distributed.process.js',
  );
  const dataDir = process.env.SOUK_DATA_DIR;
  const environment = { SOUK_NODE_READY_SECONDS: '8', SOUK_DRAIN_SECONDS: '0', SOUK_CLUSTER_NETWORKS: '127.0.0.0/8' };
  const processes = new DistributedProcesses({ environment, ...(dataDir && { dataDir }) });
  const stop = () => processes.stop();
  // Its processes are in groups of their own: they are ended from here.
  process.once('SIGINT', () => void stop().finally(() => process.exit(1)));
  try {
    await processes.start();
  } catch (error) {
    await processes.destroy();
    console.error(`the marketplace can't start: ${error.message}`);
    process.exit(1);
  }
  console.log('one process for each service:');
  for (const { name, pid, address } of processes.table)
    console.log(`  ${name.padEnd(13)} process ${String(pid).padStart(7)}  ${address}`);
  const { url, operatorToken: token } = processes;
  return { url, token, dataDir: processes.dataDir, pid: process.pid, stop };
}
