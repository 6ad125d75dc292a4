import { RunningSim } from '../testing/running-sim';
import { deployment, job, namesOf, type SimClient } from '../testing/sim-client';
import { type Pod } from './objects/workloads';

const NAMESPACE = '/api/v1/namespaces/default';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const REPLICA_SETS = '/apis/apps/v1/namespaces/default/replicasets';
const STATEFUL_SETS = '/apis/apps/v1/namespaces/default/statefulsets';
const JOBS = '/apis/batch/v1/namespaces/default/jobs';
const podsOf = (app: string): string => `${NAMESPACE}/pods?labelSelector=app%3D${app}`;

interface Typed {
  type: string;
  status: string;
  reason?: string;
  message?: string;
}
const condition = (object: { status: { conditions?: Typed[] } }, type: string): Typed | undefined =>
  object.status.conditions?.find((each) => each.type === type);
const waiting = (pod: Pod): string | undefined => pod.status.containerStatuses?.[0]?.state.waiting?.reason;

describe('Workloads on the simulated cluster', () => {
  let running: RunningSim;
  let client: SimClient;
  beforeAll(async () => {
    running = await RunningSim.start({ startupMs: 60, runMs: 60, backoffMs: 100 });
    client = running.client;
  });
  afterAll(async () => {
    await running.stop();
    expect(running.log).toEqual([]);
  });

  const reasonsOf = async (name: string): Promise<string[]> => {
    const { body } = await client.get(`${NAMESPACE}/events?fieldSelector=involvedObject.name%3D${name}`);
    return body.items.map(({ reason }: { reason: string }) => reason);
  };

  describe('a Deployment', () => {
    it('becomes available when its pods are ready, each by its own start-up time', async () => {
      await client.apply(`${DEPLOYMENTS}/web`, deployment('web', 'nginx:1', { replicas: 3 }));
      const available = await client.until(`${DEPLOYMENTS}/web`, ({ status }) => status.availableReplicas === 3);
      expect(available.status).toMatchObject({ observedGeneration: 1, replicas: 3, updatedReplicas: 3, readyReplicas: 3 });
      await client.until(`${DEPLOYMENTS}/web`, (body) => condition(body, 'Progressing')?.reason === 'NewReplicaSetAvailable');
      expect(condition(available, 'Available')?.reason).toBe('MinimumReplicasAvailable');
      const pods: Pod[] = (await client.get(podsOf('web'))).body.items;
      expect(new Set(pods.map(({ spec }) => spec.nodeName)).size).toBe(3);
      expect(pods[0]!.status).toMatchObject({
        phase: 'Running',
        podIP: expect.stringMatching(/^10\.244\./),
        containerStatuses: [{ ready: true, started: true, restartCount: 0, state: { running: {} } }],
      });
      expect(await reasonsOf(pods[0]!.metadata.name)).toEqual(expect.arrayContaining(['Scheduled', 'Pulled', 'Started']));
    });

    it('rolls a new template out without ever lacking a pod, and back to the old ReplicaSet', async () => {
      const before = await client.get(`${REPLICA_SETS}?labelSelector=app%3Dweb`);
      const watched = client.watch(`${DEPLOYMENTS}?fieldSelector=metadata.name%3Dweb`, (events) => {
        const { status, metadata } = events.at(-1)!.object;
        return metadata.generation === 2 && status.updatedReplicas === 3 && status.replicas === 3;
      });
      await client.apply(`${DEPLOYMENTS}/web`, deployment('web', 'nginx:2', { replicas: 3 }));
      const states = (await watched).map(({ object }) => object.status);
      expect(Math.min(...states.map(({ availableReplicas }) => availableReplicas ?? 0))).toBeGreaterThanOrEqual(3);
      expect(Math.max(...states.map(({ replicas }) => replicas ?? 0))).toBe(4);
      await client.apply(`${DEPLOYMENTS}/web`, deployment('web', 'nginx:1', { replicas: 3 }));
      await client.until(`${REPLICA_SETS}/${namesOf(before.body)[0]!}`, ({ status }) => status.readyReplicas === 3);
      const { body } = await client.get(`${DEPLOYMENTS}/web`);
      expect(body.metadata.annotations['deployment.kubernetes.io/revision']).toBe('3');
      expect(namesOf((await client.get(`${REPLICA_SETS}?labelSelector=app%3Dweb`)).body)).toHaveLength(2);
    });

    it('of strategy Recreate ends all old pods before a new one begins', async () => {
      const spec = { replicas: 2, strategy: { type: 'Recreate' } };
      await client.apply(`${DEPLOYMENTS}/once`, deployment('once', 'a:1', spec));
      await client.until(`${DEPLOYMENTS}/once`, ({ status }) => status.availableReplicas === 2);
      const images = new Set<string>();
      const watched = client.watch(podsOf('once'), (events) => {
        const alive = new Map<string, string>();
        for (const { type, object } of events) {
          if (type === 'DELETED') alive.delete(object.metadata.name);
          else alive.set(object.metadata.name, object.spec.containers[0].image);
        }
        images.add([...new Set(alive.values())].sort().join());
        return alive.size === 2 && [...alive.values()].every((image) => image === 'a:2');
      });
      await client.apply(`${DEPLOYMENTS}/once`, deployment('once', 'a:2', spec));
      await watched;
      expect(images.has('a:1,a:2')).toBe(false);
    });

    it('reports that it does not come on', async () => {
      await client.apply(`${DEPLOYMENTS}/stuck`, deployment('stuck', 'x:1-never-ready', { progressDeadlineSeconds: 1 }));
      const stuck = await client.until(`${DEPLOYMENTS}/stuck`, (body) => condition(body, 'Progressing')?.status === 'False');
      expect(condition(stuck, 'Progressing')).toMatchObject({
        reason: 'ProgressDeadlineExceeded',
        message: expect.stringMatching(/^ReplicaSet "stuck-\w+" has timed out progressing\.$/),
      });
      expect(condition(stuck, 'Available')?.status).toBe('False');
    });

    it('replaces a pod that is deleted, and scales', async () => {
      const [first] = namesOf((await client.get(podsOf('web'))).body);
      await client.delete(`${NAMESPACE}/pods/${first!}`);
      await client.until(podsOf('web'), (list) => list.items.length === 3 && !namesOf(list).includes(first!));
      await client.patch(`${DEPLOYMENTS}/web/scale`, { spec: { replicas: 1 } });
      await client.until(podsOf('web'), ({ items }) => items.length === 1);
      expect((await client.get(`${DEPLOYMENTS}/web/scale`)).body).toMatchObject({ kind: 'Scale', spec: { replicas: 1 } });
    });

    it('is gone with everything that it owned', async () => {
      await client.delete(`${DEPLOYMENTS}/web`);
      await client.until(podsOf('web'), ({ items }) => items.length === 0);
      await client.until(`${REPLICA_SETS}?labelSelector=app%3Dweb`, ({ items }) => items.length === 0);
    });

    it('deleted in the foreground goes last; deleted as an orphan-maker leaves its ReplicaSet', async () => {
      await client.apply(`${DEPLOYMENTS}/last`, deployment('last', 'x'));
      await client.until(podsOf('last'), ({ items }) => items[0].status.phase === 'Running');
      const marked = await client.delete(`${DEPLOYMENTS}/last`, { propagationPolicy: 'Foreground' });
      expect(marked.body.metadata.finalizers).toEqual(['foregroundDeletion']);
      await client.until(`${DEPLOYMENTS}/last`, ({ code }) => code === 404);
      expect((await client.get(podsOf('last'))).body.items).toEqual([]);
      await client.apply(`${DEPLOYMENTS}/loose`, deployment('loose', 'x'));
      await client.until(podsOf('loose'), ({ items }) => items[0].status.phase === 'Running');
      await client.delete(`${DEPLOYMENTS}/loose`, { propagationPolicy: 'Orphan' });
      const sets = await client.get(`${REPLICA_SETS}?labelSelector=app%3Dloose`);
      expect(sets.body.items[0].metadata.ownerReferences ?? []).toEqual([]);
      expect((await client.get(podsOf('loose'))).body.items).toHaveLength(1);
    });
  });

  describe('a pod', () => {
    it('that fits nowhere stays Pending with the words of the scheduler, until there is room', async () => {
      const container = { resources: { requests: { memory: '5Gi' } } };
      await client.apply(`${DEPLOYMENTS}/big`, deployment('big', 'x', { replicas: 4 }, container));
      const { items } = await client.until(podsOf('big'), (list) =>
        list.items.some((pod: Pod) => condition(pod as never, 'PodScheduled')?.status === 'False'),
      );
      const pending = items.find((pod: Pod) => pod.spec.nodeName === undefined) as Pod;
      expect(condition(pending as never, 'PodScheduled')).toMatchObject({
        reason: 'Unschedulable',
        message: expect.stringMatching(/^0\/3 nodes are available: 3 Insufficient memory\./),
      });
      expect(pending.status.phase).toBe('Pending');
      expect(await reasonsOf(pending.metadata.name)).toEqual(['FailedScheduling']);
      const placed = items.find((pod: Pod) => pod.spec.nodeName !== undefined) as Pod;
      await client.patch(`${DEPLOYMENTS}/big`, { spec: { replicas: 3 } });
      await client.until(podsOf('big'), (list) => list.items.length === 3);
      await client.patch(`${DEPLOYMENTS}/big`, { spec: { replicas: 4 } });
      await client.until(podsOf('big'), (list) => list.items.some((pod: Pod) => !pod.spec.nodeName));
      await client.delete(`${DEPLOYMENTS}/big`);
      await client.until(`${NAMESPACE}/pods/${placed.metadata.name}`, ({ code }) => code === 404);
    });

    it.each([
      ['pull-error', 'ImagePullBackOff', 'Pending', ['Failed', 'BackOff']],
      ['crash-loop', 'CrashLoopBackOff', 'Running', ['BackOff']],
    ])('of a %s image shows %s', async (behaviour, reason, phase, events) => {
      await client.apply(`${DEPLOYMENTS}/${behaviour}`, deployment(behaviour, `x:1-${behaviour}`));
      const { items } = await client.until(podsOf(behaviour), (list) => waiting(list.items[0]) === reason);
      expect(items[0].status.phase).toBe(phase);
      expect(condition(items[0], 'Ready')?.status).toBe('False');
      await client.until(`${NAMESPACE}/events?fieldSelector=involvedObject.name%3D${items[0].metadata.name as string}`, (list) =>
        events.every((each) => list.items.some((event: Typed) => event.reason === each)),
      );
      if (behaviour === 'crash-loop') {
        const { items: later } = await client.until(
          podsOf(behaviour),
          (list) => list.items[0].status.containerStatuses[0].restartCount >= 3,
        );
        expect(later[0].status.containerStatuses[0].lastState.terminated).toMatchObject({ exitCode: 1, reason: 'Error' });
      }
    });

    it('runs but is never ready when its image is so, until the image is mended', async () => {
      await client.put(`/sim/v1/images/${encodeURIComponent('ill/*')}`, { behaviour: 'never-ready' });
      await client.apply(`${DEPLOYMENTS}/ill`, deployment('ill', 'ill/app:1'));
      const { items } = await client.until(podsOf('ill'), (list) => list.items[0].status.phase === 'Running');
      expect(condition(items[0], 'Ready')?.status).toBe('False');
      await client.put(`/sim/v1/images/${encodeURIComponent('ill/*')}`, { behaviour: 'normal' });
      await client.until(podsOf('ill'), (list) => condition(list.items[0], 'Ready')?.status === 'True');
    });

    it('waits for the Secret that it names', async () => {
      await client.apply(`${DEPLOYMENTS}/needy`, deployment('needy', 'x', {}, { envFrom: [{ secretRef: { name: 'wanted' } }] }));
      const { items } = await client.until(podsOf('needy'), (list) => waiting(list.items[0]) === 'CreateContainerConfigError');
      expect(items[0].status.containerStatuses[0].state.waiting.message).toBe('secret "wanted" not found');
      await client.post(`${NAMESPACE}/secrets`, { metadata: { name: 'wanted' }, data: {} });
      await client.until(podsOf('needy'), (list) => condition(list.items[0], 'Ready')?.status === 'True');
    });

    it('runs its init containers first, one after the other', async () => {
      const initContainers = ['i1', 'i2'].map((name) => ({ name, image: 'init' }));
      const pod = {
        metadata: { name: 'staged', labels: { app: 'staged' } },
        spec: { initContainers, containers: [{ name: 'main', image: 'x' }] },
      };
      const watched = client.watch(podsOf('staged'), (events) => condition(events.at(-1)!.object, 'Ready')?.status === 'True');
      await client.post(`${NAMESPACE}/pods`, pod);
      const events = await watched;
      const reasons = events.map(({ object }) => waiting(object));
      expect(reasons).toContain('PodInitializing');
      const { initContainerStatuses: init, containerStatuses: main } = events.at(-1)!.object.status;
      expect(init.map(({ state }: { state: { terminated: { exitCode: number } } }) => state.terminated.exitCode)).toEqual([0, 0]);
      expect(main[0].ready).toBe(true);
    });

    it('has a short log', async () => {
      const { body } = await client.get(`${NAMESPACE}/pods/staged/log`);
      expect(body).toContain('starting main from x\n');
      expect((await client.get(`${NAMESPACE}/pods/staged/log?tailLines=1`)).body.split('\n')).toHaveLength(2);
    });
  });

  describe('a Job', () => {
    it('runs once and completes', async () => {
      await client.apply(`${JOBS}/init`, job('init', 'busybox'));
      const done = await client.until(`${JOBS}/init`, (body) => condition(body, 'Complete')?.status === 'True');
      expect(done.status).toMatchObject({ succeeded: 1, completionTime: expect.any(String) });
      const { items } = await client.until(
        `${NAMESPACE}/pods?labelSelector=job-name%3Dinit`,
        (list) => list.items[0].status.phase === 'Succeeded',
      );
      expect(items).toHaveLength(1);
      expect(items[0].status.containerStatuses[0].state.terminated).toMatchObject({ exitCode: 0, reason: 'Completed' });
      await client.delete(`${JOBS}/init`);
      await client.until(`${NAMESPACE}/pods?labelSelector=job-name%3Dinit`, (list) => list.items.length === 0);
    });

    it('fails when its pods have failed too often', async () => {
      await client.apply(`${JOBS}/bad`, job('bad', 'busybox:1-job-fails', { backoffLimit: 1 }));
      const failed = await client.until(`${JOBS}/bad`, (body) => condition(body, 'Failed')?.status === 'True');
      expect(condition(failed, 'Failed')).toMatchObject({
        reason: 'BackoffLimitExceeded',
        message: 'Job has reached the specified backoff limit',
      });
      expect(failed.status.failed).toBe(2);
    });

    it('runs as many as it is told to, and cleans up after itself', async () => {
      await client.apply(`${JOBS}/many`, job('many', 'busybox', { completions: 3, parallelism: 2, ttlSecondsAfterFinished: 0 }));
      const events = await client.watch(`${JOBS}?fieldSelector=metadata.name%3Dmany`, (seen) => seen.at(-1)!.type === 'DELETED');
      expect(Math.max(...events.map(({ object }) => object.status.active ?? 0))).toBe(2);
      expect(events.at(-1)!.object.status.succeeded).toBe(3);
    });
  });

  describe('a StatefulSet', () => {
    const set = (image: string): object => ({
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'db' },
      spec: {
        serviceName: 'db',
        replicas: 2,
        selector: { matchLabels: { app: 'db' } },
        template: {
          metadata: { labels: { app: 'db' } },
          spec: { containers: [{ name: 'main', image, volumeMounts: [{ name: 'data', mountPath: '/data' }] }] },
        },
        volumeClaimTemplates: [
          { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
        ],
      },
    });

    it('has pods of fixed names with claims of their own, one after the other', async () => {
      await client.apply(`${STATEFUL_SETS}/db`, set('mysql:8'));
      await client.until(`${STATEFUL_SETS}/db`, ({ status }) => status.readyReplicas === 2);
      expect(namesOf((await client.get(podsOf('db'))).body)).toEqual(['db-0', 'db-1']);
      const claims = (await client.get(`${NAMESPACE}/persistentvolumeclaims`)).body;
      expect([namesOf(claims), claims.items[0].status.phase]).toEqual([['data-db-0', 'data-db-1'], 'Bound']);
    });

    it('updates from the end, a pod at a time', async () => {
      await client.apply(`${STATEFUL_SETS}/db`, set('mysql:9'));
      const { status } = await client.until(
        `${STATEFUL_SETS}/db`,
        (body) => body.status.updatedReplicas === 2 && body.status.readyReplicas === 2,
      );
      expect(status.currentRevision).toBe(status.updateRevision);
      await client.delete(`${STATEFUL_SETS}/db`);
      await client.until(podsOf('db'), ({ items }) => items.length === 0);
    });
  });

  describe('a Service', () => {
    it('has the addresses of its ready pods', async () => {
      await client.apply(
        `${DEPLOYMENTS}/served`,
        deployment('served', 'x', { replicas: 2 }, { ports: [{ name: 'http', containerPort: 8080 }] }),
      );
      const spec = { selector: { app: 'served' }, ports: [{ port: 80, targetPort: 'http' }] };
      await client.post(`${NAMESPACE}/services`, { metadata: { name: 'served' }, spec });
      const ready = (body: { subsets: { addresses?: unknown[] }[] }): boolean => body.subsets[0]?.addresses?.length === 2;
      const endpoints = await client.until(`${NAMESPACE}/endpoints/served`, ready);
      expect(endpoints.subsets[0].ports).toEqual([{ port: 8080, protocol: 'TCP' }]);
      await client.delete(`${NAMESPACE}/services/served`);
      await client.until(`${NAMESPACE}/endpoints/served`, ({ code }) => code === 404);
    });
  });
});
