import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fleet, TOUCHED } from './src/fleet.mjs';
import { measureRatios } from './src/ratio.mjs';

const require = createRequire(import.meta.url);

/** What one call takes on a simulated cluster, and a pod until it is ready; milliseconds. */
const CALL_MS = 10;
const START_MS = 100;
const ONE = { clusters: 1, instances: 15, limits: { callsPerSecond: 5, burst: 5 } };
/** Calls that all clusters together take in a second stay below what one process can do: else this measures the machine. */
const TEN = { clusters: 10, instances: 4, limits: { callsPerSecond: 1, burst: 2 } };

/**
 * Upgrades of all instances on one and on ten clusters, each with a limit of its own: makespan against the least that limit and deploy order
 * allow, and against the same calls issued bare; then the same with one cluster that hangs and one that answers 429, against what the other
 * eight take without these.
 */
export async function run({ log }) {
  return [...(await onOne(log)), ...(await onTen(log))];
}

async function onOne(log) {
  const fleet = await Fleet.open(ONE);
  try {
    const bare = await bareClient(fleet, ONE);
    return await measureRatios({
      control: async () => ({ ms: leastOf(ONE), bare: await bare() }),
      ours: () => upgraded(fleet, ONE),
      figures: [
        { id: 'P9@1', of: 'ms', atMost: 1.15 },
        { id: 'P9@1-bare', of: 'ms', against: 'bare', atMost: 2 },
      ],
      onRound: (a, b) => log(`  P9: one cluster, least ${said(a.ms)}, bare ${said(a.bare)}, upgrades ${said(b.ms)}`),
    });
  } finally {
    await fleet.close();
  }
}

async function onTen(log) {
  const fleet = await Fleet.open(TEN);
  try {
    const makespan = await measureRatios({
      control: async () => ({ ms: leastOf(TEN) }),
      ours: () => upgraded(fleet, TEN),
      figures: [{ id: 'P9@10', of: 'ms', atMost: 1.15 }],
      onRound: (a, b) => log(`  P9: ten clusters, least ${said(a.ms)}, upgrades ${said(b.ms)}`),
    });
    const [hung, throttled, ...healthy] = fleet.clusters;
    const slowed = await measureRatios({
      control: () => upgraded(fleet, TEN, healthy),
      ours: async () => {
        await fleet.faults(hung, [{ fault: { type: 'timeout' } }]);
        await fleet.faults(throttled, [{ fault: { type: 'status', code: 429, retryAfterSeconds: 1 } }]);
        const result = await upgraded(fleet, TEN, healthy);
        for (const cluster of [hung, throttled]) await fleet.faults(cluster, []);
        return result;
      },
      figures: [{ id: 'P9-trouble', of: 'ms', atMost: 1.05 }],
      onRound: (a, b) => log(`  P9: the healthy eight ${said(a.ms)}, beside one that hangs and one that throttles ${said(b.ms)}`),
    });
    return [...makespan, ...slowed];
  } finally {
    await fleet.close();
  }
}

const said = (ms) => `${(ms / 1000).toFixed(2)} s`;

/** Each upgrade applies two Deployments, the second when the first is ready; calls beyond the burst come at the rate of the limit. */
function leastOf({ instances, limits: { callsPerSecond, burst } }) {
  const calls = ((instances * TOUCHED - burst) / callsPerSecond) * 1000;
  return Math.max(calls, 0) + CALL_MS + START_MS;
}

async function upgraded(fleet, setting, waitedFor) {
  const ms = await fleet.upgrade(waitedFor);
  await fleet.rest();
  await refilled(setting);
  return { ms };
}

/** The limit has its burst again. */
const refilled = ({ limits: { callsPerSecond, burst } }) => sleep((burst / callsPerSecond) * 1000 + 200);

/** As many applies of the same kind, through a client with the same limit, as fast as they go. */
async function bareClient(fleet, { instances, limits }) {
  const { KubernetesCluster, SimulatedClusterConnection } = require('../dist/libs/kubernetes/src/index.js');
  const { namespaceOf } = require('../dist/services/deployment/src/domain/cluster-object.js');
  const [cluster] = fleet.clusters;
  const client = new KubernetesCluster(() => new SimulatedClusterConnection(cluster.kubeconfigPath).endpointOf(), limits);
  const said = [];
  for (const id of cluster.instances.slice(0, instances))
    for (let n = 0; n < TOUCHED; n++)
      said.push({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: `bare-${n}`, namespace: namespaceOf(id) } });
  return async () => {
    const begun = performance.now();
    await Promise.all(said.map((object) => client.apply(object)));
    const ms = performance.now() - begun;
    await refilled({ limits });
    return ms;
  };
}
