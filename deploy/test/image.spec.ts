import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isBuilt } from '../testing/built';

const root = join(__dirname, '../..');

interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly devOptional?: boolean }>>;
}

/** What the last stage of the Dockerfile holds: what is built, and what is installed without development dependencies. */
function layOut(folder: string): void {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lockfile;
  const production = Object.entries(packages).flatMap(([path, { dev, devOptional }]) =>
    path.startsWith('node_modules/') && !dev && !devOptional ? [path] : [],
  );
  const outermost = production.filter((path) => path.lastIndexOf('node_modules/') === 0);
  mkdirSync(join(folder, 'node_modules'));
  for (const path of outermost) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    // Optional ones for other machines are in the lockfile, and not here.
    spawnSync('cp', ['-a', join(root, path), join(folder, path)]);
  }
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
  cpSync(join(root, 'package.json'), join(folder, 'package.json'));
}

describe('the image', () => {
  let folder = '';
  beforeAll(() => {
    expect(isBuilt()).toBe(true);
    folder = mkdtempSync(join(tmpdir(), 'souk-image-'));
    layOut(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('holds all that the marketplace needs: it starts, is ready, and ends on SIGTERM', async () => {
    const entry = join(folder, 'dist/services/marketplace/src/main.js');
    const child = spawn(process.execPath, ['--enable-source-maps', entry], {
      cwd: folder,
      env: {
        PATH: process.env['PATH'],
        NODE_ENV: 'production',
        HOST: '127.0.0.1',
        PORT: '0',
        SOUK_DATA_DIR: join(folder, 'data'),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    try {
      const url = await new Promise<string>((resolve, reject) => {
        let printed = '';
        const read = (chunk: Buffer): void => {
          printed += chunk.toString();
          const found = /API\s+(http\S+)/.exec(printed)?.[1];
          if (found !== undefined && printed.includes('Ctrl-C')) resolve(found);
        };
        child.stdout.on('data', read);
        child.stderr.on('data', read);
        child.once('exit', (code) => reject(new Error(`ended with ${String(code)}:\n${printed}`)));
      });
      expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    } finally {
      child.kill('SIGTERM');
    }
    expect(await ended).toBe(0);
  }, 60_000);
});
