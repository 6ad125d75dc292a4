// What really is on the clusters, and what differs from what must be there.

const MANAGED = encodeURIComponent('app.kubernetes.io/managed-by=souk');
const INSTANCE = 'souk.dev/instance';
const NODE = 'souk.dev/node';

/** Everything on a cluster that bears our label: instance id → what it consists of. */
export async function inventoryOf(cluster) {
  const [namespaces, deployments, jobs, pods] = await Promise.all(
    ['/api/v1/namespaces', '/apis/apps/v1/deployments', '/apis/batch/v1/jobs', '/api/v1/pods'].map(
      async (path) => (await cluster.get(`${path}?labelSelector=${MANAGED}`)).items,
    ),
  );
  const found = new Map();
  const of = ({ metadata }) => {
    const id = metadata.labels[INSTANCE];
    if (!found.has(id)) found.set(id, { namespaces: [], deployments: {}, jobs: [], pods: 0 });
    return found.get(id);
  };
  for (const item of namespaces) of(item).namespaces.push(item.metadata.name);
  for (const item of jobs) of(item).jobs.push(item.metadata.labels[NODE]);
  for (const item of pods) if (item.status.phase === 'Running') of(item).pods += 1;
  for (const item of deployments) {
    const [{ image }] = item.spec.template.spec.containers;
    // A digest after the tag says the same more exactly.
    of(item).deployments[item.metadata.labels[NODE]] = { image: image.split('@')[0], ready: item.status.readyReplicas ?? 0 };
  }
  return found;
}

/** What an instance of the example consists of, as the history tells of it. */
export function expected({ running, stopped, scale }, topology) {
  const workloads = topology.nodes.filter(({ category }) => category !== 'init');
  const replicas = ({ serviceName, replicas: usual = 1 }) => (stopped ? 0 : (scale[serviceName] ?? usual));
  const image = ({ serviceName, image }) => (serviceName === 'tomcat' ? image.replace('1.0.0', running) : image);
  return {
    namespaces: 1,
    deployments: Object.fromEntries(workloads.map((node) => [node.serviceName, { image: image(node), ready: replicas(node) }])),
    jobs: topology.nodes.filter(({ category }) => category === 'init').map(({ serviceName }) => serviceName),
    pods: workloads.reduce((sum, node) => sum + replicas(node), 0),
  };
}

/** In words, what differs; nothing where all is as it must be. */
export function differences(instanceId, wanted, found) {
  if (!found) return [`${instanceId} is not there`];
  const said = [];
  const say = (what, must, is) => {
    if (JSON.stringify(must) !== JSON.stringify(is))
      said.push(`${instanceId}: ${what} must be ${JSON.stringify(must)} and is ${JSON.stringify(is)}`);
  };
  say('its namespaces', wanted.namespaces, found.namespaces.length);
  say('its workloads', Object.keys(wanted.deployments).sort(), Object.keys(found.deployments).sort());
  for (const [node, { image, ready }] of Object.entries(wanted.deployments)) {
    // The preset says which image it is.
    if (image !== undefined) say(`the image of ${node}`, image, found.deployments[node]?.image);
    say(`what is ready of ${node}`, ready, found.deployments[node]?.ready);
  }
  say('its init nodes', wanted.jobs, found.jobs);
  say('its pods', wanted.pods, found.pods);
  return said;
}
