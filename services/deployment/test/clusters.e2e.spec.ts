import { randomUUID } from 'node:crypto';
import type { Problem } from '@souk/event-sourcing';
import { temporaryFolder } from '@souk/event-sourcing/testing';
import type { Topology, TopologyNode } from '@souk/topology';
import { NotOurs } from '../src/application/clusters/cluster-workplace';
import { AddressPools } from '../src/application/clusters/address-pools';
import { accessInWords, clusterRoleManifest, neededAccess } from '../src/application/clusters/cluster-access';
import { ids, mysql, schema, shop, tomcat } from './sample';
import { TlsFront } from './tls-front';
import { type Answer, World } from './world';

const wrong = (body: { problems: Problem[] }) => body.problems.map(({ code, pointer }) => `${code} ${pointer}`);
const version = (n: number) => `ver_01J000000000000000000000${String(n).padStart(2, '0')}`;
const simulated = { connection: { kind: 'simulated' }, platforms: ['linux/amd64'] };
const web: TopologyNode = { ...tomcat, replicas: 1, env: {}, serviceType: 'ClusterIP' };
const alone = (...nodes: readonly TopologyNode[]): Topology => ({ nodes, arrows: [], parameters: {}, secrets: {} });
const balanced = (...names: readonly string[]): Topology =>
  alone(...names.map((serviceName): TopologyNode => ({ ...web, serviceName, serviceType: 'LoadBalancer' })));

describe('Clusters', () => {
  const folder = temporaryFolder();
  let world: World;
  let front: TlsFront | undefined;
  let behindTls: string | undefined;
  beforeAll(async () => {
    world = await World.open({}, { allowedClusterAddresses: ['127.0.0.0/8'], watchIntervalMs: 100, checkTimeoutMs: 4_000 });
    world.neighbours.app.add(ids.versionId, '1.0.0', shop);
  });
  afterAll(async () => {
    await world.close();
    await front?.stop();
    folder.remove();
  });

  const register = (body: object, role: 'buyer' | 'operator' = 'buyer') =>
    world.request(role, 'POST', '/v1/clusters', { ...simulated, ...body });
  const get = async (clusterId: string, role: 'buyer' | 'provider' | 'operator' = 'buyer') =>
    (await world.request(role, 'GET', `/v1/clusters/${clusterId}`)).body;
  /** The cluster, as soon as it is so. */
  const until = async (clusterId: string, holds: (cluster: Answer['body']) => boolean): Promise<Answer['body']> => {
    for (const end = Date.now() + 15_000; ;) {
      const cluster = await get(clusterId);
      if (cluster.status !== 404 && holds(cluster)) return cluster;
      if (Date.now() > end) throw new Error(`cluster did not come to what was waited for: ${JSON.stringify(cluster)}`);
      await new Promise((fulfil) => setTimeout(fulfil, 20));
    }
  };
  const registered = async (body: object, role: 'buyer' | 'operator' = 'buyer'): Promise<string> => {
    const answer = await register(body, role);
    expect(answer).toMatchObject({ status: 201 });
    const { clusterId } = answer.body as { clusterId: string };
    await until(clusterId, ({ reachable }) => reachable === true);
    return clusterId;
  };
  const change = async (clusterId: string, body: object, headers: Record<string, string> = {}) => {
    const { headers: seen } = await world.request('buyer', 'GET', `/v1/clusters/${clusterId}`);
    return world.request('buyer', 'PATCH', `/v1/clusters/${clusterId}`, body, { 'if-match': seen['etag']!, ...headers });
  };

  describe('when they are registered', () => {
    it('are what their owners say, with grants that are traced to who made them and why', async () => {
      const clusterId = await registered({
        name: 'harbour',
        serviceAddressRange: '192.168.4.10-192.168.4.50',
        loadBalancer: 'kube-vip',
        nas: { storageClass: 'nas' },
        hostPolicy: { hostNetwork: true, hostPaths: [{ path: '/data', readOnly: true }], devices: ['/dev/ttyUSB0'] },
        reason: 'the crane is on a serial line',
      });
      const cluster = await until(clusterId, ({ lastSeen }) => lastSeen !== undefined);
      expect(cluster).toMatchObject({
        ...{ shared: false, loadBalancer: 'kube-vip', nas: { storageClass: 'nas' }, reachable: true },
        hostPolicy: { hostNetwork: true, hostPaths: [{ path: '/data', readOnly: true }], devices: ['/dev/ttyUSB0'] },
        lastSeen: { version: 'v1.32.0+souk-cluster-sim', hosts: 3, allocatable: { cpu: '12', memory: '24Gi' } },
      });
      expect(cluster.hosts[0]).toMatchObject({ name: 'edge-1', address: '10.0.0.1' });
      const of = { grantedBy: 'usr_01J00000000000000000000001', reason: 'the crane is on a serial line' };
      expect(cluster.grants).toMatchObject([
        { kind: 'host-network', grant: expect.any(String), grantedAt: expect.any(String), ...of },
        { kind: 'host-path', path: '/data', readOnly: true, ...of },
        { kind: 'device', path: '/dev/ttyUSB0', ...of },
      ]);
      expect(await world.request('provider', 'GET', `/v1/clusters/${clusterId}`)).toMatchObject({ status: 404 });
    });

    it('are refused with everything that is not so, and a check tells the same and stores nothing', async () => {
      const body = {
        name: 'wishes',
        platforms: ['linux/amd64', 'linux/arm64'],
        nas: { storageClass: 'tape' },
        serviceAddressRange: '10.0.0.0/8',
        hostPolicy: { hostNetwork: false, hostPaths: [{ path: '/data/../etc', readOnly: false }], devices: ['/etc/passwd'] },
      };
      const answer = await register(body);
      expect(answer.body).toMatchObject({ status: 422, code: 'cluster-check-failed' });
      expect(wrong(answer.body)).toEqual([
        'address-range-too-large /serviceAddressRange',
        'host-path-not-plain /hostPolicy/hostPaths/0/path',
        'host-path-not-plain /hostPolicy/devices/0',
        'platform-missing /platforms/1',
        'storage-class-missing /nas/storageClass',
      ]);
      const check = await world.request('buyer', 'POST', '/v1/clusters/checks', { ...simulated, ...body });
      expect(check).toMatchObject({ status: 200, body: { version: 'v1.32.0+souk-cluster-sim', hosts: [{}, {}, {}] } });
      expect(check.body.problems).toEqual(answer.body.problems);
      const fine = await world.request('buyer', 'POST', '/v1/clusters/checks', { ...simulated, name: 'wishes' });
      expect(fine.body.problems).toEqual([]);
      const { items } = (await world.request('buyer', 'GET', '/v1/clusters')).body;
      expect(JSON.stringify(items)).not.toContain('wishes');
    });

    it('are taken with storage that outlives instances, and their owners are told, by the check as well', async () => {
      const tape = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'archive' } };
      await world.cluster.apply({ ...tape, provisioner: 'souk-sim.nas', reclaimPolicy: 'Retain' });
      const body = { name: 'archiving', nas: { storageClass: 'archive' } };
      const warnings = [{ code: 'storage-class-retains', pointer: '/nas/storageClass', message: expect.any(String) }];
      const check = await world.request('buyer', 'POST', '/v1/clusters/checks', { ...simulated, ...body });
      expect(check.body).toMatchObject({ problems: [], warnings });
      expect(await register(body)).toMatchObject({ status: 201, body: { warnings } });
    });

    it('are refused where something is not allowed, with where to get what is needed', async () => {
      await world.stopCluster();
      await world.startCluster({ denied: ['patch deployments', 'list nodes', 'get storageclasses'] });
      const answer = await register({ name: 'closed', nas: { storageClass: 'nas' } });
      expect(answer.body.problems).toMatchObject([
        { code: 'access-missing', message: 'its credentials do not allow to list nodes' },
        { code: 'access-missing', message: 'its credentials do not allow to patch deployments.apps' },
        { code: 'access-missing', message: 'its credentials do not allow to get storageclasses.storage.k8s.io' },
      ]);
      expect(answer.body.detail).toContain('GET /v1/clusters/cluster-role');
      const role = await world.send('GET', '/v1/clusters/cluster-role');
      expect([role.status, role.headers['content-type'], role.body]).toEqual([
        200,
        'application/yaml; charset=utf-8',
        clusterRoleManifest(),
      ]);
      await world.stopCluster();
      await world.startCluster();
    });

    it('are refused where nobody answers', async () => {
      const kubeconfig = `
current-context: edge
contexts: [{name: edge, context: {cluster: edge, user: souk}}]
clusters: [{name: edge, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: souk, user: {token: hush}}]
`;
      const answer = await register({ name: 'nowhere', connection: { kind: 'kubeconfig', kubeconfig } });
      expect(wrong(answer.body)).toEqual(['cluster-unreachable /connection']);
      expect(JSON.stringify(answer.body)).not.toContain('hush');
    });
  });

  describe('that change', () => {
    let clusterId: string;
    beforeAll(async () => {
      clusterId = await registered({ name: 'changing', serviceAddressRange: '192.168.5.0/28' });
    });

    it('do so for one who has seen them as they are', async () => {
      const path = `/v1/clusters/${clusterId}`;
      const body = { nas: { storageClass: 'nas' } };
      expect((await world.request('buyer', 'PATCH', path, body)).status).toBe(428);
      expect((await world.request('buyer', 'PATCH', path, body, { 'if-match': '"7"' })).body).toMatchObject({ status: 412 });
      expect((await world.request('provider', 'PATCH', path, body, { 'if-match': '"0"' })).body).toMatchObject({
        code: 'cluster-not-found',
      });
      expect(await change(clusterId, body)).toMatchObject({ status: 200, headers: { etag: '"1"' } });
      const cluster = await until(clusterId, ({ nas }) => nas !== undefined);
      expect(cluster).toMatchObject({ nas: { storageClass: 'nas' }, serviceAddressRange: '192.168.5.0/28', name: 'changing' });
      expect(await change(clusterId, { remove: ['nas'], region: 'north' })).toMatchObject({ status: 200 });
      const changed = await until(clusterId, ({ region }) => region === 'north');
      expect(changed).not.toHaveProperty('nas');
    });

    it('are checked again', async () => {
      expect(wrong((await change(clusterId, { platforms: ['linux/arm64'], serviceAddressRange: 'x' })).body)).toEqual([
        'address-range-malformed /serviceAddressRange',
        'platform-missing /platforms/0',
      ]);
      const connection = { kind: 'kubeconfig', kubeconfig: 'x' };
      expect(wrong((await change(clusterId, { connection })).body)).toEqual(['no-kubeconfig /connection/kubeconfig']);
    });
  });

  it('are reached by other credentials when those were rotated, and by nothing else', async () => {
    front = await TlsFront.start(folder.path, world.access);
    if (!front) {
      console.info('not run: a cluster behind TLS, since openssl is not here to make a certificate');
      return;
    }
    front.tokens = new Set(['first']);
    const connection = { kind: 'kubeconfig', kubeconfig: front.kubeconfig('first') };
    const clusterId = await registered({ name: 'behind TLS', connection });
    expect(
      wrong((await change(clusterId, { connection: { ...connection, kubeconfig: front.kubeconfig('wrong') } })).body),
    ).toEqual(['credentials-refused /connection']);
    front.tokens = new Set(['first', 'second']);
    const second = { kind: 'kubeconfig', kubeconfig: front.kubeconfig('second') };
    const headers = { 'idempotency-key': 'rotate', 'if-match': '"0"' };
    const rotated = await world.request('buyer', 'PATCH', `/v1/clusters/${clusterId}`, { connection: second }, headers);
    expect(rotated).toMatchObject({ status: 200, headers: { etag: '"1"' } });
    front.tokens = new Set(['second']);
    const again = await world.request('buyer', 'PATCH', `/v1/clusters/${clusterId}`, { connection: second }, headers);
    expect(again).toMatchObject({ status: 200, headers: { etag: '"1"' } });
    expect((await until(clusterId, ({ hosts }) => hosts.length === 3)).reachable).toBe(true);
    const { body: history } = await world.request('buyer', 'GET', '/v1/clusters');
    expect(JSON.stringify(history)).not.toMatch(/second|first/);
    behindTls = clusterId;
  });

  describe('and what is asked of their hosts', () => {
    const greedy: TopologyNode = {
      ...web,
      hostNetwork: true,
      ports: [{ internal: 8080, external: 8080, protocol: 'TCP' }],
      hostPaths: [{ hostPath: '/data/in', containerPath: '/in', type: 'Directory', readOnly: true }],
    };
    let clusterId: string;
    let granted: string;
    beforeAll(async () => {
      clusterId = await registered({ name: 'strict' });
      world.neighbours.app.add(version(10), '2.0.0', alone(greedy));
      world.neighbours.app.add(version(11), '2.1.0', alone(web));
    });

    it('is refused until it is granted, before anything is made, with where it is asked', async () => {
      const refused = world.purchase('greedy', { versionId: version(10), clusterId, parameters: {} });
      await expect(refused).rejects.toMatchObject({
        code: 'cluster-unsuitable',
        problems: [
          { code: 'host-network-not-granted', pointer: '/nodes/0/hostNetwork' },
          { code: 'host-path-not-granted', pointer: '/nodes/0/hostPaths/0' },
        ],
      });
      const report = await world.request('buyer', 'POST', '/v1/resource-reports', {
        ...{ versionId: version(10), configuration: 'standard', clusterId },
      });
      expect(wrong(report.body)).toEqual([
        'host-network-not-granted /nodes/0/hostNetwork',
        'host-path-not-granted /nodes/0/hostPaths/0',
      ]);
      const hostPolicy = { hostNetwork: true, hostPaths: [{ path: '/data', readOnly: true }], devices: [] };
      await change(clusterId, { hostPolicy, reason: 'asked by the harbour master' });
      const { grants } = await until(clusterId, (cluster) => cluster.grants.length === 2);
      expect(grants).toMatchObject([{ reason: 'asked by the harbour master' }, { reason: 'asked by the harbour master' }]);
      granted = await world.purchase('greedy', { versionId: version(10), clusterId, parameters: {} });
      await world.reaches(granted, 'running');
    });

    it('is refused to an upgrade as well, once it was withdrawn', async () => {
      const instanceId = await world.purchase('modest', { versionId: version(11), clusterId, parameters: {} });
      await world.reaches(instanceId, 'running');
      const hostPolicy = { hostNetwork: false, hostPaths: [], devices: [] };
      const { body } = await change(clusterId, { hostPolicy, reason: 'no more' });
      expect(body).toEqual({ clusterId, noLongerGranted: [granted] });
      const upgrade = await world.request('buyer', 'POST', `/v1/instances/${instanceId}/upgrade`, { versionId: version(10) });
      expect(upgrade.body).toMatchObject({ status: 422, code: 'cluster-unsuitable' });
    });

    it('is not there any more for what begins after that, which fails before anything is made', async () => {
      const { body } = await world.request('buyer', 'POST', `/v1/instances/${granted}/restart`, {});
      const { code, failedNode } = await world.record(body.operationId as string, ({ status }) => status === 'failed');
      expect({ code, failedNode }).toEqual({ code: 'host-network-not-granted', failedNode: 'tomcat' });
      expect(await world.steps(body.operationId as string)).not.toContain('NodeApplied tomcat');
    });
  });

  describe('and their service addresses', () => {
    let clusterId: string;
    let first: string;
    const buy = (name: string, n: number) => world.purchase(name, { versionId: version(n), clusterId, parameters: {} });
    const addresses = async (instanceId: string) =>
      Object.fromEntries(await world.part(AddressPools).of({ clusterId, instanceId }));

    beforeAll(async () => {
      clusterId = await registered({ name: 'addressed', serviceAddressRange: '192.168.6.1-192.168.6.3' });
      world.neighbours.app.add(version(20), '3.0.0', balanced('web', 'mqtt'));
      world.neighbours.app.add(version(21), '3.1.0', balanced('mqtt'));
      world.neighbours.app.add(version(22), '3.2.0', balanced('web'));
    });

    it('give each node one that no other has, before it is made', async () => {
      first = await buy('first', 20);
      const { nodes } = await world.reaches(first, 'running');
      const shown = (nodes as { serviceName: string; addresses: { address: string }[] }[]).map(
        ({ serviceName, addresses: [place] }) => [serviceName, place!.address],
      );
      expect(Object.fromEntries(shown)).toEqual(await addresses(first));
      const second = await buy('second', 22);
      await world.reaches(second, 'running');
      const all = [...Object.values(await addresses(first)), ...Object.values(await addresses(second))];
      expect(all.toSorted()).toEqual(['192.168.6.1', '192.168.6.2', '192.168.6.3']);
    });

    it('are asked for in vain where none is left, and nothing is made', async () => {
      await expect(buy('third', 22)).rejects.toMatchObject({ code: 'address-pool-exhausted' });
      const { items } = (await world.request('buyer', 'GET', `/v1/instances?clusterId=${clusterId}`)).body;
      expect(items.map(({ name }: { name: string }) => name).toSorted()).toEqual(['first', 'second']);
    });

    it('stay in the range while they are in use', async () => {
      const answer = await change(clusterId, { serviceAddressRange: '192.168.6.1-192.168.6.2' });
      expect(answer.body).toMatchObject({
        status: 409,
        code: 'address-range-in-use',
        detail: expect.stringContaining('192.168.6.3'),
      });
    });

    it('stay with their nodes over an upgrade, and are free when the node is gone', async () => {
      const before = await addresses(first);
      const { body } = await world.request('buyer', 'POST', `/v1/instances/${first}/upgrade`, { versionId: version(21) });
      await world.ends(body as { instanceId: string; operationId: string });
      expect(await addresses(first)).toEqual({ mqtt: before['mqtt'] });
      const third = await buy('third', 22);
      await world.reaches(third, 'running');
      expect(await addresses(third)).toEqual({ web: before['web'] });
    });

    it('are kept where another operation begins while the one before gives some back', async () => {
      const holder = { clusterId, instanceId: first, ownerTenant: ids.buyer };
      const commandId = randomUUID();
      const call = {
        commandId,
        correlationId: commandId,
        causationId: commandId,
        actor: { kind: 'system', id: 'test' },
      } as const;
      const before = await addresses(first);
      let asked = 0;
      const stillOurs = async () => {
        if (asked++ > 0) throw new NotOurs();
        // It passes the question, and stands still: the one that comes next frees what is free, and takes it for a node of its own.
        await world.part(AddressPools).keepOnly([], holder, { ...call, commandId: randomUUID() }, async () => undefined);
        await world.part(AddressPools).take(holder, ['mqtt'], { ...call, commandId: randomUUID() });
      };
      await expect(world.part(AddressPools).keepOnly([], holder, call, stillOurs)).rejects.toThrow(NotOurs);
      expect(await addresses(first)).toEqual(before);
    });

    it('are free when their instance is gone', async () => {
      await world.request('buyer', 'DELETE', `/v1/instances/${first}`);
      await world.reaches(first, 'deleted');
      expect(await addresses(first)).toEqual({});
      expect(await world.part(AddressPools).circumstances(clusterId)).toMatchObject({ free: 1 });
    });
  });

  describe('in the cloud', () => {
    const cloudy = version(30);
    beforeAll(() => world.neighbours.app.add(cloudy, '4.0.0', alone(web), undefined, 'cloud'));

    it('take what is hosted there, by region, the best fit first, with the reason', async () => {
      const clusterId = await registered({ name: 'south one', region: 'south' }, 'operator');
      const other = await registered({ name: 'south two', region: 'south' }, 'operator');
      const instanceId = await world.purchase('cloudy', {
        versionId: cloudy,
        region: 'south',
        parameters: {},
        clusterId: undefined!,
      });
      const instance = await world.reaches(instanceId, 'running');
      expect(instance.clusterId).toBe([clusterId, other].toSorted()[0]);
      expect(instance.placement).toEqual({ region: 'south', reason: expect.stringContaining('least to spare of 2 of 2') });
      const wish = { versionId: cloudy, configuration: 'standard', region: 'south' };
      const plan = (body: object) => world.request('buyer', 'POST', '/v1/plans', body);
      expect((await plan(wish)).body).toMatchObject({ problems: [], revisions: { clusterId: expect.stringMatching(/^clu_/) } });
      const misled = await plan({ ...wish, region: undefined, clusterId });
      expect(misled).toMatchObject({ status: 422, body: { code: 'wrong-target' } });
    });

    it('are not named, and edge clusters are', async () => {
      const buy = (request: object) => world.purchase('misled', { parameters: { adminEmail: 'a@b.c' }, ...request });
      await expect(buy({ versionId: cloudy })).rejects.toMatchObject({ code: 'wrong-target' });
      await expect(buy({ region: 'south', clusterId: undefined })).rejects.toMatchObject({ code: 'wrong-target' });
      await expect(buy({ versionId: cloudy, region: 'moon', clusterId: undefined })).rejects.toMatchObject({
        code: 'no-cluster-available',
      });
    });
  });

  it('are called for what the role allows, and the role allows nothing else', async () => {
    // Something of every kind, and all of it gone with the next version.
    const rich: TopologyNode = {
      ...tomcat,
      logDirectory: '/logs',
      storage: [{ identifier: 'uploads', containerPath: '/uploads' }],
    };
    world.neighbours.app.add(version(40), '5.0.0', {
      ...shop,
      nodes: [rich, { ...mysql, storage: [{ identifier: 'db', containerPath: '/var/lib/mysql' }] }, schema],
    });
    world.neighbours.app.add(version(41), '5.1.0', { ...shop, nodes: [{ ...web, serviceName: 'other' }], arrows: [] });
    const clusterId = await registered({ name: 'recorded', nas: { storageClass: 'nas' } });
    const instanceId = await world.purchase('to be recorded', { versionId: version(40), clusterId });
    await world.reaches(instanceId, 'running');
    expect((await change(clusterId, { remove: ['nas'] })).body).toMatchObject({ status: 409, code: 'nas-in-use' });
    await world.request('buyer', 'GET', `/v1/instances/${instanceId}/nodes/tomcat/pod-logs`);
    const { body } = await world.request('buyer', 'POST', `/v1/instances/${instanceId}/upgrade`, { versionId: version(41) });
    await world.ends(body as { instanceId: string; operationId: string });
    await world.request('buyer', 'DELETE', `/v1/instances/${instanceId}`);
    await world.reaches(instanceId, 'deleted');
    const withoutGroup = (call: string) => call.split('.')[0]!;
    const allowed = neededAccess().map(accessInWords).map(withoutGroup);
    const made = new Set(await world.calls());
    expect([...made].filter((call) => !allowed.includes(call))).toEqual([]);
    // An apply creates what is not there, and looks again where somebody else was faster.
    const implied = [...made]
      .filter((call) => call.startsWith('patch '))
      .flatMap((call) => [call.replace('patch', 'create'), call.replace('patch', 'get')]);
    // These go with their namespace; one by one only where something was left over of an instance that is gone.
    const swept = ['persistentvolumeclaims', 'pods', 'resourcequotas', 'serviceaccounts'].map((kind) => `delete ${kind}`);
    expect(allowed.filter((call) => !made.has(call) && !implied.includes(call)).toSorted()).toEqual(swept);
  });

  it('are shown as away when they do not answer, and so are their instances, until they are back', async () => {
    const instanceId = await world.purchase('left alone');
    const { nodes } = await world.reaches(instanceId, 'running');
    expect(nodes[2].addresses[0]).toMatchObject({
      nodePort: expect.any(Number),
      hosts: [expect.stringMatching(/^10\.0\.0\.\d$/), expect.anything()],
    });
    await world.until(instanceId, ({ clusterReachable }) => clusterReachable === true);
    // One that hangs keeps nobody from seeing the others.
    if (front && behindTls) {
      front.hangs = true;
      await until(behindTls, ({ reachable }) => reachable === false);
    }
    await world.stopCluster();
    const away = await until(world.clusterId, ({ reachable, since }) => reachable === false && since !== undefined);
    expect(away).toMatchObject({ reachable: false, hosts: [], lastSeen: { hosts: 3 } });
    const unseen = await world.until(instanceId, ({ clusterReachable }) => clusterReachable === false);
    // What was asked of it stands; how it is, nobody knows.
    expect(unseen).toMatchObject({ status: 'running', health: { state: 'unknown', nodes: [] } });
    await world.startCluster();
    const seen = await world.until(instanceId, ({ clusterReachable }) => clusterReachable === true);
    expect(seen.health?.state).not.toBe('unknown');
    await until(world.clusterId, ({ reachable }) => reachable === true);
    expect(await get(world.clusterId, 'operator')).toMatchObject({ hosts: [{}, {}, {}] });
    expect(await get(world.clusterId)).toMatchObject({ hosts: [], lastSeen: { hosts: 3 } });
  }, 60_000);
});
