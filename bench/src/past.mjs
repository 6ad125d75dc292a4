import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

const EVENTS_OF_AN_INSTANCE = 11;
/** Instances whose events are appended at the same time. */
const AT_ONCE = 512;
const SNAPSHOT = 'a'.repeat(64);
const NODES = ['mysql', 'schema', 'tomcat'];

/**
 * Gives an event store a past: instances that were bought from this provider, came up, and run. The streams and events are those that
 * the services write; nobody is asked whether they may.
 * @param {{ directory: string, events: number, tenants: { owner: string, provider: string }, onProgress: (events: number) => void }} past
 * @returns {Promise<number>} how many events it made
 */
export async function makePast({ directory, events, tenants, onProgress }) {
  const { LmdbEventStore } = require('../../dist/libs/event-store/src/index.js');
  const { newId } = require('../../dist/libs/contracts/src/index.js');
  const ids = { version: newId('version'), app: newId('app'), cluster: newId('cluster') };
  const store = await LmdbEventStore.open({ directory });
  let begun = 0;
  let made = 0;
  const worker = async () => {
    while (begun < events) {
      begun += EVENTS_OF_AN_INSTANCE;
      const instanceId = newId('instance');
      const operationId = newId('operation');
      const call = callOf(instanceId, tenants);
      const [requested, concluded] = instanceEvents({ instanceId, operationId, number: begun, ids, tenants }, call);
      await store.append(`instance-${instanceId}`, 'no-stream', [requested]);
      await store.append(
        `operation-${operationId}`,
        'no-stream',
        operationEvents({ instanceId, operationId, ids, tenants }, call),
      );
      await store.append(`instance-${instanceId}`, 0, [concluded]);
      onProgress((made += EVENTS_OF_AN_INSTANCE));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  await store.close();
  return made;
}

function callOf(instanceId, { owner, provider }) {
  const { derivedUuid } = require('../../dist/libs/event-sourcing/src/index.js');
  const commandId = derivedUuid('past', instanceId);
  let made = 0;
  return (type, data) => ({
    id: derivedUuid(commandId, made++),
    type,
    data,
    metadata: {
      commandId,
      correlationId: commandId,
      causationId: commandId,
      actor: { kind: 'system', id: 'reconciler' },
      tenants: [owner, provider],
      schemaVersion: 1,
    },
  });
}

function instanceEvents({ instanceId, operationId, number, ids, tenants }, event) {
  const parties = { ownerTenant: tenants.owner, providerTenant: tenants.provider };
  return [
    event('InstanceRequested', {
      instanceId,
      name: `Guest Book ${number}`,
      ...parties,
      appId: ids.app,
      versionId: ids.version,
      versionNumber: '1.0.0',
      snapshot: SNAPSHOT,
      released: true,
      configuration: 'standard',
      clusterId: ids.cluster,
      parameters: null,
      secrets: [],
      origin: { kind: 'trial' },
      operationId,
    }),
    event('OperationConcluded', {
      instanceId,
      operationId,
      kind: 'deploy',
      outcome: 'succeeded',
      completedInit: ['schema'],
      ...parties,
      versionId: ids.version,
    }),
  ];
}

function operationEvents({ instanceId, operationId, ids, tenants }, event) {
  const of = { operationId, instanceId };
  const deadline = new Date().toISOString();
  const applied = (node) => event('NodeApplied', { ...of, node, specHash: SNAPSHOT, deadline });
  const [database, init, web] = NODES;
  return [
    event('OperationStarted', {
      ...of,
      ownerTenant: tenants.owner,
      providerTenant: tenants.provider,
      clusterId: ids.cluster,
      kind: 'deploy',
      snapshot: SNAPSHOT,
      waves: NODES.map((node) => [node]),
    }),
    event('CredentialBound', { ...of, appKey: instanceId, secretVersion: 1 }),
    applied(database),
    event('NodeBecameReady', { ...of, node: database, address: { host: database, ports: [] } }),
    applied(init),
    event('InitNodeCompleted', { ...of, node: init }),
    applied(web),
    event('NodeBecameReady', { ...of, node: web, address: { host: web, ports: [] } }),
    event('OperationSucceeded', of),
  ];
}
