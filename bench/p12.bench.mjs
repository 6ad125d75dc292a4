import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import { MortalMarketplace } from '../faults/src/mortal-marketplace.mjs';
import { makePast } from './src/past.mjs';
import { measureRatios } from './src/ratio.mjs';

/** `P12_EVENTS` is for trying the benchmark itself. */
const EVENTS = Number(process.env.P12_EVENTS ?? 1_000_000);
const POLL_MS = 2;

/**
 * From the start of a marketplace that was killed (kill -9) to its first 2xx, of an authenticated GET and then of a POST: over a store with
 * a million events, with the read models as the killed process left them, against the same start over a store with next to none.
 */
export async function run({ log }) {
  const ours = new MortalMarketplace();
  const control = new MortalMarketplace();
  try {
    const providers = { ours: await provider(ours), control: await provider(control) };
    await ours.stop();
    const { tenantId: tenant } = providers.ours;
    await makePast({
      directory: join(ours.dataDir, 'events'),
      events: EVENTS,
      tenants: { owner: tenant, provider: tenant },
      onProgress: every(100_000, (made) => log(`  P12: ${made} of ${EVENTS} events made`)),
    });
    await ours.start();
    await caughtUp(ours, log);
    const measure = (marketplace, user) => async () => {
      await marketplace.kill();
      return firstAnswers(marketplace, user);
    };
    return await measureRatios({
      control: measure(control, providers.control),
      ours: measure(ours, providers.ours),
      figures: [
        { id: 'P12', of: 'get', atMost: 1.3 },
        { id: 'P12-post', of: 'post', atMost: 1.3 },
      ],
      onRound: (a, b) =>
        log(`  P12: empty ${Math.round(a.get)}/${Math.round(a.post)} ms, full ${Math.round(b.get)}/${Math.round(b.post)} ms`),
    });
  } finally {
    await ours.destroy();
    await control.destroy();
  }
}

/** Somebody with a token, who has made one app. */
async function provider(marketplace) {
  await marketplace.start();
  const { url, token } = marketplace;
  const { tenantId } = await post(url, token, '/v1/tenants', { name: 'Harbour' });
  const { userId } = await post(url, token, `/v1/tenants/${tenantId}/users`, { displayName: 'Bench', role: 'provider' });
  const { accessToken } = await post(url, token, `/v1/users/${userId}/tokens`, {});
  await post(url, accessToken, '/v1/apps', newApp());
  return { tenantId, token: accessToken };
}

async function firstAnswers(marketplace, { token }) {
  const begun = performance.now();
  const started = marketplace.start();
  const get = await untilDone(() =>
    fetch(`${marketplace.url}/v1/instances?limit=20`, { headers: { authorization: `Bearer ${token}` } }),
  );
  const made = await untilDone(() => send(marketplace.url, token, '/v1/apps', newApp()));
  await started;
  return { get: get - begun, post: made - begun };
}

/** When it was answered with success for the first time. */
async function untilDone(ask) {
  for (;;) {
    try {
      const response = await ask();
      await response.arrayBuffer();
      if (response.ok) return performance.now();
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
    await delay(POLL_MS);
  }
}

/** Read models, the history, and what services hear of each other, have seen all events. */
async function caughtUp({ url, token }, log) {
  const authorization = `Bearer ${token}`;
  for (;;) {
    const { behind } = await (await fetch(`${url}/v1/history/status`, { headers: { authorization } })).json();
    const { position } = await post(url, token, '/v1/tenants', { name: `Probe ${made}` });
    const list = await fetch(`${url}/v1/tenants${position ? `?atLeast=${position}` : ''}`, { headers: { authorization } });
    if (behind < 100 && list.ok) return;
    log(`  P12: the history is ${behind} events behind`);
    await delay(2_000);
  }
}

let made = 0;

function newApp() {
  const name = `App ${made++}`;
  return { name, distributionType: 'instance', hostingMode: 'edge', platforms: ['linux/amd64'], summary: 'For a benchmark' };
}

function send(url, token, path, body) {
  return fetch(url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

/** The body, and the position by which it can be waited for. */
async function post(url, token, path, body) {
  const response = await send(url, token, path, body);
  if (!response.ok) throw new Error(`${path} → ${response.status} ${await response.text()}`);
  return { ...(await response.json()), position: response.headers.get('x-event-position') };
}

/** Calls on once for every so many. */
function every(step, call) {
  let next = step;
  return (count) => {
    if (count < next) return;
    next += step;
    call(count);
  };
}
