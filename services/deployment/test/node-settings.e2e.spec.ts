import type { KubernetesObject } from '@souk/kubernetes';
import type { Topology, TopologyNode } from '@souk/topology';
import { TenantSecrets } from '../src/application/secrets/tenant-secrets';
import { keyOf, namespaceOf } from '../src/domain/cluster-object';
import { lostFields, type OwnedFields } from '../src/domain/health/owned-fields';
import { renderInstance } from '../src/domain/render/render-instance';
import { renderedCases } from './rendered-cases';
import { ids, toRender } from './sample';
import { World } from './world';

const next = 'ver_01J00000000000000000000002';
const wrong = 'ver_01J00000000000000000000003';
const other = 'ver_01J00000000000000000000004';

const nodeOf = (name: string, index = 0): TopologyNode => renderedCases[name]!.topology.nodes[index]!;
const data = nodeOf('stable-storage');
const [uploads, seed] = [nodeOf('shared-storage', 0), nodeOf('shared-storage', 1)];

/** Every setting that a node can have, in one instance. */
const everything: Topology = {
  nodes: [
    { ...nodeOf('custom-node'), serviceName: 'strict' },
    data,
    { ...uploads, serviceName: 'uploads' },
    { ...seed, serviceName: 'seed' },
    { ...nodeOf('host-network'), serviceName: 'gateway' },
    { ...nodeOf('load-balancer'), serviceName: 'balanced' },
    { ...nodeOf('host-paths', 1), serviceName: 'spool', logDirectory: '/var/log/spool' },
  ],
  arrows: [
    { from: 'uploads', to: 'seed' },
    { from: 'strict', to: 'mysql' },
  ],
  parameters: {},
  secrets: { dbPassword: { source: 'generated' } },
};

const withNode = (node: TopologyNode): Topology => ({
  ...everything,
  nodes: everything.nodes.map((known) => (known.serviceName === node.serviceName ? node : known)),
});

describe('An instance with every setting', () => {
  let world: World;
  let clusterId: string;
  let instanceId: string;
  const registry = JSON.stringify({ auths: { 'registry.example': { auth: 'c29tZWJvZHk6c2VjcmV0' } } });

  beforeAll(async () => {
    const roomy = { name: 'arm-1', cpu: '64', memory: '256Gi', arch: 'arm64' };
    world = await World.open({
      hosts: [...['edge-1', 'edge-2', 'edge-3'].map((name) => ({ name, cpu: '4', memory: '8Gi' })), roomy],
    });
    const { app } = world.neighbours;
    app.add(ids.versionId, '1.0.0', everything);
    app.add(next, '1.1.0', withNode({ ...data, image: 'docker.io/library/mysql:8.4.5', storage: [larger(data)] }));
    app.add(wrong, '1.2.0', withNode({ ...data, image: 'docker.io/library/mysql:8.4.6-never-pulled-pull-error' }));
    const hostPolicy = { hostNetwork: true, hostPaths: [{ path: '/var/spool/shop', readOnly: false }], devices: [] };
    const description = { name: 'edge', connection: { kind: 'simulated' }, platforms: ['linux/amd64'], hostPolicy };
    const more = { nas: { storageClass: 'nas' }, serviceAddressRange: '192.168.4.10-192.168.4.12', loadBalancer: 'metallb' };
    const answer = await world.request('buyer', 'POST', '/v1/clusters', { ...description, ...more, reason: 'a test' });
    expect([answer.status, answer.body.problems]).toEqual([201, undefined]);
    ({ clusterId } = answer.body);
    await world.part(TenantSecrets).put(ids.provider, 'registry.example', registry);
  });
  afterAll(() => world.close());

  const upgrade = async (versionId: string): Promise<string> => {
    const answer = await world.request('buyer', 'POST', `/v1/instances/${instanceId}/upgrade`, { versionId });
    expect(answer).toMatchObject({ status: 202 });
    return answer.body.operationId as string;
  };
  const claimed = async () => {
    const claims = await world.objects(instanceId, 'PersistentVolumeClaim');
    return (claims.get('PersistentVolumeClaim/souk-storage') as Claim).spec.resources.requests.storage;
  };

  it('comes up on a cluster that grants it, at the level of pod security that it needs', async () => {
    instanceId = await world.purchase('everything', { clusterId, parameters: {} });
    await world.reaches(instanceId, 'running');
    const found = await world.objects(instanceId, 'StatefulSet', 'Deployment', 'Job', 'Service', 'ConfigMap', 'Secret');
    expect([...found.keys()].filter((key) => /^(StatefulSet|Deployment|Job)/.test(key)).sort()).toEqual([
      'Deployment/balanced',
      'Deployment/gateway',
      'Deployment/spool',
      'Deployment/strict',
      'Deployment/uploads',
      'Job/seed',
      'StatefulSet/mysql',
    ]);
    expect(found.get('Service/balanced')).toMatchObject({
      status: { loadBalancer: { ingress: [{ ip: '192.168.4.10' }] } },
    });
    const namespace = await world.cluster.get({ kind: 'Namespace', name: namespaceOf(instanceId) });
    expect(namespace.metadata.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'privileged' });
    expect(await claimed()).toBe('12Gi');
  });

  it('stands as it was rendered, field by field, so that what others change about it shows', async () => {
    const like = toRender(everything, {
      ...settled,
      instanceId,
      name: 'everything',
      addresses: new Map([['balanced', '192.168.4.10']]),
    });
    const { surroundings, quota, nodes } = renderInstance(like);
    const wanted = [...surroundings.slice(1), quota.settled, ...nodes.flatMap(({ objects }) => objects)];
    const seen = await world.objects(instanceId, ...new Set(wanted.map(({ object }) => object.kind)));
    const lost = wanted.flatMap(({ object }) =>
      lostFields(object, ownedBySouk(seen.get(keyOf(object))!)).map((field) => `${keyOf(object)} ${field}`),
    );
    expect(lost).toEqual([]);
  });

  it('has what its registry and its log collectors need in Secrets only', async () => {
    const secrets = await world.objects(instanceId, 'Secret');
    const opened = (name: string, key: string) =>
      Buffer.from((secrets.get(`Secret/${name}`)!['data'] as Record<string, string>)[key]!, 'base64').toString();
    expect(opened('souk-pull-strict', '.dockerconfigjson')).toBe(registry);
    expect(opened('souk-logs', 'bearer')).toMatch(new RegExp(`^${instanceId}\\.[\\w-]{43}$`));
  });

  it('spreads the replicas of its host network over hosts', async () => {
    const pods = await podsOf('gateway');
    expect(new Set(pods.map(({ spec }) => spec.nodeName)).size).toBe(2);
    // It is reached where they are.
    const { nodes } = await world.atRest(instanceId);
    const { addresses } = (nodes as { serviceName: string; addresses: { hosts: string[] }[] }[]).find(
      ({ serviceName }) => serviceName === 'gateway',
    )!;
    expect(addresses[0]!.hosts).toEqual(pods.map(({ status }) => status.hostIP).sort());
  });

  it('is on hosts of its platform, however much room others have, and is shown there beforehand', async () => {
    const { items } = await world.cluster.list('Pod', { namespace: namespaceOf(instanceId) });
    const places = (items as unknown as Pod[]).map(({ spec }) => spec.nodeName);
    expect(places.length).toBeGreaterThan(0);
    expect(places).not.toContain('arm-1');
    const asked = { versionId: ids.versionId, configuration: 'standard', clusterId };
    const { body } = await world.request('buyer', 'POST', '/v1/resource-reports', asked);
    expect(body.hosts.map(({ name }: { name: string }) => name)).toContain('arm-1');
    const shown = (body.nodes as { placement: (string | null)[] }[]).flatMap(({ placement }) => placement);
    expect(shown.length).toBeGreaterThan(0);
    expect(shown.filter((host) => host === 'arm-1' || host === null)).toEqual([]);
  });

  it('has no more replicas in the network of hosts than there are hosts', async () => {
    const scaled = await world.request('buyer', 'POST', `/v1/instances/${instanceId}/scale`, { nodes: { gateway: 5 } });
    expect(scaled.body).toMatchObject({ status: 422, code: 'cluster-unsuitable', problems: [{ code: 'too-few-hosts' }] });
  });

  it('is upgraded to larger storage, and keeps that on its way back from a version that fails', async () => {
    await world.record(await upgrade(next), ({ status }) => status === 'succeeded');
    await world.atRest(instanceId);
    expect(await claimed()).toBe('22Gi');
    await world.images('*pull-error', 'pull-error');
    await world.stop();
    await world.start({ patienceMs: { 'image-not-pulled': 200 } });
    await world.record(await upgrade(wrong), ({ status }) => status === 'rolled-back');
    await world.atRest(instanceId);
    expect(await claimed()).toBe('22Gi');
    expect((await podsOf('mysql')).map(({ spec }) => spec.containers[0]!.image)).toEqual(['docker.io/library/mysql:8.4.5']);
  });

  it('says which secret of its provider is missing', async () => {
    const topology = { ...everything, arrows: [], nodes: [{ ...nodeOf('custom-node'), imagePullSecret: 'nowhere' }] };
    world.neighbours.app.add(other, '2.0.0', topology);
    const degraded = await world.reaches(
      await world.purchase('other', { clusterId, versionId: other, parameters: {} }),
      'degraded',
    );
    expect(degraded.lastFailure).toMatchObject({ code: 'refused', node: 'web' });
    expect(degraded.lastFailure.reason).toBe(
      `Secret "souk-pull-web" can't be made: the app's provider has stored no secret "nowhere"`,
    );
  });

  const podsOf = async (node: string): Promise<Pod[]> => {
    const { items } = await world.cluster.list('Pod', {
      namespace: namespaceOf(instanceId),
      labelSelector: `souk.dev/node=${node}`,
    });
    return items as unknown as Pod[];
  };
});

const settled = { platforms: ['linux/amd64'], cluster: { nas: { storageClass: 'nas' }, loadBalancer: 'metallb' as const } };

const ownedBySouk = ({ metadata }: KubernetesObject) =>
  (metadata as unknown as Managed).managedFields.find(({ manager }) => manager === 'souk')!.fieldsV1;

interface Managed {
  readonly managedFields: readonly { readonly manager: string; readonly fieldsV1: OwnedFields }[];
}

const larger = ({ storage = [] }: TopologyNode) => ({ ...storage[0]!, size: '20Gi' });

interface Claim extends KubernetesObject {
  readonly spec: { readonly resources: { readonly requests: { readonly storage: string } } };
}

interface Pod {
  readonly status: { readonly hostIP: string };
  readonly spec: { readonly nodeName: string; readonly containers: readonly { readonly image: string }[] };
}
