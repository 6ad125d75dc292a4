import { services } from '../../edge/src/routes';
import { GrpcUser } from '../testing/grpc.user';
import { DistributedProcesses, everydayRequests, SteadyTraffic, Story, withoutBroker } from '../testing';

const suite = withoutBroker === undefined ? describe : describe.skip;
if (withoutBroker !== undefined) console.info(`separate processes are not tried: ${withoutBroker}`);

interface Instance {
  readonly status: string;
  readonly instanceId: string;
}

suite('One process for each service, with two replicas', () => {
  const processes = new DistributedProcesses({ replicas: 2 });
  let story: Story;
  let appId: string;
  let versionId: string;

  beforeAll(async () => {
    await processes.start();
    story = await Story.begin(processes.operator, processes.url);
    ({ appId, versionId } = await story.publish());
  }, 180_000);
  afterAll(() => processes.destroy(), 30_000);

  const order = async (orderId: string): Promise<void> => {
    expect((await story.bill('paid', orderId, 1, await story.order(appId, versionId, orderId))).status).toBe(202);
  };
  const instancesAre = (status: string, count: number): Promise<{ items: Instance[] }> =>
    story.buyer.until(
      '/v1/instances',
      ({ items }: { items: Instance[] }) => items.filter((item) => item.status === status).length === count,
      90_000,
    ) as Promise<{ items: Instance[] }>;

  it('prints the operator’s token once, whichever replica has made it', () => {
    const printed = processes.replicasOf('authorization').filter((replica) => /token\s+ey/.test(replica.printed));
    expect(printed).toHaveLength(1);
  });

  it('answers over gRPC as it does over HTTP', async () => {
    const provider = new GrpcUser(processes.grpcAddress, story.provider.token);
    const { message } = await provider.call('appcatalog.AppCatalogService/GetApp', { appId });
    expect((message as { appId: string }).appId).toBe(appId);
    provider.close();
  });

  it('brings up what was paid for, and takes away what was refunded', async () => {
    await order('order-1');
    await instancesAre('running', 1);
    expect((await story.bill('refunded', 'order-1', 2, { reason: 'changed their mind' })).status).toBe(202);
    await instancesAre('deleted', 1);
    const namespaces = await processes.cluster<{ items: object[] }>('/api/v1/namespaces?labelSelector=souk.dev/instance');
    expect(namespaces!.items).toEqual([]);
  }, 120_000);

  it('goes on with what a replica had begun that was killed', async () => {
    await order('order-2');
    const { items } = await story.buyer.until(
      '/v1/instances',
      (page: { items: Instance[] }) => page.items.some(({ status }) => status !== 'deleted'),
      60_000,
    );
    const { instanceId } = (items as Instance[]).find(({ status }) => status !== 'deleted')!;
    const clusters = await story.buyer.get('/v1/clusters');
    const [{ clusterId }] = (clusters.body as { items: [{ clusterId: string }] }).items;
    const holder = await processes.holderOf('deployment', `reconciler-${clusterId}`);
    const killed = performance.now();
    await processes.replica('deployment', holder).kill();
    await story.buyer.until(`/v1/instances/${instanceId}`, ({ status }: Instance) => status === 'running', 90_000);
    console.info(`running ${((performance.now() - killed) / 1000).toFixed(1)} s after the active replica was killed`);
    const history = await processes.operator.until(
      `/v1/history?about=${instanceId}&limit=200`,
      ({ items: all }: { items: { type: string }[] }) => all.some(({ type }) => type === 'OperationSucceeded'),
    );
    const types = (history as { items: { type: string }[] }).items.map(({ type }) => type);
    expect(types.filter((type) => type === 'InitNodeCompleted')).toHaveLength(1);
    expect(types.filter((type) => type === 'OperationSucceeded')).toHaveLength(1);
    await processes.replica('deployment', holder).start();
    await processes.whole();
  }, 150_000);

  it('builds a read model anew and tells how far it is, whichever replica is asked', async () => {
    const { operator, url } = processes;
    // The edge asks replicas by turns: more often than there are of them.
    for (let n = 0; n < 4; n++) {
      const asked = await operator.post('/v1/read-models/instances/rebuild', {}, { 'idempotency-key': `rebuild-${n}` });
      expect(asked.status).toBe(202);
      const headers = { authorization: `Bearer ${operator.token}` };
      const progress = await fetch(`${url}/v1/read-models/instances/events`, { headers });
      expect(progress.status).toBe(200);
      expect(await progress.text()).toContain('"status":"switched"');
    }
  }, 60_000);

  it('is updated replica by replica without a request that fails', async () => {
    const traffic = new SteadyTraffic(everydayRequests(processes.operator, story.provider, story.buyer, versionId), 4);
    for (const index of [0, 1]) {
      const codes = await Promise.all(services.map((service) => processes.restart(service, index)));
      expect(codes).toEqual(services.map(() => 0));
    }
    await traffic.stop();
    console.info(`${traffic.answered} requests were answered meanwhile`);
    expect(traffic.failures).toEqual([]);
    expect(traffic.answered).toBeGreaterThan(50);
  }, 180_000);
});
