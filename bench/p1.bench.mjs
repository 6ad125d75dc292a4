import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { httpClient } from './src/http-load.mjs';
import { closedLoop, openLoop } from './src/load.mjs';
import { fetchJson, registerAccount, startMarketplace, startProcess } from './src/marketplace.mjs';
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
    for (const one of processes) await one.stop();
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
  const marketplace = await startMarketplace(dataDir);
  processes.push(marketplace);
  const { url } = marketplace;
  const { token } = await registerAccount(marketplace, 'provider');
  const { components } = await fetchJson(`${url}/openapi.json`);
  return {
    client: httpClient(url, CONNECTIONS),
    token,
    schema: { ...components.schemas.CreateAppDto, additionalProperties: false },
  };
}

/** Bytes of the two events of one POST, data and metadata, as JSON. */
const EVENT_BYTES = [620, 760];

async function startControl(directory, { schema }, processes) {
  const script = fileURLToPath(new URL('./src/p1-control.mjs', import.meta.url));
  const plain = JSON.parse(JSON.stringify(schema, (key, value) => (value?.$ref ? {} : value)));
  const options = JSON.stringify({ directory, schema: plain, bytes: EVENT_BYTES });
  const control = await startProcess([script, options], /\n/);
  processes.push(control);
  const { url, token } = JSON.parse(control.printed);
  return { client: httpClient(url, CONNECTIONS), token };
}
