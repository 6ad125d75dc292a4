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

/** The deployment service with instances on simulated clusters, which run in a process beside it. */
export class Fleet {
  /** @type {{ clusterId: string, url: string, token: string, kubeconfigPath: string, instances: string[] }[]} */
  clusters = [];
  version = 0;

  /** @param limits of the calls to each cluster: `callsPerSecond`, `burst` */
  static async open({ clusters, instances, limits }) {
    const fleet = new Fleet();
    const { World } = require('../../dist/services/deployment/test/world.js');
    fleet.folder = mkdtempSync(join(tmpdir(), 'souk-fleet-'));
    const main = fileURLToPath(new URL('./fleet-process.mjs', import.meta.url));
    fleet.process = spawn(process.execPath, [main, fleet.folder, String(clusters)], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await new Promise((resolve) => createInterface(fleet.process.stdout).once('line', (text) => resolve([text])));
    // Whoever looks at clusters now and then is not what is measured.
    const seldom = { idleMs: 3_600_000, driftMs: 3_600_000, watchIntervalMs: 3_600_000 };
    fleet.world = await World.open({}, { clusterCalls: { ...limits, timeoutMs: 3_000 }, ...seldom });
    VERSIONS.forEach((id, n) => fleet.world.neighbours.app.add(id, `1.${n}.0`, topologyOf(n)));
    for (const [n, sim] of JSON.parse(line).entries()) {
      const clusterId = await fleet.world.addCluster(`edge ${n}`, sim.kubeconfigPath);
      fleet.clusters.push({ ...sim, clusterId, instances: [] });
    }
    const running = fleet.reached((doc) => doc.status === 'running', clusters * instances);
    for (const [n, cluster] of fleet.clusters.entries())
      for (let i = 0; i < instances; i++)
        cluster.instances.push(await fleet.world.purchase(`shop ${n} ${i}`, { clusterId: cluster.clusterId, parameters: {} }));
    await running;
    return fleet;
  }

  /** Upgrades all instances of these clusters to the other version; those of others are told to as well, and not waited for. Answers milliseconds. */
  async upgrade(waitedFor = this.clusters) {
    this.version = 1 - this.version;
    const versionId = VERSIONS[this.version];
    const ids = new Set(waitedFor.flatMap(({ instances }) => instances));
    const begun = performance.now();
    const reached = this.reached(
      (doc) => ids.has(doc.instanceId) && doc.status === 'running' && doc.versionId === versionId,
      ids.size,
    );
    await Promise.all(
      this.clusters.flatMap(({ instances }) =>
        instances.map(async (id) => {
          const { status, body } = await this.world.request('buyer', 'POST', `/v1/instances/${id}/upgrade`, { versionId });
          if (status !== 202) throw new Error(`an upgrade was answered with ${status}: ${JSON.stringify(body)}`);
        }),
      ),
    );
    await reached;
    return performance.now() - begun;
  }

  /** Fulfilled when so many instances have come to be so. */
  reached(holds, count) {
    const { ProjectionRunner } = require('../../dist/libs/read-store/src/index.js');
    const { instancesProjection } = require('../../dist/services/deployment/src/projections/instances.projection.js');
    const model = this.world.part(ProjectionRunner).readModel(instancesProjection);
    const there = new Set();
    return new Promise((resolve) => {
      const stop = model.changes(({ keys }) => {
        for (const id of keys)
          void model.get(id).then((doc) => {
            if (doc && holds(doc)) there.add(id);
            if (there.size < count) return;
            stop();
            resolve();
          });
      });
    });
  }

  /** Fulfilled when nothing is under way on any cluster. */
  async rest() {
    for (const { instances } of this.clusters)
      for (const id of instances) await this.world.until(id, ({ status }) => status === 'running', 'buyer', 120_000);
  }

  faults(cluster, faults) {
    return this.simulate(cluster, 'PUT', 'faults', { faults });
  }

  async callsOn(cluster) {
    const { requests } = await this.simulate(cluster, 'GET', 'requests');
    return requests.filter(({ client }) => client === 'souk').reduce((sum, { calls }) => sum + calls, 0);
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
