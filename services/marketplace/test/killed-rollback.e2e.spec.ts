import { MarketplaceProcess, Story } from '../testing';

interface Record {
  readonly status: string;
  readonly code?: string;
  readonly steps: readonly { readonly type: string; readonly node?: string }[];
}

interface Workload {
  readonly metadata: { readonly generation: number };
  readonly spec: object;
}

/** An upgrade to a version that never becomes ready, with kill -9 of both processes on the way there and on the way back. */
describe('A marketplace that is killed while an upgrade is rolled back', () => {
  jest.setTimeout(120_000);
  const marketplace = new MarketplaceProcess({ SOUK_NODE_READY_SECONDS: '15' });
  let story: Story;

  beforeAll(async () => {
    await marketplace.start();
    story = await Story.begin(marketplace.operator, marketplace.url);
  });
  afterAll(() => marketplace.destroy());

  const deployment = (namespace: string, name: string): Promise<Workload | undefined> =>
    marketplace.cluster<Workload>(`/apis/apps/v1/namespaces/${namespace}/deployments/${name}`);

  it('brings back what ran before, and touches nothing else', async () => {
    const { appId, versionId } = await story.publish();
    await story.bill('paid', 'order-1', 1, await story.order(appId, versionId, 'guest-book'));
    const isRunning = ({ items }: { items: { status: string }[] }) => items[0]?.status === 'running';
    const { items } = (await story.buyer.until('/v1/instances', isRunning, 60_000)) as { items: { instanceId: string }[] };
    const { instanceId } = items[0]!;
    const namespace = `souk-${instanceId.slice('inst_'.length).toLowerCase()}`;
    const before = [(await deployment(namespace, 'tomcat'))!, (await deployment(namespace, 'mysql'))!] as const;

    const next = await story.publishNext(appId, versionId, '1.2.0', '1.2.0-never-ready');
    const asked = (await story.buyer.post(`/v1/instances/${instanceId}/upgrade`, { versionId: next })).body as {
      operationId: string;
    };
    const path = `/v1/operations/${asked.operationId}`;
    const has = (type: string) => (record: Record) => record.steps.some((step) => step.type === type);
    await story.buyer.until(path, has('NodeApplied'), 60_000);
    marketplace.killCluster();
    await marketplace.kill();
    await marketplace.start();
    await story.buyer.until(path, has('RollbackStarted'), 60_000);
    marketplace.killCluster();
    await marketplace.kill();
    await marketplace.start();

    const record = (await story.buyer.until(path, ({ status }: Record) => status === 'rolled-back', 60_000)) as Record;
    expect(record).toMatchObject({ code: 'never-ready' });
    await story.buyer.until(
      `/v1/instances/${instanceId}`,
      ({ status, versionNumber }: { status: string; versionNumber: string }) => status === 'running' && versionNumber === '1.0.0',
      60_000,
    );
    const after = [(await deployment(namespace, 'tomcat'))!, (await deployment(namespace, 'mysql'))!] as const;
    expect(after.map(({ spec }) => spec)).toEqual(before.map(({ spec }) => spec));
    expect(after[1].metadata.generation).toBe(before[1].metadata.generation);
    expect(record.steps.filter(({ type }) => type === 'RollbackStarted' || type === 'OperationRolledBack')).toHaveLength(2);
  });
});
