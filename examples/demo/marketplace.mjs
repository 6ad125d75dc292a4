// Starts a marketplace of its own: a free port, a fresh folder (or SOUK_DATA_DIR, which is kept).
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const start = fileURLToPath(new URL('../../scripts/start.mjs', import.meta.url));

export async function startMarketplace() {
  const given = process.env.SOUK_DATA_DIR;
  const dataDir = given ?? (await mkdtemp(join(tmpdir(), 'souk-demo-')));
  const child = spawn(process.execPath, [start], {
    // Ten minutes would be a long time for a story: a node that does not become ready is given up sooner.
    // The customers' clusters of the day are on this machine.
    env: {
      ...process.env,
      ...{ PORT: '0', SOUK_DATA_DIR: dataDir, SOUK_NODE_READY_SECONDS: '8', SOUK_CLUSTER_NETWORKS: '127.0.0.0/8' },
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const stop = async () => {
    if (child.exitCode === null) {
      child.kill('SIGTERM');
      await new Promise((resolve) => child.once('exit', resolve));
    }
    if (!given) await rm(dataDir, { recursive: true, force: true });
  };
  try {
    return { ...(await banner(child)), dataDir, pid: child.pid, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** URL and bootstrap token, from what the marketplace prints when it is ready. */
function banner(child) {
  return new Promise((resolve, reject) => {
    let printed = '';
    child.stdout.on('data', (chunk) => {
      printed += chunk;
      const url = /(http:\/\/\S+:\d+)$/m.exec(printed)?.[1];
      const token = /^\s*token\s+(\S+)$/m.exec(printed)?.[1];
      if (url && token && /ready/.test(printed)) resolve({ url, token });
    });
    child.once('exit', (code) => reject(new Error(`the marketplace has ended with code ${code}:\n${printed}`)));
  });
}
