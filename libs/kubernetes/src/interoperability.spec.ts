import { KubeConfig, KubernetesObjectApi, PatchStrategy, type KubernetesObject as OfficialObject } from '@kubernetes/client-node';
import { type ClusterSim, startClusterSim } from '@souk/cluster-sim';
import { temporaryFolder } from '@souk/event-sourcing/testing';
import { Conflict, NotFound, Unprocessable } from './errors';
import { KubernetesCluster } from './kubernetes-cluster';
import { SimulatedClusterConnection } from './simulated-cluster-connection';

const service = (port: number) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'default', labels: { app: 'web' } },
  spec: { selector: { app: 'web' }, ports: [{ name: 'http', port, protocol: 'TCP' }] },
});

describe('This client and the official one, on one cluster', () => {
  const folder = temporaryFolder();
  let sim: ClusterSim;
  let cluster: KubernetesCluster;
  let official: KubernetesObjectApi;

  beforeAll(async () => {
    sim = await startClusterSim({ dataDir: folder.path });
    cluster = new KubernetesCluster(() => new SimulatedClusterConnection(sim.kubeconfigPath).endpointOf());
    const config = new KubeConfig();
    // Plain http: the official client asks for this word.
    config.loadFromClusterAndUser({ name: 'sim', server: sim.url, skipTLSVerify: true }, { name: 'souk', token: sim.token });
    official = KubernetesObjectApi.makeApiClient(config);
  });
  afterAll(async () => {
    cluster.close();
    await sim.stop();
    folder.remove();
  });

  it('see the same object', async () => {
    await cluster.apply(service(80));
    const read = await official.read<OfficialObject & { spec: unknown }>(service(80));
    expect(JSON.parse(JSON.stringify(read.spec))).toMatchObject({ ports: [{ port: 80 }] });
  });

  it('leave each other’s fields alone', async () => {
    const labelled = {
      ...service(80),
      metadata: { name: 'web', namespace: 'default', labels: { tier: 'front' } },
      spec: undefined,
    };
    await official.patch(labelled, undefined, undefined, 'kubectl', true, PatchStrategy.ServerSideApply);
    expect((await cluster.apply(service(8080))).metadata.labels).toEqual({ app: 'web', tier: 'front' });
  });

  it('tell each other of changes', async () => {
    const seen: unknown[] = [];
    let heard!: () => void;
    const changed = new Promise<void>((fulfil) => (heard = fulfil));
    const informer = cluster
      .informer(
        'Service',
        { labelSelector: 'app=web' },
        {
          onChange: ({ spec }) => {
            seen.push((spec as { ports: { port: number }[] }).ports[0]?.port);
            if (seen.at(-1) === 9090) heard();
          },
        },
      )
      .start();
    await informer.synced;
    await official.patch(service(9090), undefined, undefined, 'souk', true, PatchStrategy.ServerSideApply);
    await changed;
    expect(informer.get('default', 'web')).toMatchObject({ spec: { ports: [{ port: 9090 }] } });
    await informer.stop();
  });

  it('are refused in the same words', async () => {
    const wrong = { ...service(80), spec: { ports: [{ port: 99_999 }] } };
    await expect(cluster.apply(wrong)).rejects.toThrow(Unprocessable);
    const port = { port: 80, name: 'twice' };
    await expect(cluster.apply({ ...service(80), spec: { ports: [port, port] } })).rejects.toThrow(Unprocessable);
    await expect(cluster.apply({ ...service(80), metadata: { name: 'web', namespace: 'nowhere' } })).rejects.toThrow(NotFound);
    await expect(cluster.delete({ kind: 'Service', namespace: 'default', name: 'web' }, { uid: 'another' })).rejects.toThrow(
      Conflict,
    );
    await cluster.delete({ kind: 'Service', namespace: 'default', name: 'web' });
    await expect(official.read(service(80))).rejects.toMatchObject({ code: 404 });
  });
});
