// The whole marketplace, played by its users over REST: a provider, a buyer, a billing system, an auditor, an operator, and the
// instance itself. Needs nothing but a marketplace, which it starts itself. `--keep` leaves it running; `--distributed` starts one process for
// each service, on nats-server and servers that stand in for EventStoreDB and MongoDB.
import { randomUUID } from 'node:crypto';
import { join as joinPath } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Api } from './api.mjs';
import { Cluster } from './cluster.mjs';
import { playDay } from './day/day.mjs';
import { startDistributed } from './distributed.mjs';
import { startMarketplace } from './marketplace.mjs';
import { billingSource, example, join, joinAsAuditor, release, releaseNext } from './roles.mjs';
import { signedHeaders } from './signing.mjs';
import { expect, Timeline } from './timeline.mjs';

const args = process.argv.slice(2);
const keep = args.includes('--keep');
if (args.some((arg) => !['--keep', '--distributed', '--day'].includes(arg))) {
  console.error(`usage: npm run demo [-- --keep] [--distributed] [--day]
  --keep         leaves the marketplace running
  --distributed  one process for each service
  --day          a day of 200 purchases on 20 clusters instead of the story of one; SEED says which`);
  process.exit(args.includes('--help') ? 0 : 2);
}

const timeline = new Timeline();
const marketplace = args.includes('--distributed') ? await startDistributed() : await startMarketplace();
// Whoever reads has gone away, as `| head` does: then nothing is left running.
process.stdout.on('error', () => void marketplace.stop().finally(() => process.exit(1)));
try {
  await (args.includes('--day') ? playDay(marketplace, timeline) : story(marketplace));
} catch (error) {
  console.error(`\ndemo failed: ${error.stack}`);
  process.exitCode = 1;
} finally {
  if (keep && process.exitCode !== 1) {
    console.log(
      `\nleft running: ${marketplace.url}/docs (process ${marketplace.pid}, data in ${marketplace.dataDir}; Ctrl-C stops it)`,
    );
    process.once('SIGINT', () => void marketplace.stop());
  } else await marketplace.stop();
}
if (process.exitCode !== 1) timeline.end();

async function story({ url, token, dataDir }) {
  const cluster = await Cluster.of(joinPath(dataDir, 'cluster-sim', 'kubeconfig.yaml'));
  const operator = new Api(url, token);

  timeline.chapter('The marketplace opens');
  const people = await timeline.step('operator', 'registers a provider, a buyer, a billing system and an auditor', () =>
    signUp(operator, url),
  );
  const { provider, buyer, auditor } = people;
  const billing = await timeline.step('operator', 'lets the billing system send signed events', () =>
    billingSource(operator, url),
  );

  const app = await publish(provider);
  const chosen = await choose(buyer, app);
  const order = orderOf(app, chosen, people);
  const { instanceId, namespace } = await buy(billing, buyer, cluster, order);
  const identity = await useIdentity(url, cluster, namespace);
  const upgrade = await upgradeTo11(provider, buyer, cluster, app, instanceId, namespace);
  await upgradeTo12(provider, buyer, cluster, app, instanceId, namespace);
  await auditPast(auditor, instanceId, upgrade);
  await refund(url, billing, buyer, cluster, order, instanceId, namespace, identity);
}

async function signUp(operator, url) {
  const [provider, buyer] = [
    await join(operator, url, 'Harbour Software', 'provider'),
    await join(operator, url, 'Northwind Dairy', 'buyer'),
  ];
  return { provider, buyer, auditor: await joinAsAuditor(operator, url) };
}

async function publish(provider) {
  timeline.chapter('A provider publishes an application');
  const details = await example('app');
  const { appId } = await timeline.step('provider', `creates the app "${details.name}"`, () =>
    provider.post('/v1/apps', details),
  );
  await timeline.step('provider', 'asks for its versions too early, and is told which step is missing', async () => {
    const problem = await provider.refused('GET', `/v1/apps/${appId}/versions`);
    expect(problem.code === 'app-not-initialised', 'the app is not initialised yet', problem);
    timeline.note(`${problem.status} ${problem.code}: ${problem.detail}`);
  });
  const { versionId } = await timeline.step('provider', 'initialises it: version 1.0.0, a draft', () =>
    provider.post(`/v1/apps/${appId}/initialise`, { versionDescription: 'First release', number: '1.0.0' }),
  );
  const topology = await example('topology');
  const configuration = await timeline.step(
    'provider',
    'draws the topology: tomcat → mysql, tomcat → schema, schema → mysql',
    async () => {
      const { configurationId } = await provider.post(`/v1/versions/${versionId}/configurations`, {
        name: 'standard',
        hosting: 'edge',
      });
      const path = `/v1/configurations/${configurationId}/topology`;
      const cyclic = { ...topology, arrows: [...topology.arrows, { from: 'mysql', to: 'tomcat' }] };
      const problem = await refusedWith(provider, 'PUT', path, cyclic, { 'if-match': '"0"' });
      expect(
        problem.problems?.some(({ code }) => code === 'cycle'),
        'a cycle is refused',
        problem,
      );
      timeline.note(`${problem.status} ${problem.code}: ${problem.problems.map(({ message }) => message).join('; ')}`);
      await provider.put(path, topology, { 'if-match': '"0"' });
      return configurationId;
    },
  );
  await timeline.step('provider', 'declares which platform APIs it will call', async () =>
    provider.put(`/v1/versions/${versionId}/permissions`, await example('permissions')),
  );
  const released = await timeline.step('provider', 'reviews the draft and releases exactly that', () =>
    release(provider, versionId),
  );
  timeline.note(`1.0.0 is snapshot ${released.snapshot.slice(0, 16)}…`);
  await timeline.step('provider', 'lists the app on the marketplace', async () => {
    await provider.until(`/v1/apps/${appId}`, ({ status }) => status === 'initialised');
    await provider.post(`/v1/apps/${appId}/list`);
  });
  return { appId, versionId, configuration, topology };
}

async function refusedWith(api, method, path, body, headers) {
  const { status, json, text } = await api.exchange(method, path, body, headers);
  expect(status >= 400, `${method} ${path} is refused`, text);
  return json;
}

async function choose(buyer, { appId, versionId }) {
  timeline.chapter('A buyer chooses');
  await timeline.step('buyer', 'finds it on the marketplace', () =>
    buyer.until('/v1/marketplace/apps?search=tomcat', ({ items }) => items.some((item) => item.appId === appId)),
  );
  await timeline.step('buyer', 'reads what it may call before paying', async () => {
    const { permissions } = await buyer.get(`/v1/versions/${versionId}/permissions`);
    timeline.note(`permissions: ${permissions.apis.join(', ')}`);
  });
  return timeline.step('buyer', 'asks what it will take on the cluster', async () => {
    const { items } = await buyer.get('/v1/clusters');
    const clusterId = items[0].clusterId;
    const report = await buyer.post('/v1/resource-reports', { versionId, configuration: 'standard', clusterId });
    expect(report.problems.length === 0, 'it can be deployed', report);
    for (const node of report.nodes)
      timeline.note(`${node.serviceName.padEnd(7)} ${node.replicas} × cpu ${node.cpu.request}, memory ${node.memory.request}`);
    timeline.note(`deploy order: ${report.waves.map((wave) => `[${wave.join(', ')}]`).join(' → ')}`);
    return clusterId;
  });
}

function orderOf({ appId, versionId }, clusterId, { buyer }) {
  const orderId = `order-${randomUUID().slice(0, 8)}`;
  return {
    subject: orderId,
    data: {
      buyerTenant: buyer.tenantId,
      appId,
      versionId,
      plan: 'yearly',
      configuration: 'standard',
      clusterId,
      instanceName: 'guest-book',
      parameters: { title: 'Northwind Dairy' },
    },
  };
}

async function buy(billing, buyer, cluster, order) {
  timeline.chapter('The buyer pays, a private copy comes up');
  const paid = { id: randomUUID(), type: 'souk.order.paid.v1', sequence: '1', ...order };
  const { purchaseId } = await timeline.step('billing', 'posts the purchase', () => billing.send(paid));
  await timeline.step('billing', 'posts it again, as billing systems do', () => billing.send(paid));
  const { instanceId } = await buyer.until(`/v1/purchases/${purchaseId}`, (purchase) => purchase.instanceId !== undefined);
  const { items } = await buyer.until('/v1/instances', (page) => page.items.some((item) => item.instanceId === instanceId));
  const [instance] = items;
  await timeline.step('buyer', 'watches the waves, live', () => watch(buyer, instance.operationId));
  const running = await buyer.until(`/v1/instances/${instanceId}`, ({ status }) => status === 'running');
  await timeline.step('buyer', 'has one instance, running', async () => {
    const { items } = await buyer.get('/v1/instances');
    expect(items.length === 1, 'two deliveries of one purchase made one instance', items);
    const tomcat = running.nodes.find(({ serviceName }) => serviceName === 'tomcat');
    expect(
      tomcat.addresses.some(({ nodePort }) => nodePort >= 30000),
      'tomcat has its NodePort',
      tomcat,
    );
    timeline.note(
      `${running.name} ${running.versionNumber}: tomcat at ${tomcat.addresses.map(({ nodePort }) => `<any host>:${nodePort}`)}`,
    );
  });
  const namespace = await cluster.namespaceOf(instanceId);
  for (const pod of await cluster.pods(namespace))
    timeline.note(`pod ${pod.metadata.name} ${pod.status.phase} on ${pod.spec.nodeName}`, '⎈');
  return { instanceId, namespace };
}

/** Prints an operation's progress as it happens, and answers the events. */
async function watch(api, operationId, end = 'OperationSucceeded') {
  const events = [];
  for await (const event of api.events(`/v1/operations/${operationId}/events`)) {
    events.push(event);
    const { node, reason, to } = event.data;
    // An operation that was rolled back repeats why; it was read a moment ago.
    const why = event.type === 'OperationRolledBack' ? `version ${to.versionNumber} runs again` : reason;
    timeline.note(`${event.type}${node ? ` ${node}` : ''}${why ? `: ${why}` : ''}`, '⎈');
  }
  expect(events.at(-1)?.type === end, `the operation ends in ${end}`, events);
  return events;
}

async function useIdentity(url, cluster, namespace) {
  timeline.chapter('The instance has an identity of its own');
  const identity = await cluster.secret(namespace, 'souk-identity');
  const [appKey, appSecret] = [identity.SOUK_APP_KEY, identity.SOUK_APP_SECRET];
  const call = async (path) => fetch(url + path, { headers: signedHeaders('GET', path, appKey, appSecret) });
  await timeline.step('instance', 'signs a request that was granted', async () => {
    const response = await call('/open/v1/instance');
    const answer = await response.json();
    expect(response.status === 200, 'a granted request is answered', answer);
    timeline.note(`200: I am ${answer.name}, version ${answer.versionNumber}, AppKey ${appKey.slice(0, 6)}…`);
  });
  await timeline.step('instance', 'signs a request that was not granted', async () => {
    const response = await call('/open/v1/instance/operations');
    const problem = await response.json();
    expect(response.status === 403, 'what was not granted is refused', problem);
    timeline.note(`403 ${problem.code}: ${problem.detail}`);
  });
  return { appKey, appSecret };
}

async function upgradeTo11(provider, buyer, cluster, { appId, versionId, topology }, instanceId, namespace) {
  timeline.chapter('A new version, and an upgrade that touches only what changed');
  const next = await timeline.step('provider', 'clones 1.0.0 into 1.1.0, changes only tomcat, and releases it', () =>
    releaseNext(provider, { appId, versionId, topology }, '1.1.0', 'Faster pages'),
  );
  const before = {
    deployments: await cluster.deployments(namespace),
    jobs: await cluster.jobs(namespace),
    at: new Date().toISOString(),
  };
  const beforeRevision = (await buyer.get(`/v1/instances/${instanceId}`)).revision;
  await timeline.step('buyer', 'upgrades', async () => {
    const { operationId } = await buyer.post(`/v1/instances/${instanceId}/upgrade`, { versionId: next, reason: 'faster pages' });
    const events = await watch(buyer, operationId);
    const touched = [...new Set(events.filter(({ type }) => type === 'NodeApplied').map(({ data }) => data.node))];
    expect(touched.join() === 'tomcat', 'the upgrade touches tomcat alone', touched);
  });
  await timeline.step('operator', 'compares the cluster before and after', async () => {
    const deployments = await cluster.deployments(namespace);
    const generation = (name, of) => of[name].metadata.generation;
    expect(generation('mysql', deployments) === generation('mysql', before.deployments), 'mysql is not touched');
    expect(
      deployments.mysql.metadata.resourceVersion === before.deployments.mysql.metadata.resourceVersion,
      'mysql is not even written',
    );
    expect(generation('tomcat', deployments) > generation('tomcat', before.deployments), 'tomcat is rolled out');
    const jobs = await cluster.jobs(namespace);
    expect(
      JSON.stringify(jobs.map((job) => job.metadata.uid)) === JSON.stringify(before.jobs.map((job) => job.metadata.uid)),
      'schema has not run again',
    );
    timeline.note(
      `tomcat ${before.deployments.tomcat.spec.template.spec.containers[0].image} → ${deployments.tomcat.spec.template.spec.containers[0].image}`,
      '⎈',
    );
    timeline.note('mysql untouched, schema not run again', '⎈');
  });
  return { revision: beforeRevision };
}

async function upgradeTo12(provider, buyer, cluster, app, instanceId, namespace) {
  timeline.chapter('A version that does not come up, and the way back');
  // The simulated cluster does with an image what the end of its tag says.
  const next = await timeline.step('provider', 'releases 1.2.0, whose tomcat never becomes ready', () =>
    releaseNext(provider, app, '1.2.0', 'Even faster pages', '1.2.0-never-ready'),
  );
  const before = { objects: await cluster.wanted(namespace), deployments: await cluster.deployments(namespace) };
  const operationId = await timeline.step('buyer', 'upgrades, and watches', async () => {
    const wish = { versionId: next, reason: 'even faster pages' };
    const { operationId } = await buyer.post(`/v1/instances/${instanceId}/upgrade`, wish);
    const events = await watch(buyer, operationId, 'OperationRolledBack');
    const turned = events.find(({ type }) => type === 'RollbackStarted');
    expect(turned?.data.code === 'never-ready' && turned.data.node === 'tomcat', 'tomcat is what failed', turned);
    return operationId;
  });
  await timeline.step('buyer', 'has 1.1.0 again, and reads why', async () => {
    const { status, versionNumber, lastFailure } = await buyer.until(
      `/v1/instances/${instanceId}`,
      ({ operation }) => operation === undefined,
    );
    expect(status === 'running' && versionNumber === '1.1.0', 'the instance runs 1.1.0', { status, versionNumber });
    expect(lastFailure.operationId === operationId, 'the instance tells of the failure', lastFailure);
    timeline.note(`${lastFailure.versionNumber} was ${lastFailure.outcome}, ${lastFailure.code}: ${lastFailure.reason}`);
  });
  await timeline.step('operator', 'compares the cluster before and after', async () => {
    const objects = await cluster.wanted(namespace);
    expect(isDeepStrictEqual(objects, before.objects), 'all objects are as they were', { before: before.objects, objects });
    const { mysql } = await cluster.deployments(namespace);
    expect(mysql.metadata.resourceVersion === before.deployments.mysql.metadata.resourceVersion, 'mysql was not even written');
    timeline.note(`${Object.keys(objects).length} objects as they were, mysql untouched throughout`, '⎈');
  });
}

async function auditPast(auditor, instanceId, { revision }) {
  timeline.chapter('An auditor asks why');
  await timeline.step('auditor', 'reads the full history, with causes', async () => {
    const { items } = await auditor.until(`/v1/history?about=${instanceId}&limit=200`, ({ items }) =>
      items.some(({ type }) => type === 'UpgradeRequested'),
    );
    const types = items.map(({ type }) => type);
    for (const expected of ['InstanceRequested', 'CredentialCreated', 'InitNodeCompleted', 'UpgradeRequested'])
      expect(types.includes(expected), `the history tells of ${expected}`, types);
    const requested = items.find(({ type }) => type === 'InstanceRequested');
    const causes = await auditor.get(`/v1/history/${requested.id}/causes`);
    timeline.note(
      `${items.length} events; the instance was requested because of: ${causes.items.map(({ type }) => type).join(' ← ')}`,
    );
    const upgrade = items.find(({ type }) => type === 'UpgradeRequested');
    timeline.note(`UpgradeRequested by ${upgrade.actor.role} ${upgrade.actor.id} at ${upgrade.recordedAt}: ${upgrade.reason}`);
  });
  await timeline.step('auditor', 'asks for the state as of before the upgrade, and the difference', async () => {
    const { state } = await auditor.get(`/v1/instances/${instanceId}/as-of?revision=${revision}`);
    expect(state.versionNumber === '1.0.0', 'it was 1.0.0', state);
    const { changes } = await auditor.get(`/v1/instances/${instanceId}/difference?from=${revision}`);
    const change = changes.find(({ pointer }) => pointer === '/versionNumber');
    expect(change?.after === '1.1.0', 'the difference tells the version', changes);
    timeline.note(`versionNumber ${change.before} → ${change.after}`);
  });
}

async function refund(url, billing, buyer, cluster, order, instanceId, namespace, { appKey, appSecret }) {
  timeline.chapter('The order is refunded');
  await timeline.step('billing', 'posts the refund', () =>
    billing.send({
      id: randomUUID(),
      type: 'souk.order.refunded.v1',
      sequence: '2',
      subject: order.subject,
      data: { reason: 'customer changed their mind' },
    }),
  );
  await timeline.step('buyer', 'sees the instance go', async () => {
    await buyer.until(`/v1/instances/${instanceId}`, ({ status }) => status === 'deleted');
    expect((await cluster.get(`/api/v1/namespaces/${namespace}`)) === undefined, 'the namespace is gone');
    expect((await cluster.namespaceOf(instanceId)) === undefined, 'nothing on the cluster has the label of the instance');
    timeline.note(`namespace ${namespace} and everything in it is gone`, '⎈');
  });
  await timeline.step('instance', 'tries its AppKey once more, and is refused', async () => {
    const response = await fetch(`${url}/open/v1/instance`, {
      headers: signedHeaders('GET', '/open/v1/instance', appKey, appSecret),
    });
    const problem = await response.json();
    expect(response.status === 401, 'the AppKey is refused', problem);
    timeline.note(`401 ${problem.code}`);
  });
}
