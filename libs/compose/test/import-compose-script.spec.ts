import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const script = join(__dirname, '../../../scripts/import-compose.mjs');

describe('npm run import-compose', () => {
  jest.setTimeout(120_000);
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'souk-compose-'));
    // It says so where it has to.
    spawnSync(process.execPath, [join(script, '../build.mjs')]);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const run = (...args: string[]) => given('', ...args);
  const given = (input: string, ...args: string[]) =>
    spawnSync(process.execPath, ['--', script, ...args], { encoding: 'utf8', input, cwd: folder });
  const file = (name: string, text: string | Buffer) => {
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
    expect(good.stdout).toContain('a topology of 1 node and 0 arrows');
    expect(good.stdout).not.toContain('hunter2');

    const bad = run(compose);
    expect([bad.status, bad.stdout]).toEqual([1, expect.stringMatching(/^PROBLEM +\/services\/a\/image /m)]);
  });

  it('reads what stands in standard input', () => {
    expect(given('services: {a: {image: a}}', '-')).toMatchObject({ status: 0, stderr: '' });
    expect(given('', '-')).toMatchObject({ status: 1, stdout: expect.stringContaining('the document is empty') as string });
  });

  it('ends with 2 and the reason where there is nothing to read', () => {
    file('binary', Buffer.from([0xff, 0xfe, 0x00]));
    file('large', 'a'.repeat(4 * 1024 * 1024 + 1));
    file('good', 'services: {a: {image: a}}');
    for (const [args, reason] of [
      [['missing'], 'missing cannot be read: there is no such file'],
      [['.'], '. cannot be read: it is a directory'],
      [['binary'], 'binary cannot be read: it is no text in UTF-8'],
      [['large'], 'large cannot be read: it has more than 4 MB'],
      // Not by Node.js, which has an option of that name.
      [['good', '--env-file', 'missing'], 'missing cannot be read: there is no such file'],
      [['good', 'good'], 'one Compose file at a time'],
      [['--env', 'good'], "Unknown option '--env'"],
      [[], 'usage: npm run import-compose'],
    ] as const) {
      const { status, stdout, stderr } = run(...args);
      expect([status, stdout, stderr.split('\n')[0]]).toEqual([2, '', expect.stringContaining(reason)]);
    }
  });
});
