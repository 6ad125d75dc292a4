import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const NODE = { cpu: { request: '10m', limit: '100m' }, memory: { request: '16Mi', limit: '64Mi' } };
const VERSIONS = ['ver_01J00000000000000000000001', 'ver_01J00000000000000000000002'];
/** Nodes that a change of version touches, one after the other. */
export const TOUCHED = 2;

/** web → api → db; versions differ in the images of web and api. */
function topologyOf(version) {
  const node = (serviceName, image) => ({
    ...{ serviceName, category: 'custom', image: `registry.example/${image}`, ...NODE, replicas: 1, env: {} },
    ports: [{ internal: 8080, external: 80, protocol: 'TCP' }],
  });
  return {
    nodes: [node('web', `web:${version}`), node('api', `api:${version}`), node('db', 'db:1')],
    arrows: [
      { from: 'web', to: 'api' },
      { from: 'api', to: 'db' },
    ],
    parameters: {},
    secrets: {},
  };
}

/** Instances that are made side by side: more of them, and calls come to their time-outs. */
const MADE_AT_ONCE = 40;
/** Upgrades that are asked for side by side. */
const ASKED_AT_ONCE = 16;
/** As long as nothing is measured. */
const UNLIMITED = { callsPerSecond: 10_000, burst: 10_000 };
/** How often it is told how far a turn is. */
const PROGRESS_MS = 10_000;

/** The deployment service with instances on simulated clusters, which run in one process beside it. */
export class Fleet {
  /** @type {{ clusterId: string, url: string, token: string, kubeconfigPath: string, instances: string[] }[]} */
  clusters = [];
  version = 0;

  /** @param instances on each cluster */
  static async open({ clusters, instances, log }) {
    const fleet = new Fleet();
    const { World } = require('../../dist/services/deployment/test/world.js');
    fleet.log = log;
    fleet.folder = mkdtempSync(join(tmpdir(), 'souk-fleet-'));
    const main = fileURLToPath(new URL('./fleet-process.mjs', import.meta.url));
    const args = [main, fleet.folder, String(clusters), String(instances)];
    fleet.process = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await new Promise((resolve) => createInterface(fleet.process.stdout).once('line', (text) => resolve([text])));
    // Whoever looks at clusters now and then is not what is measured.
    const seldom = { idleMs: 3_600_000, driftMs: 3_600_000, watchIntervalMs: 3_600_000 };
    fleet.world = await World.open({}, { clusterCalls: { ...UNLIMITED, timeoutMs: 10_000 }, ...seldom });
    VERSIONS.forEach((id, n) => fleet.world.neighbours.app.add(id, `1.${n}.0`, topologyOf(n)));
    for (const [n, sim] of JSON.parse(line).entries()) {
      const clusterId = await fleet.world.addCluster(`edge ${n}`, sim.kubeconfigPath);
      fleet.clusters.push({ ...sim, clusterId, instances: [] });
    }
    await fleet.#fill(instances);
    return fleet;
  }

  async #fill(instances) {
    const arrivals = this.#arrivals(({ status }) => status === 'running', this.clusters.length * instances);
    const places = Array.from({ length: instances }, (_, n) => this.clusters.map((cluster) => ({ n, cluster }))).flat();
    await sideBySide(places, MADE_AT_ONCE, async ({ n, cluster }) => {
      const { clusterId } = cluster;
      const id = await this.world.purchase(`shop ${clusterId} ${n}`, { clusterId, parameters: {} });
      cluster.instances.push(id);
      await arrivals.of([id]);
    });
    arrivals.stop();
  }

  /** From now on so many calls to each cluster, beginning with a whole burst. Without it: as many as there are. */
  limit({ callsPerSecond, burst } = UNLIMITED) {
    const { ClusterClients } = require('../../dist/services/deployment/src/application/clusters/cluster-clients.js');
    const { TokenBucket } = require('../../dist/libs/kubernetes/src/token-bucket.js');
    const clients = this.world.part(ClusterClients);
    // Nobody but a benchmark has a reason to change the limit of a client that is used.
    for (const { clusterId } of this.clusters) clients.client(clusterId).bucket = new TokenBucket(callsPerSecond, burst);
  }

  /**
   * Upgrades all instances to the other version.
   * @returns {(clusters?: object[]) => Promise<number>} fulfilled when all instances of these clusters have it, with the milliseconds since it began
   */
  upgrade() {
    this.version = 1 - this.version;
    const versionId = VERSIONS[this.version];
    const begun = performance.now();
    const ids = this.#ids(this.clusters);
    const arrivals = this.#arrivals((doc) => doc.status === 'running' && doc.versionId === versionId, ids.length);
    const asked = sideBySide(ids, ASKED_AT_ONCE, async (id) => {
      const { status, body } = await this.world.request('buyer', 'POST', `/v1/instances/${id}/upgrade`, { versionId });
      if (status !== 202) throw new Error(`an upgrade was answered with ${status}: ${JSON.stringify(body)}`);
    });
    const all = arrivals.of(ids).then(() => arrivals.stop());
    return async (clusters = this.clusters) => {
      const arrived = (clusters === this.clusters ? all : arrivals.of(this.#ids(clusters))).then(() => performance.now() - begun);
      await asked;
      return arrived;
    };
  }

  /** One after the other of each cluster, so that none of them is told later than the others. */
  #ids(clusters) {
    const most = Math.max(...clusters.map(({ instances }) => instances.length));
    return Array.from({ length: most }, (_, n) => clusters.flatMap(({ instances }) => instances[n] ?? [])).flat();
  }

  /** Instances as they come to be so; tells how many of them have, now and then. */
  #arrivals(holds, count) {
    const { ProjectionRunner } = require('../../dist/libs/read-store/src/index.js');
    const { instancesProjection } = require('../../dist/services/deployment/src/projections/instances.projection.js');
    const model = this.world.part(ProjectionRunner).readModel(instancesProjection);
    const there = new Set();
    let waiting = [];
    const begun = performance.now();
    let toldAt = begun;
    const arrived = (id) => {
      there.add(id);
      const now = performance.now();
      if (now - toldAt > PROGRESS_MS) {
        toldAt = now;
        this.log(`    ${there.size} of ${count} after ${((now - begun) / 1000).toFixed(0)} s`);
      }
      for (const { left, fulfil } of waiting) if (left.delete(id) && left.size === 0) fulfil();
      waiting = waiting.filter(({ left }) => left.size > 0);
    };
    const look = async (id) => {
      const doc = await model.get(id);
      if (doc && holds(doc) && !there.has(id)) arrived(id);
    };
    const stop = model.changes(({ keys }) => keys.forEach((id) => void look(id)));
    return {
      of: (ids) =>
        new Promise((fulfil) => {
          const left = new Set(ids.filter((id) => !there.has(id)));
          if (left.size === 0) fulfil();
          else waiting.push({ left, fulfil });
        }),
      stop,
    };
  }

  faults(cluster, faults) {
    return this.simulate(cluster, 'PUT', 'faults', { faults });
  }

  async simulate({ url, token }, method, path, body) {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const response = await fetch(`${url}/sim/v1/${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    if (!response.ok) throw new Error(await response.text());
    const text = await response.text();
    return text === '' ? undefined : JSON.parse(text);
  }

  async close() {
    await this.world.close();
    this.process.kill('SIGTERM');
    await new Promise((resolve) => this.process.once('exit', resolve));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Does it for each of them, so many at a time, beginning in their order. */
async function sideBySide(items, atOnce, one) {
  const waiting = items.values();
  const worker = async () => {
    for (const item of waiting) await one(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
