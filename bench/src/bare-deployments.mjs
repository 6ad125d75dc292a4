import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clusterConfig } from './shop.mjs';
import { startCluster } from './simulated-cluster.mjs';

const require = createRequire(import.meta.url);

/** Deploys what a topology renders to by nothing but calls, each as soon as what it waits for is there. */
export class BareDeployments {
  static async open(configuration) {
    const dataDir = mkdtempSync(join(tmpdir(), 'souk-bare-'));
    const sim = await startCluster(dataDir, clusterConfig);
    const { KubernetesCluster, SimulatedClusterConnection } = require('../../dist/libs/kubernetes/src/index.js');
    const { renderInstance } = require('../../dist/services/deployment/src/domain/render/render-instance.js');
    const connection = new SimulatedClusterConnection(sim.kubeconfig);
    const cluster = new KubernetesCluster(() => connection.endpointOf(), { callsPerSecond: 10_000, burst: 10_000 });
    return new BareDeployments(dataDir, sim, cluster, (instanceId) =>
      renderInstance({
        ...{ instanceId, name: instanceId, appId: 'app_bench', configuration, parameters: {}, restarts: new Map() },
        identity: { appKey: 'AK', secretVersion: 1, apiUrl: 'http://127.0.0.1:3000' },
      }),
    );
  }

  #made = [];
  #count = 0;
  #waiting = new Map();

  constructor(dataDir, sim, cluster, render) {
    Object.assign(this, { dataDir, sim, cluster, render });
    const onChange = (object) => this.#told(object);
    const selection = { labelSelector: 'app.kubernetes.io/managed-by=souk' };
    this.informers = ['Namespace', 'Deployment', 'Job'].map((kind) =>
      cluster.informer(kind, selection, { onChange, onTrouble: (error) => console.error(error) }).start(),
    );
  }

  async deploy() {
    const begun = performance.now();
    const { namespace, surroundings, quota, nodes } = this.render(`ins_${String(this.#count++).padStart(26, '0')}`);
    this.#made.push(namespace);
    const [first, ...rest] = [...surroundings, quota.settled];
    await this.#apply(first);
    await Promise.all(rest.map((object) => this.#apply(object)));
    const ready = new Map();
    const deployed = ({ name, dependsOn, objects }) => {
      if (!ready.has(name))
        ready.set(
          name,
          Promise.resolve().then(() => this.#node(dependsOn.map((other) => byName.get(other)).map(deployed), objects)),
        );
      return ready.get(name);
    };
    const byName = new Map(nodes.map((node) => [node.name, node]));
    await Promise.all(nodes.map(deployed));
    return { ms: performance.now() - begun };
  }

  async #node(dependencies, objects) {
    await Promise.all(dependencies);
    await Promise.all(objects.slice(0, -1).map((object) => this.#apply(object)));
    const workload = objects.at(-1);
    const { kind, metadata } = workload.object;
    const ready = this.#until(kind, metadata.namespace, metadata.name, isReady);
    await this.#apply(workload);
    await ready;
  }

  async #apply({ object, sealed }) {
    const data = sealed && { data: Object.fromEntries(Object.keys(sealed).map((key) => [key, 'c2VjcmV0'])) };
    await this.cluster.apply({ ...object, ...data });
  }

  #until(kind, namespace, name, holds) {
    return new Promise((fulfil) => this.#waiting.set(`${kind}/${namespace}/${name}`, { holds, fulfil }));
  }

  #told(object) {
    const { kind, metadata } = object;
    const key = `${kind}/${metadata.namespace ?? ''}/${metadata.name}`;
    const waiting = this.#waiting.get(key);
    if (!waiting?.holds(object, this.informers)) return;
    this.#waiting.delete(key);
    waiting.fulfil();
  }

  async clear() {
    await Promise.all(
      this.#made.map(async (name) => {
        const gone = this.#until('Namespace', '', name, (_, [namespaces]) => namespaces.get('', name) === undefined);
        await this.cluster.delete({ kind: 'Namespace', name }, {});
        await gone;
      }),
    );
    this.#made = [];
  }

  async close() {
    await Promise.all(this.informers.map((informer) => informer.stop()));
    this.cluster.close();
    await this.sim.stop();
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}

function isReady({ kind, spec, status }) {
  if (kind === 'Job') return (status?.succeeded ?? 0) > 0;
  return (status?.readyReplicas ?? 0) >= (spec.replicas ?? 1);
}
