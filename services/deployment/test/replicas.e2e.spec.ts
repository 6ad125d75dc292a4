import { EventStore } from '@souk/event-sourcing';
import { collect } from '@souk/event-sourcing/testing';
import type { KubernetesObject } from '@souk/kubernetes';
import { ProjectionRunner } from '@souk/read-store';
import type { Topology } from '@souk/topology';
import { Reconciler } from '../src/application/operations/reconciler';
import { namespaceOf } from '../src/domain/cluster-object';
import { instancesProjection } from '../src/projections/instances.projection';
import { Replica } from './replica';
import { ids, shop } from './sample';
import { World } from './world';

const next = 'ver_01J00000000000000000000002';
const broken = 'ver_01J00000000000000000000003';
const withImage = (image: string): Topology => ({
  ...shop,
  nodes: shop.nodes.map((node) => (node.serviceName === 'tomcat' ? { ...node, image } : node)),
});
const deploySteps = [
  'OperationStarted',
  'CredentialBound',
  'NodeApplied mysql',
  'NodeBecameReady mysql',
  'NodeApplied schema',
  'InitNodeCompleted schema',
  'NodeApplied tomcat',
  'NodeBecameReady tomcat',
  'OperationSucceeded',
];

describe('Replicas of the reconciler', () => {
  let world: World;
  let replicas: Replica[] = [];
  let names = 0;
  beforeAll(async () => {
    world = await World.open();
    world.neighbours.app.add(ids.versionId, '1.0.0', shop);
    world.neighbours.app.add(next, '1.1.0', withImage('registry.example/shop/tomcat:1.1.0'));
    world.neighbours.app.add(broken, '1.2.0', withImage('registry.example/shop/tomcat:1.2.0'));
    // The replicas below take its place: it is alone, and would ask nobody.
    await world.part(Reconciler).beforeApplicationShutdown();
  });
  afterEach(async () => {
    for (const replica of replicas) await replica.stop();
    replicas = [];
  });
  afterAll(() => world.close());

  const start = (options?: ConstructorParameters<typeof Replica>[1]): Replica => {
    const replica = new Replica(world, options);
    replicas.push(replica);
    return replica;
  };
  const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
    for (const end = Date.now() + 15_000; !(await holds()); await new Promise((resolve) => setTimeout(resolve, 10)))
      if (Date.now() > end) throw new Error('waited in vain');
  };
  /** Fulfilled when listeners were told of everything that has happened. */
  const folded = async () =>
    world
      .part(ProjectionRunner)
      .readModel(instancesProjection)
      .waitFor(await world.part(EventStore).head(), 10_000);
  const purchase = () => world.purchase(`shop ${names++}`);
  const is = (kind: string, name?: string) => (object: KubernetesObject) =>
    object.kind === kind && (name === undefined || object.metadata.name === name);
  /** Types of the facts on the lease of the cluster, and who has taken it. */
  const lease = async () =>
    (await collect(world.part(EventStore).readStream(`lease-reconciler-${world.clusterId}`))).map(({ type, metadata }) => ({
      type,
      holder: metadata.actor.id,
    }));
  const tomcatOf = async (instanceId: string) =>
    JSON.stringify((await world.objects(instanceId, 'Deployment')).get('Deployment/tomcat')?.['spec']);
  const namespaces = async (instanceId: string) =>
    (await world.cluster.list('Namespace')).items.filter(({ metadata }) => metadata.name === namespaceOf(instanceId));

  it('bring an instance up once, whoever of them works', async () => {
    const all = [start(), start(), start()];
    const instanceId = await purchase();
    const instance = await world.reaches(instanceId, 'running');
    expect(await world.steps(instance.operationId)).toEqual(deploySteps);
    expect(all.filter(({ holds }) => holds)).toHaveLength(1);
    const pods = await world.objects(instanceId, 'Job', 'Pod');
    expect([...pods.keys()].filter((key) => key.startsWith('Pod/schema'))).toHaveLength(1);
  });

  it('take a cluster over at once from one that stops', async () => {
    const one = start();
    const instanceId = await purchase();
    one.freezeBefore(is('Deployment', 'tomcat'));
    await until(() => one.isFrozen);
    const two = start();
    await one.stop();
    const instance = await world.reaches(instanceId, 'running');
    expect(two.holds).toBe(true);
    expect(await world.steps(instance.operationId)).toEqual(deploySteps);
    const facts = await lease();
    const released = facts.findLastIndex(({ type, holder }) => type === 'LeaseReleased' && holder === one.name);
    expect(facts[released + 1]).toEqual({ type: 'LeaseTaken', holder: two.name });
  });

  it('take a cluster over from one that is gone, and run nothing twice', async () => {
    const one = start();
    one.freezeBefore(is('Deployment', 'tomcat'));
    const instanceId = await purchase();
    await until(() => one.isFrozen);
    const [job] = [...(await world.objects(instanceId, 'Job')).values()];
    const two = start();
    const instance = await world.reaches(instanceId, 'running');
    expect([one.holds, two.holds]).toEqual([false, true]);
    expect(await world.steps(instance.operationId)).toEqual(deploySteps);
    expect([...(await world.objects(instanceId, 'Job')).values()].map(({ metadata }) => metadata.uid)).toEqual([
      job!.metadata.uid,
    ]);
  });

  it('take up what comes while they leave a cluster that had no work', async () => {
    const one = start({ idleMs: 50 });
    const { begun, end } = one.holdLeaving();
    await world.reaches(await purchase(), 'running');
    await begun;
    const instanceId = await purchase();
    await folded();
    end();
    await world.reaches(instanceId, 'running');
  });

  it('take up what another one has folded before they were told of anything', async () => {
    const one = start({ isDeaf: true });
    await until(() => one.model.lists > 0);
    const instanceId = await purchase();
    await folded();
    one.model.listen();
    await world.reaches(instanceId, 'running');
  });

  it('read again what they could not read, at the start and after a change', async () => {
    const before = await purchase();
    await folded();
    const one = start();
    one.model.failing = 2;
    const after = await purchase();
    for (const instanceId of [before, after]) await world.reaches(instanceId, 'running');
    one.model.failing = 2;
    await world.reaches(await purchase(), 'running');
    expect(one.model.failing).toBe(0);
  });

  it('change nothing that has changed since they looked, when they wake up late', async () => {
    const one = start();
    const instanceId = await purchase();
    await world.reaches(instanceId, 'running');
    one.freezeBefore(is('Deployment', 'tomcat'));
    await world.request('buyer', 'POST', `/v1/instances/${instanceId}/upgrade`, { versionId: next, acceptPermissions: true });
    await until(() => one.isFrozen);

    start();
    await world.until(instanceId, ({ status, versionNumber }) => status === 'running' && versionNumber === '1.1.0');
    await world.request('buyer', 'POST', `/v1/instances/${instanceId}/rollback`, { versionId: ids.versionId });
    await world.until(instanceId, ({ status, versionNumber }) => status === 'running' && versionNumber === '1.0.0');
    const before = await tomcatOf(instanceId);
    expect(before).toContain('tomcat:1.0.0');

    one.thaw();
    await until(() => one.sentLate === 1);
    // Its turn has ended when it takes part in another one.
    const other = await purchase();
    await world.reaches(other, 'running');
    expect(await tomcatOf(instanceId)).toBe(before);
    expect((await world.until(instanceId, () => true)).status).toBe('running');
  });

  it('leave nothing of an instance that was deleted while they were frozen', async () => {
    const one = start();
    one.freezeBefore(is('Namespace'));
    const instanceId = await purchase();
    await until(() => one.isFrozen);
    start();
    await world.reaches(instanceId, 'running');
    await world.request('buyer', 'DELETE', `/v1/instances/${instanceId}`);
    await world.until(instanceId, ({ status }) => status === 'deleted');
    await until(async () => (await namespaces(instanceId)).length === 0);

    let made = false;
    const stop = new AbortController();
    const { resourceVersion } = await world.cluster.list('Namespace');
    const watching = world.cluster
      .watch('Namespace', {}, resourceVersion, stop.signal, {
        onEvent: ({ object }) => (made ||= object.metadata.name === namespaceOf(instanceId)),
      })
      .catch(() => undefined);
    one.thaw();
    // What was sent too late makes it once more; it does not stay.
    await until(() => made);
    await until(async () => (await namespaces(instanceId)).length === 0);
    stop.abort();
    await watching;
  });

  it('go on with nothing that was suspended, or is to be deleted, in the middle of their turn', async () => {
    const one = start();
    const interrupted = async (interrupt: (instanceId: string) => Promise<unknown>) => {
      const { begun, end } = one.delayBefore(is('Deployment', 'mysql'));
      const instanceId = await purchase();
      await begun;
      const { operationId } = await world.until(instanceId, () => true);
      await interrupt(instanceId);
      end();
      return { instanceId, operationId };
    };
    const ask = (instanceId: string, verb: string) =>
      world.request('operator', 'POST', `/v1/instances/${instanceId}/${verb}-reconciliation`, { reason: 'the host is moved' });

    const suspended = await interrupted((instanceId) => ask(instanceId, 'suspend'));
    await world.record(suspended.operationId, ({ status }) => status === 'stalled');
    expect(await world.steps(suspended.operationId)).toEqual(['OperationStarted', 'CredentialBound', 'OperationStalled']);
    await ask(suspended.instanceId, 'resume');
    await world.reaches(suspended.instanceId, 'running');

    const deleted = await interrupted((instanceId) => world.request('buyer', 'DELETE', `/v1/instances/${instanceId}`));
    await world.reaches(deleted.instanceId, 'deleted');
    expect(await world.steps(deleted.operationId)).toEqual(['OperationStarted', 'CredentialBound', 'OperationPreempted']);
  });

  it('look at what is at rest when they come to a cluster, since nobody else has seen it change', async () => {
    const one = start();
    const instanceId = await purchase();
    await world.reaches(instanceId, 'running');
    await one.stop();
    const path = `/apis/apps/v1/namespaces/${namespaceOf(instanceId)}/deployments/tomcat?fieldManager=kubectl-edit`;
    await world.byHand(path, { spec: { replicas: 1 } });

    start();
    // It is this work that brings it there.
    await world.reaches(await purchase(), 'running');
    await until(async () => {
      const { body } = await world.request('buyer', 'GET', `/v1/instances/${instanceId}/operations`);
      return (body.items as { kind: string; status: string }[]).some(
        ({ kind, status }) => kind === 'correct' && status === 'succeeded',
      );
    });
  });
});
