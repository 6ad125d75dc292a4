import { armFailpoints } from '@souk/failpoints';
import { type ClusterSim, type ClusterSimOptions, startClusterSim } from './cluster-sim';

/** Runs the simulated cluster as a process of its own. Environment: see the README. */
const main = async (): Promise<void> => {
  armFailpoints(process.env.SOUK_FAILPOINTS);
  const cluster = await startClusterSim(optionsFrom(process.env));
  console.log(`cluster-sim ready at ${cluster.url}, KUBECONFIG=${cluster.kubeconfigPath}`);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop(cluster));
};

const optionsFrom = (env: NodeJS.ProcessEnv): ClusterSimOptions => {
  const dataDir = env.SOUK_DATA_DIR || './data';
  const text = env.SOUK_CLUSTER_SIM_PORT;
  if (!text) return { dataDir };
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new Error(`SOUK_CLUSTER_SIM_PORT is no port: ${text}`);
  return { dataDir, port };
};

const stop = async (cluster: ClusterSim): Promise<void> => {
  await cluster.stop();
  process.exit(0);
};

main().catch((error: unknown) => {
  console.error(`cluster-sim: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
});
