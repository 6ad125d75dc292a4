import { type ClusterSim, startClusterSim } from '@souk/cluster-sim';
import { temporaryFolder } from '@souk/event-sourcing/testing';
import { Lookout } from '../src/application/operations/lookout';
import { namespaceOf } from '../src/domain/cluster-object';
import { ids, shop } from './sample';
import { World } from './world';

describe('A cluster that hangs', () => {
  jest.setTimeout(120_000);
  const folder = temporaryFolder();
  let world: World;
  let beside: ClusterSim;
  let hung: string;

  beforeAll(async () => {
    world = await World.open({}, { clusterCalls: { timeoutMs: 2_000 }, stallAfterMs: 100, parallelInstances: 4 });
    world.neighbours.app.add(ids.versionId, '1.0.0', shop);
    beside = await startClusterSim({ dataDir: folder.path });
    hung = await world.addCluster('beside', beside.kubeconfigPath);
  });
  afterAll(async () => {
    await world.close();
    await beside.stop();
    folder.remove();
  });

  const faults = async (rules: readonly object[]): Promise<void> => {
    const response = await fetch(`${beside.url}/sim/v1/faults`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${beside.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ faults: rules }),
    });
    expect(response.ok).toBe(true);
  };

  it('holds up its own instances, and no others', async () => {
    await faults([{ fault: { type: 'timeout' } }]);
    // More than are worked on side by side.
    const waiting = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => world.purchase(`hung ${n}`, { clusterId: hung })));
    const healthy = await world.purchase('healthy');
    await world.reaches(healthy, 'running');
    const { status, operationId } = await world.reaches(waiting[0]!, 'deploying');
    expect(status).toBe('deploying');

    // Nor does it hold up who looks after instances at rest.
    await world.cluster.delete({ kind: 'Service', namespace: namespaceOf(healthy), name: 'tomcat' });
    await world.part(Lookout).round();
    const isBack = async () => (await world.objects(healthy, 'Service')).has('Service/tomcat');
    for (const end = Date.now() + 30_000; !(await isBack()); await new Promise((fulfil) => setTimeout(fulfil, 20)))
      if (Date.now() > end) throw new Error('the Service has not come back');

    await world.record(operationId as string, (record) => record.status === 'stalled');
    await faults([]);
    for (const instanceId of waiting) await world.until(instanceId, (instance) => instance.status === 'running', 'buyer', 60_000);
    expect(await world.steps(operationId as string)).toEqual(expect.arrayContaining(['OperationStalled', 'OperationContinued']));
  });
});
