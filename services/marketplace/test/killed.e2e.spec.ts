import { MarketplaceProcess, Story, type TestUser } from '../testing';

interface KubeList {
  readonly items: { readonly metadata: { readonly name: string; readonly uid: string } }[];
}

/** The story, with kill -9 of either process in the middle of it. */
describe('A marketplace that is killed', () => {
  jest.setTimeout(60_000);
  const marketplace = new MarketplaceProcess();
  let story: Story;
  let appId: string;
  let versionId: string;
  let purchaseId: string;
  let instanceId: string;
  let auditor: TestUser;

  beforeAll(async () => {
    await marketplace.start();
    story = await Story.begin(marketplace.operator, marketplace.url);
    ({ appId, versionId } = await story.publish());
    auditor = marketplace.operator;
  });
  afterAll(() => marketplace.destroy());

  const eventsOf = async (type: string): Promise<unknown[]> => {
    const { items } = (await auditor.get(`/v1/history?about=${instanceId}&type=${type}&limit=200`)).body as { items: unknown[] };
    return items;
  };
  const namespaces = async (): Promise<KubeList> =>
    (await marketplace.cluster<KubeList>(
      `/api/v1/namespaces?labelSelector=${encodeURIComponent(`souk.dev/instance=${instanceId}`)}`,
    ))!;

  it('deploys what was paid for just before it died', async () => {
    const order = await story.order(appId, versionId, 'guest-book');
    const answer = await story.bill('paid', 'order-1', 1, order);
    expect(answer.status).toBe(202);
    await marketplace.kill();
    await marketplace.start();

    ({ purchaseId } = answer.body as { purchaseId: string });
    const purchase = await story.buyer.until(
      `/v1/purchases/${purchaseId}`,
      (body) => (body as { instanceId?: string }).instanceId !== undefined,
    );
    ({ instanceId } = purchase as { instanceId: string });
  });

  it('goes on deploying when the cluster and then it is killed on the way', async () => {
    await story.buyer.until(`/v1/instances/${instanceId}`, ({ nodes }: { nodes?: { state: string }[] }) =>
      Boolean(nodes?.some(({ state }) => state !== 'pending')),
    );
    marketplace.killCluster();
    await marketplace.kill();
    await marketplace.start();
    await story.buyer.until(`/v1/instances/${instanceId}`, ({ status }: { status: string }) => status === 'running', 30_000);
  });

  it('has done nothing twice', async () => {
    expect((await story.bill('paid', 'order-1', 1, await story.order(appId, versionId, 'guest-book'))).status).toBe(202);
    expect(await eventsOf('InstanceRequested')).toHaveLength(1);
    expect(await eventsOf('CredentialCreated')).toHaveLength(1);
    expect(await eventsOf('InitNodeCompleted')).toHaveLength(1);
    expect(await eventsOf('OperationSucceeded')).toHaveLength(1);
    const { items } = await namespaces();
    expect(items).toHaveLength(1);
    const jobs = await marketplace.cluster<KubeList>(`/apis/batch/v1/namespaces/${items[0]!.metadata.name}/jobs`);
    expect(jobs!.items).toHaveLength(1);
  });

  it('finishes an upgrade that was under way', async () => {
    const namespace = (await namespaces()).items[0]!.metadata.name;
    const mysql = await marketplace.cluster<{ metadata: object }>(`/apis/apps/v1/namespaces/${namespace}/deployments/mysql`);
    const next = await story.publishNext(appId, versionId, '1.1.0');
    expect((await story.buyer.post(`/v1/instances/${instanceId}/upgrade`, { versionId: next })).status).toBe(202);
    await marketplace.kill();
    await marketplace.start();
    await story.buyer.until(
      `/v1/instances/${instanceId}`,
      ({ status, versionNumber }: { status: string; versionNumber: string }) => status === 'running' && versionNumber === '1.1.0',
      30_000,
    );
    const after = await marketplace.cluster<{ metadata: object }>(`/apis/apps/v1/namespaces/${namespace}/deployments/mysql`);
    expect((after!.metadata as { generation: number }).generation).toBe((mysql!.metadata as { generation: number }).generation);
    expect(await eventsOf('InitNodeCompleted')).toHaveLength(1);
    expect(await eventsOf('OperationSucceeded')).toHaveLength(2);
  });

  it('brings the new AppSecret, and ends the grace of the old one, when it died just after the rotation', async () => {
    const path = `/v1/instances/${instanceId}/credential`;
    expect((await story.buyer.post(`${path}/rotate`, { graceSeconds: 1 })).status).toBe(200);
    await marketplace.kill();
    await marketplace.start();
    await story.buyer.until(
      path,
      (body) => (body as { previousSecretValidUntil?: string }).previousSecretValidUntil === undefined,
    );
    await story.buyer.until(
      `/v1/instances/${instanceId}/operations`,
      ({ items }: { items: { kind: string; status: string }[] }) =>
        items[0]!.kind === 'restart' && items[0]!.status === 'succeeded',
      30_000,
    );
    expect(await eventsOf('AppSecretRotated')).toHaveLength(1);
    expect(await eventsOf('PreviousAppSecretExpired')).toHaveLength(1);
    expect(await eventsOf('RestartRequested')).toHaveLength(1);
    await story.buyer.until(`/v1/instances/${instanceId}`, ({ status }: { status: string }) => status === 'running');
  });

  it('deletes to the end what was refunded just before it died', async () => {
    expect((await story.bill('refunded', 'order-1', 2, { reason: 'changed their mind' })).status).toBe(202);
    await marketplace.kill();
    await marketplace.start();
    await story.buyer.until(`/v1/instances/${instanceId}`, ({ status }: { status: string }) => status === 'deleted', 30_000);
    expect((await namespaces()).items).toEqual([]);
    expect(await eventsOf('CredentialRevoked')).toHaveLength(1);
  });

  it('stops within two seconds when it is asked to, with its cluster', async () => {
    const asked = performance.now();
    expect(await marketplace.stop()).toBe(0);
    expect(performance.now() - asked).toBeLessThan(2_000);
    await expect(marketplace.cluster('/version')).rejects.toThrow('fetch failed');
  });
});
