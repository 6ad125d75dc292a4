import { Collector, type ReceivedSpan } from '@souk/tracing/testing';
import { services } from '../../edge/src/routes';
import { GrpcUser } from '../testing/grpc.user';
import { DistributedProcesses, everydayRequests, hearOperation, SteadyTraffic, Story, withoutBroker } from '../testing';

const suite = withoutBroker === undefined ? describe : describe.skip;
if (withoutBroker !== undefined) console.info(`separate processes are not tried: ${withoutBroker}`);

interface Instance {
  readonly status: string;
  readonly instanceId: string;
}

suite('One process for each service, with two replicas', () => {
  let collector: Collector;
  let processes: DistributedProcesses;
  let story: Story;
  let appId: string;
  let versionId: string;
  let instanceId: string;

  beforeAll(async () => {
    collector = await Collector.start();
    const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '500' };
    processes = new DistributedProcesses({ replicas: 2, environment });
    await processes.start();
    story = await Story.begin(processes.operator, processes.url);
    ({ appId, versionId } = await story.publish());
  }, 180_000);
  afterAll(async () => {
    await processes.destroy();
    await collector.stop();
  }, 30_000);

  const order = async (orderId: string): Promise<void> => {
    expect((await story.bill('paid', orderId, 1, await story.order(appId, versionId, orderId))).status).toBe(202);
  };
  /** @returns its id */
  const upgradeThatHangs = async (): Promise<string> => {
    const next = await story.publishNext(appId, versionId, '1.1.0', '1.1.0-never-ready');
    const { status, body } = await story.buyer.post(`/v1/instances/${instanceId}/upgrade`, { versionId: next });
    expect(status).toBe(202);
    return (body as { operationId: string }).operationId;
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

  it('is one trace for one purchase, through all processes that have to do with it', async () => {
    const isPaid = ({ name, resource }: ReceivedSpan) =>
      name.startsWith('POST /v1/billing-sources/:') && resource['service.name'] === 'souk-commerce';
    const traceOfPurchase = () => {
      const paid = collector.spans.find(isPaid);
      return collector.spans.filter(({ traceId }) => traceId === paid?.traceId);
    };
    const of = (service: string, kind: ReceivedSpan['kind'], name: RegExp) => (span: ReceivedSpan) =>
      span.resource['service.name'] === `souk-${service}` && span.kind === kind && name.test(span.name);
    const parts = {
      'the edge': of('edge', 'server', /^POST /),
      commerce: of('commerce', 'server', /^POST \/v1\/billing-sources\//),
      'the consumer of the payment': of('commerce', 'consumer', /^process commerce\.purchase-paid/),
      'a call to a neighbour': of('commerce', 'client', /^souk\.internal\.v1\./),
      'the answer of the neighbour': of('deployment', 'server', /^souk\.internal\.v1\./),
      'a call to the cluster': of('deployment', 'client', /^PATCH namespaces$/),
    };
    const missing = () => Object.entries(parts).flatMap(([part, holds]) => (traceOfPurchase().some(holds) ? [] : [part]));
    await collector.until(() => missing().length === 0, 20_000);
    expect(missing()).toEqual([]);

    const trace = traceOfPurchase();
    const parentOf = ({ parentSpanId }: ReceivedSpan) => trace.find(({ spanId }) => spanId === parentSpanId);
    expect(parentOf(trace.find(parts.commerce)!)).toBe(trace.find(parts['the edge']));
    const asked = parentOf(trace.find(parts['the answer of the neighbour'])!)!;
    expect([asked.kind, asked.resource['service.name']]).toEqual(['client', 'souk-commerce']);
  }, 30_000);

  it('goes on with what a replica had begun that was killed', async () => {
    await order('order-2');
    const { items } = await story.buyer.until(
      '/v1/instances',
      (page: { items: Instance[] }) => page.items.some(({ status }) => status !== 'deleted'),
      60_000,
    );
    ({ instanceId } = (items as Instance[]).find(({ status }) => status !== 'deleted')!);
    const clusters = await story.buyer.get('/v1/clusters');
    const [{ clusterId }] = (clusters.body as { items: [{ clusterId: string }] }).items;
    const holder = await processes.holderOf('deployment', `reconciler-${clusterId}`);
    const killed = performance.now();
    await processes.replica('deployment', holder).kill();
    const secondsSince = () => (performance.now() - killed) / 1000;
    const running = story.buyer.until(`/v1/instances/${instanceId}`, ({ status }: Instance) => status === 'running', 90_000);
    const jobs = ['projections-deployment', 'bus-deployment', 'deadlines-deployment', `reconciler-${clusterId}`];
    const holders = await Promise.all(jobs.map((lease) => processes.holderOf('deployment', lease)));
    const taken = secondsSince();
    console.info(`stand-by after ${taken.toFixed(1)} s`);
    expect(holders).toEqual(jobs.map(() => 1 - holder));
    // The law is ten seconds; a machine that is busy with other things is given three times as much.
    expect(taken).toBeLessThan(30);
    await running;
    console.info(`running ${secondsSince().toFixed(1)} s after the active replica was killed`);
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
    const grpc = new GrpcUser(processes.grpcAddress, story.provider.token);
    const overGrpc = async (method: string, request: object) => {
      const { message } = await grpc.call(method, request);
      return { status: 200, headers: new Headers(), body: message as object };
    };
    const asks = {
      ...everydayRequests(processes.operator, story.provider, story.buyer, versionId),
      'an app over gRPC': () => overGrpc('appcatalog.AppCatalogService/GetApp', { appId }),
      'instances over gRPC': () => overGrpc('deployment.DeploymentService/ListInstances', {}),
    };
    const operationId = await upgradeThatHangs();
    const progress = hearOperation(story.buyer, operationId);
    const traffic = new SteadyTraffic(asks, 4);
    for (const index of [0, 1]) {
      const codes = await Promise.all(services.map((service) => processes.restart(service, index)));
      expect(codes).toEqual(services.map(() => 0));
    }
    await traffic.stop();
    grpc.close();
    expect((await story.buyer.delete(`/v1/instances/${instanceId}`)).status).toBe(202);
    const heard = await progress;
    console.info(`${traffic.answered} requests were answered meanwhile, and a listener came back ${heard.comebacks} times`);
    expect(traffic.failures).toEqual([]);
    expect(traffic.answered).toBeGreaterThan(50);
    expect(heard.comebacks).toBeGreaterThan(0);
    expect([heard.types[0], heard.types.at(-1)]).toEqual(['OperationStarted', 'OperationPreempted']);
    expect(await hearOperation(story.buyer, operationId)).toEqual({ ...heard, comebacks: 0 });
  }, 180_000);
});
