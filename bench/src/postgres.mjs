import { execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const INSTALLED = '/usr/lib/postgresql';
const START_WITHIN = 20_000;

/** A PostgreSQL in a folder of its own, with its defaults; Debian's package has it. It refuses to run as root: then as its own user. */
export async function startPostgres(connections) {
  if (!existsSync(INSTALLED)) throw new Error('PostgreSQL is not installed here; on Debian: apt-get install postgresql');
  const bin = join(INSTALLED, readdirSync(INSTALLED).sort().at(-1), 'bin');
  const folder = mkdtempSync(join(tmpdir(), 'souk-postgres-'));
  const user = process.getuid() === 0 ? idOf('postgres') : {};
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid);
  const data = join(folder, 'data');
  execFileSync(join(bin, 'initdb'), ['-D', data, '-U', 'souk', '-A', 'trust', '-E', 'UTF8'], {
    ...user,
    cwd: folder,
    stdio: 'ignore',
  });
  const port = await freePort();
  const args = ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', folder, '-c', `max_connections=${connections}`];
  const server = spawn(join(bin, 'postgres'), args, { ...user, cwd: folder, stdio: 'ignore' });
  const ended = new Promise((resolve) => server.once('exit', resolve));
  const stop = async () => {
    server.kill('SIGINT');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  for (const end = Date.now() + START_WITHIN; !isReady(bin, port); await delay(50))
    if (Date.now() > end || server.exitCode !== null) {
      await stop();
      throw new Error('PostgreSQL did not start');
    }
  return { url: `postgresql://souk@127.0.0.1:${port}/postgres`, stop };
}

function isReady(bin, port) {
  try {
    execFileSync(join(bin, 'pg_isready'), ['-h', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function idOf(user) {
  const id = (flag) => Number(execFileSync('id', [flag, user], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
