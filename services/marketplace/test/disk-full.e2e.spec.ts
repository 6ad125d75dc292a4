import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '@souk/event-sourcing/testing';
import { type Answer, MarketplaceProcess, Story } from '../testing';

const folder = temporaryFolder();
const disk = join(folder.path, 'disk');
mkdirSync(disk);
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'souk-disk-full', disk]).status === 0;
if (!mounted) process.stdout.write('disk-full.e2e.spec.ts: skipped, since no small disk can be mounted here (that takes root)\n');

(mounted ? describe : describe.skip)('A marketplace whose disk is full', () => {
  jest.setTimeout(120_000);
  const marketplace = new MarketplaceProcess({}, join(disk, 'data'));
  let story: Story;
  let appId: string;
  let versionId: string;
  let made = 0;
  /** Names of apps that were acknowledged. */
  const acknowledged: string[] = [];

  const createApp = async (): Promise<Answer> => {
    const name = `App ${made++}`;
    const app = { name, distributionType: 'instance', hostingMode: 'edge', platforms: ['linux/amd64'], summary: 'x'.repeat(200) };
    const answer = await story.provider.post('/v1/apps', app);
    if (answer.status < 300) acknowledged.push(name);
    return answer;
  };
  const names = async (): Promise<string[]> => {
    const found: string[] = [];
    for (let cursor = ''; ;) {
      const page = await story.provider.get(`/v1/apps?limit=200${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
      expect(page.status).toBe(200);
      found.push(...(page.body.items as { name: string }[]).map(({ name }) => name));
      if (!page.body.next) return found;
      cursor = page.body.next as string;
    }
  };

  beforeAll(async () => {
    await marketplace.start();
    story = await Story.begin(marketplace.operator, marketplace.url);
    ({ appId, versionId } = await story.publish());
    await createApp();
    fill(join(disk, 'filler'));
  });
  afterAll(async () => {
    await marketplace.destroy();
    spawnSync('umount', ['-l', disk]);
    folder.remove();
  });

  it('answers 507 to what it can no longer keep', async () => {
    let answer = await createApp();
    // Stores use room of their own first that was given free.
    for (let i = 0; i < 2_000 && answer.status === 201; i++) answer = await createApp();
    expect(answer.status).toBe(507);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.body).toMatchObject({ code: 'insufficient-storage', status: 507 });
    expect(JSON.stringify(answer.body)).not.toContain(disk);
  });

  it('goes on reading, and says 503 and when to come again where its read models cannot follow', async () => {
    const lists = await fetch(`${marketplace.url}/v1/apps`, { headers: { authorization: `Bearer ${story.provider.token!}` } });
    expect(lists.status).toBe(200);
    const late = await story.provider.get('/v1/apps');
    if (late.status === 503) {
      expect(late.body.code).toBe('read-model-behind');
      expect(late.headers.get('retry-after')).toBe('1');
    } else expect(late.status).toBe(200);
  });

  it('is alive, and not ready', async () => {
    expect((await fetch(`${marketplace.url}/health/live`)).status).toBe(200);
    const ready = await fetch(`${marketplace.url}/health/ready`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({
      error: { storage: { status: 'down', full: expect.arrayContaining(['event-store']) } },
    });
  });

  it('does not grow while it refuses', async () => {
    const refuse = async (times: number): Promise<void> => {
      for (let i = 0; i < times; i++) await Promise.all(Array.from({ length: 8 }, createApp));
    };
    await refuse(50);
    const before = memoryOf(marketplace.pid);
    await refuse(100);
    expect(memoryOf(marketplace.pid) - before).toBeLessThan(64 * 1024);
  });

  it('takes orders again as soon as there is room, and has all that it acknowledged, without a restart', async () => {
    const { pid } = marketplace;
    expect((await story.bill('paid', 'order-0', 1, {})).status).toBeGreaterThanOrEqual(400);
    rmSync(join(disk, 'filler'));
    const answer = await story.bill('paid', 'order-1', 1, await story.order(appId, versionId, 'guest-book'));
    expect(answer.status).toBe(202);
    const { instanceId } = await story.buyer.until(
      `/v1/purchases/${answer.body.purchaseId as string}`,
      (purchase: { instanceId?: string }) => purchase.instanceId !== undefined,
      30_000,
    );
    await story.buyer.until(`/v1/instances/${instanceId as string}`, ({ status }) => status === 'running', 60_000);
    expect((await createApp()).status).toBe(201);
    const found = await names();
    expect(acknowledged.filter((name) => !found.includes(name))).toEqual([]);
    expect(found.filter((name) => name !== 'Guest Book' && !acknowledged.includes(name) && name.startsWith('App'))).toEqual([]);
    expect((await fetch(`${marketplace.url}/health/ready`)).status).toBe(200);
    expect(marketplace.pid).toBe(pid);
  });
});

/** Takes all room that is left, to the last page. */
function fill(file: string): void {
  const handle = openSync(file, 'w');
  for (const size of [1 << 20, 4096]) {
    const chunk = Buffer.alloc(size, 1);
    for (;;) {
      try {
        writeSync(handle, chunk);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        break;
      }
    }
  }
  closeSync(handle);
}

/** Resident memory of a process in KiB. */
function memoryOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
}
