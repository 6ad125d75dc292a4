import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { httpClient } from './src/http-load.mjs';
import { closedLoop, openLoop } from './src/load.mjs';
import { measureRatios } from './src/ratio.mjs';

const CONNECTIONS = 64;
const SECONDS = 1.5;
/** Requests at a fixed rate, as a share of what was reached in a closed loop. */
const LOAD = 0.6;

/**
 * `POST /v1/apps` over REST (token, validation, load, decide, two durable appends: name and app) against bare Fastify that checks the same
 * schema and the same kind of token and makes two durable puts of as many bytes. Each in a process of its own, the load in this one.
 */
export async function run({ log }) {
  const folder = mkdtempSync(join(tmpdir(), 'souk-bench-'));
  const processes = [];
  try {
    const ours = await startOurs(join(folder, 'ours'), processes);
    const control = await startControl(join(folder, 'control'), ours, processes);
    let rate;
    const measure = (server) => async () => {
      const { throughput } = await closedLoop({ workers: CONNECTIONS, seconds: SECONDS, one: () => create(server) });
      if (server === ours) rate = LOAD * throughput;
      const { p99 } = await openLoop({ rate: rate ?? LOAD * throughput * 0.6, seconds: SECONDS, one: () => create(server) });
      return { throughput, p99 };
    };
    return await measureRatios({
      control: measure(control),
      ours: measure(ours),
      figures: [
        { id: 'P1', of: 'throughput', atLeast: 0.6 },
        { id: 'P1-p99', of: 'p99', atMost: 2 },
      ],
      onRound: (a, b) =>
        log(
          `  P1: control ${Math.round(a.throughput)}/s p99 ${a.p99.toFixed(1)} ms, ours ${Math.round(b.throughput)}/s p99 ${b.p99.toFixed(1)} ms`,
        ),
    });
  } finally {
    for (const child of processes) {
      child.kill('SIGTERM');
      if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve));
    }
    rmSync(folder, { recursive: true, force: true });
  }
}

let made = 0;

async function create({ client, token }) {
  const status = await client.post('/v1/apps', { authorization: `Bearer ${token}` }, JSON.stringify(newApp()));
  if (status !== 201) throw new Error(`POST /v1/apps answered ${status}`);
}

function newApp() {
  return {
    name: `Guest Book ${process.pid} ${made++}`,
    distributionType: 'instance',
    hostingMode: 'edge',
    platforms: ['linux/amd64', 'linux/arm64'],
    summary: 'A guest book on Tomcat, with its own MySQL',
    category: 'Web',
    tags: ['java', 'tomcat', 'mysql'],
  };
}

async function startOurs(dataDir, processes) {
  const start = fileURLToPath(new URL('../scripts/start.mjs', import.meta.url));
  const printed = await started(
    spawn(process.execPath, [start], { env: { ...process.env, PORT: '0', SOUK_DATA_DIR: dataDir } }),
    processes,
    /Ctrl-C/,
  );
  const url = /API\s+(\S+)/.exec(printed)[1];
  const operator = /token\s+(\S+)/.exec(printed)[1];
  const call = async (path, body) => {
    const response = await fetch(url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${operator}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path} → ${response.status} ${await response.text()}`);
    return response.json();
  };
  const { tenantId } = await call('/v1/tenants', { name: 'Harbour' });
  const { userId } = await call(`/v1/tenants/${tenantId}/users`, { displayName: 'Bench', role: 'provider' });
  const { accessToken } = await call(`/v1/users/${userId}/tokens`, {});
  const { components } = await (await fetch(`${url}/openapi.json`)).json();
  const server = { client: httpClient(url, CONNECTIONS), token: accessToken };
  return { ...server, schema: { ...components.schemas.CreateAppDto, additionalProperties: false } };
}

/** Bytes of the two events of one POST, data and metadata, as JSON. */
const EVENT_BYTES = [620, 760];

async function startControl(directory, { schema }, processes) {
  const script = fileURLToPath(new URL('./src/p1-control.mjs', import.meta.url));
  const plain = JSON.parse(JSON.stringify(schema, (key, value) => (value?.$ref ? {} : value)));
  const options = JSON.stringify({ directory, schema: plain, bytes: EVENT_BYTES });
  const printed = await started(spawn(process.execPath, [script, options]), processes, /\n/);
  const { url, token } = JSON.parse(printed);
  return { client: httpClient(url, CONNECTIONS), token };
}

/** What a process has printed by the time it is ready. */
function started(child, processes, ready) {
  processes.push(child);
  child.stderr.pipe(process.stderr);
  return new Promise((resolve, reject) => {
    let printed = '';
    child.stdout.on('data', (chunk) => {
      printed += chunk;
      if (ready.test(printed)) resolve(printed);
    });
    child.once('exit', (code) => reject(new Error(`process ended with ${code}: ${printed}`)));
  });
}
