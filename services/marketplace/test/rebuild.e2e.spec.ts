import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { comparePositions, type Position, parsePosition, positionOf } from '@souk/event-sourcing';
import { openResources } from '@souk/platform';
import { appsProjection } from '../../app-catalog/src/projections/apps.projection';
import { knownModels } from '../src/offline-rebuild';
import { TestMarketplace } from '../testing';

const SCRIPT = join(__dirname, '../../../scripts/rebuild.mjs');

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** `npm run rebuild -- <args>` */
function rebuild(args: readonly string[], environment: Record<string, string> = {}): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [SCRIPT, ...args], { env: { ...process.env, ...environment } });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.once('close', (code) => resolve({ code, out, err }));
  });
}

describe('npm run rebuild', () => {
  let marketplace: TestMarketplace;
  let running: Record<string, string>;

  beforeAll(async () => {
    marketplace = await TestMarketplace.start();
    running = { SOUK_URL: `${marketplace.url}/`, SOUK_TOKEN: marketplace.operator.token! };
    const provider = await marketplace.newTenant('Harbour', 'provider');
    for (const name of ['One', 'Two', 'Three'])
      await provider.post('/v1/apps', {
        name,
        distributionType: 'instance',
        hostingMode: 'edge',
        platforms: ['linux/amd64'],
        summary: 'Visitors leave a line',
      });
    await provider.get('/v1/apps');
  });
  afterAll(() => rm(marketplace.dataDir, { recursive: true, force: true }));

  describe('with a running marketplace', () => {
    it('rebuilds what it is told, shows the progress, and says what came of it', async () => {
      const { code, out } = await rebuild(['apps', 'users'], running);
      expect(code).toBe(0);
      expect(out).toMatch(/^apps {2}\[█+·*\] +\d+ % {2}\d+ of \d+ events {2}\d+\/s {2}/m);
      expect(out).toMatch(/^apps {2}rebuilt from \d+ events in \d+\.\d s; 0 documents are others than before$/m);
      expect(out).toMatch(/^users {2}rebuilt from/m);
      const { rebuild: told } = (await marketplace.operator.get('/v1/read-models/apps')).body;
      expect(told.status).toBe('switched');
    });

    it('rebuilds all of them', async () => {
      const { code, out } = await rebuild(['--all'], running);
      expect(code).toBe(0);
      for (const name of knownModels) expect(out).toMatch(new RegExp(`^${name} {2}rebuilt from`, 'm'));
    });

    it('says which there are, when it is told none, or one that nobody knows', async () => {
      const listed = await rebuild([], running);
      expect(listed.code).toBe(0);
      for (const name of knownModels) expect(listed.out).toMatch(new RegExp(`^${name} +v\\d+ {2}live, \\d+ events behind$`, 'm'));
      const { code, err } = await rebuild(['apps', 'applications'], running);
      expect([code, err]).toEqual([2, expect.stringContaining('there is no read model "applications"; there are: app')]);
    });

    it('wants the token of an operator', async () => {
      const missing = await rebuild(['apps'], { SOUK_URL: marketplace.url, SOUK_TOKEN: '' });
      expect([missing.code, missing.err]).toEqual([2, expect.stringContaining('SOUK_TOKEN is missing')]);
      const wrong = await rebuild(['apps'], { ...running, SOUK_TOKEN: 'nonsense' });
      expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining('a valid bearer token is needed')]);
      const buyer = await marketplace.newTenant('Dairy', 'buyer');
      const other = await rebuild(['apps'], { ...running, SOUK_TOKEN: buyer.token! });
      expect([other.code, other.err]).toEqual([1, expect.stringContaining('the role "buyer" may not do this')]);
    });

    it('compares nothing offline', async () => {
      const { code, err } = await rebuild(['--offline', '--data', marketplace.dataDir]);
      expect([code, err]).toEqual([1, expect.stringMatching(/^rebuild: .*in use by process/)]);
    });
  });

  describe('with a stopped one', () => {
    beforeAll(() => marketplace.running.close());

    it('says that nobody answers', async () => {
      const { code, err } = await rebuild(['apps'], running);
      expect([code, err]).toEqual([1, expect.stringContaining(`no marketplace answers on ${marketplace.url}`)]);
    });

    it('finds the same bytes, elsewhere and later, with clock, randomness and network taken from the folds', async () => {
      const elsewhere = { TZ: 'Pacific/Chatham', LANG: 'tr_TR.UTF-8' };
      const { code, out } = await rebuild(['--offline', '--data', marketplace.dataDir], elsewhere);
      expect([code, out]).toEqual([0, expect.stringContaining(`rebuilt ${knownModels.length} models, 0 different`)]);
      for (const name of knownModels)
        expect(out).toMatch(new RegExp(`^${name} {2}(equal: \\d+ documents|has no documents yet)`, 'm'));
      expect(out).toMatch(/^apps {2}equal: 3 documents at \S+, SHA-256 [0-9a-f]{64}$/m);
    });

    it('finds a document that the events do not account for', async () => {
      const { events, reads, vault } = await openResources({ dataDir: marketplace.dataDir });
      const apps = reads.open<{ readonly name: string }>(appsProjection);
      const { items } = await apps.query({ index: Object.keys(appsProjection.indexes)[0]!, limit: 1 });
      const [{ appId }] = items as unknown as [{ appId: string }];
      const checkpoint = (await apps.checkpoint())!;
      const beyond = after(checkpoint);
      expect(comparePositions(beyond, checkpoint)).toBeGreaterThan(0);
      await apps.commit([{ id: appId, doc: { ...items[0]!, name: 'Forged' }, position: beyond }], checkpoint);
      await Promise.all([events.close(), reads.close(), vault.close()]);
      const { code, out } = await rebuild(['--offline', '--data', marketplace.dataDir, 'apps', 'users']);
      expect(code).toBe(1);
      expect(out).toContain(`apps  DIFFERENT: 1 of 3 documents (${appId})`);
      expect(out).toContain('users  equal');
      expect(out).toContain('rebuilt 2 models, 1 different');
    });

    it('wants a folder with a marketplace in it', async () => {
      const { code, err } = await rebuild(['--offline', '--data', join(marketplace.dataDir, 'nothing')]);
      expect([code, err]).toEqual([1, expect.stringContaining('there is no marketplace in')]);
    });
  });
});

function after(position: Position): Position {
  const { generation, ordinal } = parsePosition(position)!;
  return positionOf(generation, ordinal + 1n);
}
