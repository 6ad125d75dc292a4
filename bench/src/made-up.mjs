import { createRequire } from 'node:module';
import { join } from 'node:path';
import { randomOf, zipf } from './statistics.mjs';

const require = createRequire(import.meta.url);

/** Appends that wait for the disk at the same time. */
const AT_ONCE = 2000;

/**
 * Writes made-up streams into the event store of a data folder, in which no marketplace runs.
 * @param {Iterable<{ stream: string, events: object[] }>} streams
 * @param {(events: number) => void} [onProgress]
 */
export async function recordStreams(dataDir, streams, onProgress = () => undefined) {
  const { LmdbEventStore } = require('../../dist/libs/event-store/src/index.js');
  const store = await LmdbEventStore.open({ directory: join(dataDir, 'events') });
  let recorded = 0;
  try {
    let waiting = [];
    for (const { stream, events } of streams) {
      waiting.push(store.append(stream, 'no-stream', events));
      recorded += events.length;
      if (waiting.length < AT_ONCE) continue;
      await Promise.all(waiting);
      waiting = [];
      onProgress(recorded);
    }
    await Promise.all(waiting);
    return recorded;
  } finally {
    await store.close();
  }
}

/** Looks like one of our ids: `inst_00000000000000000000000042`. */
export const madeUpId = (prefix, number) => `${prefix}_${String(number).padStart(26, '0')}`;

const NODES = ['schema', 'mysql', 'tomcat'];

/**
 * Instances at rest: deployed, one in ten of them without success, so that the reconciler has nothing to do. 11 events each, and 6 more
 * for every restart. They lie on 20 clusters and are of 50 apps.
 * @param {{ count: number, first?: number, ownerTenant: string, providerTenant: string, restarts?: number }} wish
 */
export function* instanceStreams({ count, first = 0, ownerTenant, providerTenant, restarts = 0 }) {
  const event = eventsOf(`instance ${first}`, [ownerTenant, providerTenant]);
  for (let i = first; i < first + count; i++) {
    const instanceId = madeUpId('inst', i);
    const versionId = madeUpId('ver', i % 50);
    const clusterId = madeUpId('clu', i % 20);
    const snapshot = String(i % 50).padStart(64, 'a');
    const appKey = String(i).padStart(32, '0');
    const outcome = i % 10 === 9 ? 'failed' : 'succeeded';
    const operationOf = (n) => madeUpId('op', i * 1000 + n);
    const parties = { ownerTenant, providerTenant };
    const concluded = (operationId, kind) =>
      event('OperationConcluded', {
        ...{ instanceId, operationId, kind, outcome, completedInit: kind === 'deploy' ? ['schema'] : [], ...parties, versionId },
        ...(outcome === 'failed' && { reason: 'node "tomcat" did not become ready: its image could not be pulled' }),
      });
    const intents = [
      event('InstanceRequested', {
        ...{ instanceId, name: `Guest book of branch ${i}`, ...parties, appId: madeUpId('app', i % 50), versionId },
        ...{ versionNumber: '1.4.2', snapshot, released: true, configuration: 'standard', clusterId, parameters: null },
        ...{ secrets: [], origin: { kind: 'purchase', purchaseId: madeUpId('pur', i) }, operationId: operationOf(0) },
      }),
      concluded(operationOf(0), 'deploy'),
    ];
    for (let n = 0; n <= restarts; n++) {
      const of = { operationId: operationOf(n), instanceId };
      const ended =
        outcome === 'failed' ? event('OperationFailed', { ...of, reason: 'it took too long' }) : event('OperationSucceeded', of);
      const started = event('OperationStarted', {
        ...{ ...of, ...parties, clusterId, kind: n === 0 ? 'deploy' : 'restart', snapshot, waves: NODES.map((node) => [node]) },
      });
      yield {
        stream: `operation-${operationOf(n)}`,
        events: [started, ...(n === 0 ? deployed(event, of, appKey) : restarted(event, of)), ended],
      };
      if (n > 0) intents.push(event('RestartRequested', { ...of, nodes: [] }), concluded(operationOf(n), 'restart'));
    }
    yield { stream: `instance-${instanceId}`, events: intents };
    yield {
      stream: `credential-${instanceId}`,
      events: [
        event('CredentialCreated', {
          ...{ instanceId, appKey, appId: madeUpId('app', i % 50), ...parties },
          ...{ grants: { apis: ['data-models.use', 'instance.read'], dataModels: [] }, secretVersion: 1 },
        }),
      ],
    };
  }
}

function deployed(event, of, appKey) {
  return [
    event('CredentialBound', { ...of, appKey, secretVersion: 1 }),
    event('NodeApplied', { ...of, node: 'mysql', specHash: 'c'.repeat(64), deadline: '2026-01-01T00:10:00.000Z' }),
    event('InitNodeCompleted', { ...of, node: 'schema' }),
    ready(event, of, 'mysql', 3306),
    event('NodeApplied', { ...of, node: 'tomcat', specHash: 'd'.repeat(64), deadline: '2026-01-01T00:10:00.000Z' }),
    ready(event, of, 'tomcat', 80),
  ];
}

const restarted = (event, of) => [ready(event, of, 'mysql', 3306), ready(event, of, 'tomcat', 80)];

const ready = (event, of, node, port) =>
  event('NodeBecameReady', { ...of, node, address: { host: node, ports: [{ port, protocol: 'TCP', nodePort: 30_000 + port }] } });

/** Words of names, summaries and tags: the more syllables, the rarer. */
const SYLLABLES = ['ka', 'ri', 'mo', 'ten', 'sul', 'va', 'dor', 'lin', 'pes', 'quo', 'zan', 'bex'];
export const COMMON_WORDS = ['edge', 'management', 'for', 'industry'];
export const CATEGORIES = [
  'Web',
  'Energy',
  'Retail',
  'Logistics',
  'Health',
  'Farming',
  'Security',
  'Building',
  'Water',
  'Traffic',
];

/** `n` → a word; another one for every `n`. */
export function wordOf(n) {
  let word = '';
  for (let left = n + SYLLABLES.length; left > 0; left = Math.floor(left / SYLLABLES.length))
    word += SYLLABLES[left % SYLLABLES.length];
  return word;
}

/**
 * Listed apps. Each has the words that all have ({@link COMMON_WORDS}), and some of 5,000 others by Zipf's law; the tags `common` (all) and
 * `half` (every second), and, in every 1,000th, the word `unicorn`.
 * @param {{ count: number, providerTenant: string, seed?: number }} wish
 */
export function* appStreams({ count, providerTenant, seed = 7 }) {
  const event = eventsOf('app', [providerTenant]);
  const draw = zipf(5000, randomOf(seed));
  const words = (n) => Array.from({ length: n }, () => wordOf(draw()));
  const description = 'Runs at the edge, beside the machines that it watches. '.repeat(20);
  for (let i = 0; i < count; i++) {
    const appId = madeUpId('app', i);
    const name = `${words(2).join(' ')} ${i}`;
    const details = {
      summary: `${COMMON_WORDS.join(' ')} ${words(8).join(' ')}${i % 1000 === 0 ? ' unicorn' : ''}`,
      description,
      category: CATEGORIES[i % CATEGORIES.length],
      tags: [...new Set(['common', i % 2 === 0 ? 'half' : 'other', ...words(3)])],
      links: [],
    };
    yield {
      stream: `app-${appId}`,
      events: [
        event('AppCreated', {
          ...{
            appId,
            providerTenant,
            name,
            distributionType: 'instance',
            hostingMode: 'edge',
            platforms: ['linux/amd64'],
            details,
          },
        }),
        event('AppInitialised', { appId, versionId: madeUpId('ver', i) }),
        event('AppListed', { appId, providerTenant }),
      ],
    };
  }
}

/** One more description of one of these apps at each call, in turn. */
export function descriptions({ count, providerTenant }) {
  const event = eventsOf('description', [providerTenant]);
  let made = 0;
  return () => {
    const appId = madeUpId('app', made++ % count);
    const details = { summary: `${COMMON_WORDS.join(' ')} ${wordOf(made % 5000)}`, tags: ['common'], links: [] };
    return { stream: `app-${appId}`, events: [event('AppDescribed', { appId, details })] };
  };
}

/** Makes events of some parties, each with ids of its own that are the same in every run. */
function eventsOf(name, tenants) {
  const space = Buffer.from(name)
    .reduce((sum, byte) => (sum * 31 + byte) % 0xffff, 7)
    .toString(16)
    .padStart(4, '0');
  let made = 0;
  return (type, data) => {
    const number = (made++).toString(16).padStart(12, '0');
    const id = `0193b5c0-${space}-8000-8000-${number}`;
    const actor = { kind: 'user', id: 'usr_00000000000000000000000001', tenant: tenants[0], role: 'buyer' };
    const metadata = {
      commandId: `c${number}`,
      correlationId: `r${number}`,
      causationId: `r${number}`,
      actor,
      tenants,
      schemaVersion: 1,
    };
    return { id, type, data, metadata };
  };
}
