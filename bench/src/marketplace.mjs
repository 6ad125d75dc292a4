import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A process of ours or of a control; `printed` is what it has printed by the time it is ready. */
export async function startProcess(args, ready, env = {}) {
  const child = spawn(process.execPath, args, { env: { ...process.env, ...env } });
  child.stderr.pipe(process.stderr);
  return { printed: await untilPrinted(child, ready), child, stop: () => stopped(child) };
}

function untilPrinted(child, pattern) {
  return new Promise((resolve, reject) => {
    let text = '';
    const onExit = (code) => reject(new Error(`process ended with ${code}: ${text}`));
    const onData = (chunk) => {
      text += chunk;
      if (!pattern.test(text)) return;
      child.stdout.off('data', onData);
      child.off('exit', onExit);
      resolve(text);
    };
    child.stdout.on('data', onData);
    child.once('exit', onExit);
  });
}

async function stopped(child) {
  child.kill('SIGTERM');
  if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => child.once('exit', resolve));
}

/**
 * The marketplace as `npm start` runs it, on a port of its own.
 * @returns {Promise<{ url: string, operator: string | undefined, memory: () => Promise<number>, stop: () => Promise<void> }>} `operator`: the
 *   token printed at the first start; `memory`: its own bytes without garbage, and without the pages of files, which the kernel takes back
 *   when it needs them (Linux only)
 */
export async function startMarketplace(dataDir) {
  const script = fileURLToPath(new URL('../../scripts/start.mjs', import.meta.url));
  const collector = new URL('./collect-garbage.mjs', import.meta.url).href;
  const args = ['--expose-gc', '--import', collector, script];
  const { printed, child, stop } = await startProcess(args, /Ctrl-C/, {
    PORT: '0',
    SOUK_GRPC_PORT: 'off',
    SOUK_DATA_DIR: dataDir,
  });
  const memory = async () => {
    const collected = untilPrinted(child, /collected/);
    child.kill('SIGUSR2');
    await collected;
    return Number(/RssAnon:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]) * 1024;
  };
  return { url: /API\s+(\S+)/.exec(printed)[1], operator: /token\s+(ey\S+)/.exec(printed)?.[1], memory, stop };
}

/** Another account with one user; answers its id and the user's token. */
export async function registerAccount({ url, operator }, role) {
  const call = (path, body) => fetchJson(url + path, operator, { method: 'POST', body: JSON.stringify(body) });
  const { tenantId } = await call('/v1/tenants', { name: `Account of a ${role}` });
  const { userId } = await call(`/v1/tenants/${tenantId}/users`, { displayName: 'Bench', role });
  const { accessToken } = await call(`/v1/users/${userId}/tokens`, {});
  return { tenantId, token: accessToken };
}

export async function fetchJson(url, token, init = {}) {
  const headers = {
    ...(token && { authorization: `Bearer ${token}` }),
    ...(init.body && { 'content-type': 'application/json' }),
  };
  const response = await fetch(url, { ...init, headers });
  if (!response.ok) throw new Error(`${url} → ${response.status} ${await response.text()}`);
  return response.json();
}

/** Waits until read models and history hold everything that is recorded. */
export async function caughtUp({ url, operator }) {
  for (;;) {
    const { head, behind } = await fetchJson(`${url}/v1/history/status`, operator);
    if (behind === 0) return void (await fetchJson(`${url}/v1/instances?limit=1&atLeast=${head}`, operator));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
