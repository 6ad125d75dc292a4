import { createRequire } from 'node:module';
import { Fleet, TOUCHED } from './src/fleet.mjs';
import { measureRatios } from './src/ratio.mjs';

const require = createRequire(import.meta.url);

/** What one call takes on a simulated cluster, and a pod until it is ready; milliseconds. */
const CALL_MS = 10;
const START_MS = 100;
const INSTANCES = 1_000;
/** Calls in a second that the limits of all clusters allow together: with more of them this would measure the two processes that share a machine. */
const CALLS_PER_SECOND = 40;
/** A turn takes the better part of a minute; what disturbs it for a moment does not show in its figure. */
const ROUNDS = { least: 3, most: 4 };

/**
 * Upgrades of 1,000 instances on 1, 10 and 100 clusters, each cluster with a limit of its own and with its share of 40 calls/s: makespan against the
 * least that limit and deploy order allow, and, on one cluster, against the same number of calls issued bare through a client with the same limit.
 * Among the ten, every other turn has one that hangs and one that answers 429: the other eight against themselves in the turns without.
 *
 * Where it is less than the row of P9 says: all clusters are in one process, upgrades in the other, and both have two cores, so limits are what
 * these can do together, with room to spare. The waves are those of the topology (api, then web); upgrades are asked for one by one, as a campaign
 * does whose waves have no pauses.
 */
export async function run({ log }) {
  return [...(await onOne(log)), ...(await onTen(log)), ...(await onHundred(log))];
}

async function onOne(log) {
  return withFleet(1, log, async (fleet, limits) => {
    // The limit decides how long they take: once tells as much as thrice.
    const bare = await bareCalls(fleet, limits);
    return measureRatios({
      ...{ warmUp: 0, rounds: ROUNDS },
      control: async () => ({ ms: leastOf(fleet, limits), bare }),
      ours: async () => ({ ms: await upgraded(fleet, limits) }),
      figures: [
        { id: 'P9@1', of: 'ms', atMost: 1.15 },
        { id: 'P9@1-bare', of: 'ms', against: 'bare', atMost: 2 },
      ],
      onRound: (a, b) => log(`  P9@1: least ${said(a.ms)}, bare ${said(a.bare)}, upgrades ${said(b.ms)}`),
    });
  });
}

async function onTen(log) {
  return withFleet(10, log, async (fleet, limits) => {
    const least = leastOf(fleet, limits);
    const [hung, throttled, ...healthy] = fleet.clusters;
    /** Of the last turn without trouble. */
    let ms = NaN;
    return measureRatios({
      ...{ warmUp: 0, rounds: ROUNDS },
      control: async () => {
        fleet.limit(limits);
        const until = fleet.upgrade();
        const [all, ofHealthy] = await Promise.all([until(), until(healthy)]);
        ms = all;
        return { least, healthy: ofHealthy };
      },
      ours: async () => {
        await fleet.faults(hung, [{ fault: { type: 'timeout' } }]);
        await fleet.faults(throttled, [{ fault: { type: 'status', code: 429, retryAfterSeconds: 1 } }]);
        fleet.limit(limits);
        const until = fleet.upgrade();
        const ofHealthy = await until(healthy);
        for (const cluster of [hung, throttled]) await fleet.faults(cluster, []);
        fleet.limit();
        await until();
        return { ms, healthy: ofHealthy };
      },
      figures: [
        { id: 'P9@10', of: 'ms', against: 'least', atMost: 1.15 },
        { id: 'P9-trouble', of: 'healthy', atMost: 1.05 },
      ],
      onRound: (a, b) =>
        log(
          `  P9@10: least ${said(a.least)}, upgrades ${said(b.ms)}, the healthy eight ${said(a.healthy)}; beside one that hangs and one that ` +
            `throttles ${said(b.healthy)}`,
        ),
    });
  });
}

async function onHundred(log) {
  return withFleet(100, log, (fleet, limits) =>
    measureRatios({
      ...{ warmUp: 0, rounds: ROUNDS },
      control: async () => ({ ms: leastOf(fleet, limits) }),
      ours: async () => ({ ms: await upgraded(fleet, limits) }),
      figures: [{ id: 'P9@100', of: 'ms', atMost: 1.15 }],
      onRound: (a, b) => log(`  P9@100: least ${said(a.ms)}, upgrades ${said(b.ms)}`),
    }),
  );
}

/** With all instances spread over so many clusters, each of which has its share of the calls. */
async function withFleet(clusters, log, measure) {
  log(`  P9@${clusters}: ${INSTANCES} instances are made`);
  const fleet = await Fleet.open({ clusters, instances: INSTANCES / clusters, log });
  const callsPerSecond = CALLS_PER_SECOND / clusters;
  try {
    return await measure(fleet, { callsPerSecond, burst: Math.max(1, Math.round(callsPerSecond)) });
  } finally {
    await fleet.close();
  }
}

const said = (ms) => `${(ms / 1000).toFixed(2)} s`;

/** Each upgrade applies two Deployments, the second when the first is ready; calls beyond the burst come at the rate of the limit. */
function leastOf({ clusters }, { callsPerSecond, burst }) {
  const calls = ((clusters[0].instances.length * TOUCHED - burst) / callsPerSecond) * 1000;
  return Math.max(calls, 0) + CALL_MS + START_MS;
}

async function upgraded(fleet, limits) {
  fleet.limit(limits);
  return fleet.upgrade()();
}

/** As many applies, through a client with the same limit, as fast as they go; milliseconds. */
async function bareCalls({ clusters: [cluster] }, limits) {
  const { KubernetesCluster, SimulatedClusterConnection } = require('../dist/libs/kubernetes/src/index.js');
  const { namespaceOf } = require('../dist/services/deployment/src/domain/cluster-object.js');
  const connection = new SimulatedClusterConnection(cluster.kubeconfigPath);
  const client = new KubernetesCluster(() => connection.endpointOf(), limits);
  const said = cluster.instances.flatMap((id) =>
    Array.from({ length: TOUCHED }, (_, n) => ({
      ...{ apiVersion: 'v1', kind: 'ServiceAccount' },
      metadata: { name: `bare-${n}`, namespace: namespaceOf(id) },
    })),
  );
  const begun = performance.now();
  await Promise.all(said.map((object) => client.apply(object)));
  client.close();
  return performance.now() - begun;
}
