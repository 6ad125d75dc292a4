import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const script = join(__dirname, '../../../scripts/import-compose.mjs');

describe('npm run import-compose', () => {
  jest.setTimeout(120_000);
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'souk-compose-'))));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const run = (...args: string[]) => spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  it('prints the report as a table, fills in what the file of variables says, and fails where there are problems', () => {
    const compose = file('compose.yaml', "services: {a: {image: 'a:${TAG:?which}', environment: {PASSWORD: hunter2}}}");
    const good = run(compose, '--env-file', file('.env', 'TAG=1\n'));
    expect([good.status, good.stderr]).toEqual([0, '']);
    const lines = good.stdout.split('\n');
    const header = lines.find((line) => line.startsWith('OUTCOME'))!;
    const image = lines.find((line) => line.includes('the image a:1'))!;
    expect(image.indexOf('the image')).toBe(header.indexOf('WHAT'));
    expect(image.indexOf('/services/a/image')).toBe(header.indexOf('WHERE'));
    expect(good.stdout).toContain('a topology of 1 nodes and 0 arrows');
    expect(good.stdout).not.toContain('hunter2');

    const bad = run(compose);
    expect([bad.status, bad.stdout]).toEqual([1, expect.stringMatching(/^PROBLEM +\/services\/a\/image /m)]);
    expect(run(join(folder, 'missing.yaml')).status).toBe(2);
  });
});
