import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MarketplaceProcess, Story, TestUser } from '../testing';

const BACKUP = join(__dirname, '../../../scripts/backup.mjs');

/** Runs the command to its end. */
function backUp(dataDir: string, into: string): Promise<{ readonly code: number | null; readonly printed: string }> {
  const child = spawn(process.execPath, [BACKUP, into], { env: { ...process.env, SOUK_DATA_DIR: dataDir } });
  let printed = '';
  const read = (chunk: Buffer) => (printed += chunk.toString());
  child.stdout.on('data', read);
  child.stderr.on('data', read);
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, printed })));
}

const app = (name: string) => ({
  ...{ name, distributionType: 'instance', hostingMode: 'edge', platforms: ['linux/amd64'], summary: 'Written meanwhile' },
});

describe('A backup', () => {
  jest.setTimeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), 'souk-backup-'));
  const into = join(folder, 'backup');
  let original: MarketplaceProcess;
  const restored = new MarketplaceProcess({}, into);
  let story: Story;
  let instanceId: string;
  const before: string[] = [];

  beforeAll(async () => {
    original = new MarketplaceProcess();
    await original.start();
    story = await Story.begin(original.operator, original.url);
    const { appId, versionId } = await story.publish();
    const { purchaseId } = (await story.bill('paid', 'order-1', 1, await story.order(appId, versionId, 'shop'))).body;
    ({ instanceId } = await story.buyer.until(`/v1/purchases/${purchaseId}`, (purchase) => purchase.instanceId !== undefined));
    await story.buyer.until(`/v1/instances/${instanceId}`, ({ status }) => status === 'running');
    for (let n = 0; n < 50; n++) before.push((await story.provider.post('/v1/apps', app(`before ${n}`))).body.appId);
  });
  afterAll(async () => {
    await original.destroy();
    await restored.destroy();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is made while the marketplace is being written to', async () => {
    let done = false;
    let meanwhile = 0;
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let n = 0; !done; n++, meanwhile++)
        expect((await story.provider.post('/v1/apps', app(`writer ${writer}, app ${n}`))).status).toBe(201);
    });
    const { code, printed } = await backUp(original.dataDir, into);
    done = true;
    await Promise.all(writers);
    expect(code === 0 ? 'made' : printed).toBe('made');
    expect(meanwhile).toBeGreaterThan(8);
    expect(existsSync(`${into}.unfinished`)).toBe(false);
  });

  it('is never made over another one', async () => {
    expect(await backUp(original.dataDir, into)).toMatchObject({ code: 1, printed: expect.stringContaining('is there already') });
    expect(await backUp(original.dataDir, join(original.dataDir, 'inside'))).toMatchObject({
      code: 1,
      printed: expect.stringContaining('would be lost with it'),
    });
  });

  it('is a data folder: a marketplace runs on it, with everything that was acknowledged before', async () => {
    await original.destroy();
    await restored.start();
    const provider = new TestUser(restored.url, story.provider.token, story.provider.tenant);
    for (const appId of before) expect((await provider.get(`/v1/apps/${appId}`)).status).toBe(200);
    const buyer = new TestUser(restored.url, story.buyer.token, story.buyer.tenant);
    expect((await buyer.get(`/v1/instances/${instanceId}`)).body).toMatchObject({ status: 'running' });
  });

  it('goes on: secrets can be read, the cluster is known, and an instance restarts', async () => {
    const buyer = new TestUser(restored.url, story.buyer.token, story.buyer.tenant);
    const { operationId } = (await buyer.post(`/v1/instances/${instanceId}/restart`, { reason: 'after the restore' })).body;
    await buyer.until(`/v1/operations/${operationId}`, ({ status }) => status === 'succeeded');
    const namespaces = await restored.cluster<{ items: unknown[] }>(
      `/api/v1/namespaces?labelSelector=souk.dev/instance=${instanceId}`,
    );
    expect(namespaces!.items).toHaveLength(1);
  });
});
