import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { failpoints } from '@souk/failpoints';
import { MarketplaceProcess, Story } from '../testing';

describe('Failpoints of a marketplace', () => {
  jest.setTimeout(60_000);
  const marketplace = new MarketplaceProcess();
  afterAll(() => marketplace.destroy());

  it('are all on the way of the story, from the first app to the refund', async () => {
    const reached = join(marketplace.dataDir, 'reached');
    await marketplace.start({ SOUK_FAILPOINTS: `record:${reached}` });
    const story = await Story.begin(marketplace.operator, marketplace.url);
    const { appId, versionId } = await story.publish();
    const answer = await story.bill('paid', 'order-1', 1, await story.order(appId, versionId, 'guest-book'));
    const { purchaseId } = answer.body as { purchaseId: string };
    const { instanceId } = (await story.buyer.until(
      `/v1/purchases/${purchaseId}`,
      (purchase: { instanceId?: string }) => purchase.instanceId !== undefined,
    )) as { instanceId: string };
    const becomes = (status: string): Promise<unknown> =>
      story.buyer.until(`/v1/instances/${instanceId}`, (instance: { status: string }) => instance.status === status, 30_000);
    await becomes('running');
    await story.bill('refunded', 'order-1', 2, { reason: 'changed their mind' });
    await becomes('deleted');
    await marketplace.stop();
    const names = new Set(readFileSync(reached, 'utf8').trim().split('\n'));
    expect([...names].sort()).toEqual(Object.keys(failpoints).sort());
  });

  it('must be known, or the marketplace does not start', async () => {
    await expect(marketplace.start({ SOUK_FAILPOINTS: 'bus.before-akc=kill' })).rejects.toThrow(
      /there is no failpoint "bus.before-akc"; there are: lmdb.before-commit, /,
    );
  });
});
