// The edge cluster as its owner sees it: the Kubernetes API, with the kubeconfig that the simulated cluster has written.
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';

export class Cluster {
  static async of(kubeconfigPath) {
    const { clusters, users } = parse(await readFile(kubeconfigPath, 'utf8'));
    return new Cluster(clusters[0].cluster.server, users[0].user.token);
  }

  constructor(server, token) {
    this.server = server;
    this.token = token;
  }

  /** The object or list at that path of the API; `undefined` where there is none. */
  async get(path) {
    const response = await fetch(this.server + path, { headers: { authorization: `Bearer ${this.token}` } });
    if (response.status === 404) return undefined;
    if (!response.ok) throw new Error(`cluster: GET ${path} → ${response.status} ${await response.text()}`);
    return response.json();
  }

  /** As somebody does who knows better. */
  async remove(path) {
    const response = await fetch(this.server + path, { method: 'DELETE', headers: { authorization: `Bearer ${this.token}` } });
    if (!response.ok) throw new Error(`cluster: DELETE ${path} → ${response.status} ${await response.text()}`);
  }

  async namespaceOf(instanceId) {
    const selector = encodeURIComponent(`souk.dev/instance=${instanceId}`);
    return (await this.get(`/api/v1/namespaces?labelSelector=${selector}`)).items[0]?.metadata.name;
  }

  async deployments(namespace) {
    const { items } = await this.get(`/apis/apps/v1/namespaces/${namespace}/deployments`);
    return Object.fromEntries(items.map((item) => [item.metadata.name, item]));
  }

  async jobs(namespace) {
    return (await this.get(`/apis/batch/v1/namespaces/${namespace}/jobs`)).items;
  }

  async pods(namespace) {
    return (await this.get(`/api/v1/namespaces/${namespace}/pods`)).items;
  }

  /** What was asked of the cluster for an instance, by kind and name; without what it adds and counts itself, and who wrote last. */
  async wanted(namespace) {
    const of = {
      '/api/v1': ['secrets', 'services', 'serviceaccounts', 'resourcequotas'],
      '/apis/apps/v1': ['deployments'],
      '/apis/batch/v1': ['jobs'],
      '/apis/networking.k8s.io/v1': ['networkpolicies'],
    };
    const paths = Object.entries(of).flatMap(([group, kinds]) => kinds.map((kind) => `${group}/namespaces/${namespace}/${kind}`));
    const lists = await Promise.all(paths.map((path) => this.get(path)));
    return Object.fromEntries(
      paths.flatMap((path, i) =>
        lists[i].items.map((item) => [`${path.split('/').at(-1)}/${item.metadata.name}`, lasting(item)]),
      ),
    );
  }

  /** Values of a Secret, decoded. */
  async secret(namespace, name) {
    const { data } = await this.get(`/api/v1/namespaces/${namespace}/secrets/${name}`);
    return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));
  }
}

function lasting(object) {
  const { metadata, ...rest } = structuredClone(object);
  for (const field of ['resourceVersion', 'generation', 'managedFields']) delete metadata[field];
  for (const mark of ['souk.dev/operation', 'deployment.kubernetes.io/revision']) delete metadata.annotations?.[mark];
  delete rest.status;
  return { ...rest, metadata };
}
