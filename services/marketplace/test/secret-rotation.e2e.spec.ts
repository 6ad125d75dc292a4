import { join } from 'node:path';
import { DeadlineRunner } from '@souk/coordination';
import { KubernetesCluster, SimulatedClusterConnection } from '@souk/kubernetes';
import { Clock } from '@souk/platform';
import { askAsInstance, identityIn, type InstanceIdentity, Story, TestMarketplace } from '../testing';

/** The system's clock, set ahead by so much. */
class MovedClock extends Clock {
  byMs = 0;
  override now(): Date {
    return new Date(Date.now() + this.byMs);
  }
}

describe('An AppSecret that its owner rotates', () => {
  const clock = new MovedClock();
  let marketplace: TestMarketplace;
  let cluster: KubernetesCluster;
  let story: Story;
  let instanceId: string;

  beforeAll(async () => {
    marketplace = await TestMarketplace.start({ clock });
    const connection = new SimulatedClusterConnection(join(marketplace.dataDir, 'cluster-sim', 'kubeconfig.yaml'));
    cluster = new KubernetesCluster(() => connection.endpointOf());
    story = await Story.begin(marketplace.operator, marketplace.url);
    const { appId, versionId } = await story.publish();
    const order = await story.bill('paid', 'order-1', 1, await story.order(appId, versionId, 'guest-book'));
    const { purchaseId } = order.body as { purchaseId: string };
    const isFulfilled = (purchase: { instanceId?: string }) => purchase.instanceId !== undefined;
    ({ instanceId } = await story.buyer.until(`/v1/purchases/${purchaseId}`, isFulfilled));
    await story.buyer.until(`/v1/instances/${instanceId}`, ({ status }: { status: string }) => status === 'running');
  });
  afterAll(async () => {
    cluster.close();
    await marketplace.stop();
  });

  /** What the instance finds in its environment. */
  async function identity(): Promise<InstanceIdentity> {
    const { items } = await cluster.list('Secret', { labelSelector: `souk.dev/instance=${instanceId}` });
    return identityIn(items);
  }

  /** Status of the answer to a request of the instance, signed so. */
  const asks = async (as: InstanceIdentity): Promise<number> => (await askAsInstance(marketplace.url, as, clock.now())).status;

  it('reaches the instance, both are taken meanwhile, and the old one is refused when its time is over', async () => {
    const old = await identity();
    expect(await asks(old)).toBe(200);

    const path = `/v1/instances/${instanceId}/credential`;
    const rotated = await story.buyer.post(`${path}/rotate`, { graceSeconds: 600, reason: 'every spring' });
    expect(rotated).toMatchObject({ status: 200, body: { secretVersion: 2, appKey: old.key } });
    await story.buyer.until(
      `/v1/instances/${instanceId}/operations`,
      ({ items }: { items: { reason?: string; status: string }[] }) =>
        items.some(({ reason, status }) => reason === 'version 2 of the AppSecret' && status === 'succeeded'),
    );
    const renewed = await identity();
    expect(renewed.key).toBe(old.key);
    expect(renewed.secret).not.toBe(old.secret);
    expect([await asks(old), await asks(renewed)]).toEqual([200, 200]);

    clock.byMs = 600_000;
    expect([await asks(old), await asks(renewed)]).toEqual([401, 200]);
    marketplace.running.app.get(DeadlineRunner).look();
    // Recorded when no decision is made any more by the old one.
    await marketplace.operator.until('/v1/history?category=deadline', ({ items }: { items: { type: string }[] }) =>
      items.some(({ type }) => type === 'DeadlinePassed'),
    );
    expect((await story.buyer.get(path)).body).not.toHaveProperty('previousSecretValidUntil');
    clock.byMs = 0;
    expect([await asks(old), await asks(renewed)]).toEqual([401, 200]);
  });

  it('is in the history with its reason, and no secret is', async () => {
    const { secret } = await identity();
    const { items } = (await story.buyer.get(`/v1/history?about=${instanceId}&limit=200`)).body as { items: { type: string }[] };
    const types = items.map(({ type }) => type);
    expect(types).toEqual(expect.arrayContaining(['AppSecretRotated', 'PreviousAppSecretExpired', 'RestartRequested']));
    expect(types.filter((type) => /Deadline|Lease/.test(type))).toEqual([]);
    expect(JSON.stringify(items)).toContain('every spring');
    expect(JSON.stringify(items)).not.toContain(secret);
    const machinery = await marketplace.operator.get('/v1/history?category=deadline');
    expect(machinery.body).toMatchObject({ items: [{ type: 'DeadlineSet' }, { type: 'DeadlinePassed' }] });
  });

  it('leaves nothing open, as the metrics say', async () => {
    const text = String((await marketplace.nobody().get('/metrics')).body);
    for (const line of [
      'souk_deadlines_open{service="authorization"} 0',
      'souk_deadlines_overdue_seconds 0',
      'souk_deadlines_failing 0',
      'souk_lease_held{lease="deadlines"} 1',
    ])
      expect(text.split('\n')).toContain(line);
  });
});
