import { RunningSim } from '../testing/running-sim';
import { namesOf, type SimClient } from '../testing/sim-client';

const NAMESPACE = '/api/v1/namespaces/shop';
const CLAIMS = `${NAMESPACE}/persistentvolumeclaims`;
const PODS = `${NAMESPACE}/pods`;
const VOLUMES = '/api/v1/persistentvolumes';
const CLASSES = '/apis/storage.k8s.io/v1/storageclasses';
const SETS = '/apis/apps/v1/namespaces/shop/statefulsets';

const claim = (name: string, storage = '1Gi', spec: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } }, ...spec },
});

const pod = (name: string, claimName: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { containers: [{ name: 'main', image: 'x' }], volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }] },
});

describe('Storage of a simulated cluster', () => {
  let running: RunningSim;
  let client: SimClient;

  beforeAll(async () => {
    running = await RunningSim.start({ startupMs: 5, terminationMs: 5 });
    client = running.client;
    await client.post('/api/v1/namespaces', { metadata: { name: 'shop' } });
  });
  afterAll(() => running.stop());

  const phase = (wanted: string) => (body: { status?: { phase?: string } }) => body.status?.phase === wanted;
  const gone = ({ code }: { code?: number }): boolean => code === 404;
  const says = (name: string, reason: string): Promise<{ items: { message: string }[] }> =>
    client.until(
      `${NAMESPACE}/events?fieldSelector=${encodeURIComponent(`involvedObject.name=${name},reason=${reason}`)}`,
      ({ items }) => items.length > 0,
    );

  describe('a claim', () => {
    it('gets a volume of the default class', async () => {
      await client.post(CLAIMS, claim('plain'));
      const { spec, status } = await client.until(`${CLAIMS}/plain`, phase('Bound'));
      expect([spec.storageClassName, status.capacity, status.accessModes]).toEqual([
        'standard',
        { storage: '1Gi' },
        ['ReadWriteOnce'],
      ]);
      const volume = (await client.get(`${VOLUMES}/${spec.volumeName}`)).body;
      expect(volume.status.phase).toBe('Bound');
      expect(volume.spec).toMatchObject({
        claimRef: { namespace: 'shop', name: 'plain' },
        persistentVolumeReclaimPolicy: 'Delete',
        storageClassName: 'standard',
      });
    });

    it('takes its volume with it', async () => {
      const { volumeName } = (await client.get(`${CLAIMS}/plain`)).body.spec;
      await client.delete(`${CLAIMS}/plain`);
      await client.until(`${CLAIMS}/plain`, gone);
      await client.until(`${VOLUMES}/${volumeName}`, gone);
    });

    it('is shared by many hosts on the NAS only', async () => {
      await client.post(CLAIMS, claim('shared', '1Gi', { accessModes: ['ReadWriteMany'] }));
      expect((await says('shared', 'ProvisioningFailed')).items[0]!.message).toContain(
        'access mode ReadWriteMany is not supported',
      );
      await client.post(CLAIMS, claim('files', '1Gi', { accessModes: ['ReadWriteMany'], storageClassName: 'nas' }));
      await client.until(`${CLAIMS}/files`, phase('Bound'));
      expect((await client.get(`${CLAIMS}/shared`)).body.status.phase).toBe('Pending');
    });

    it('waits for its class', async () => {
      await client.post(CLAIMS, claim('early', '1Gi', { storageClassName: 'fast' }));
      expect((await says('early', 'ProvisioningFailed')).items[0]!.message).toBe('storageclass.storage.k8s.io "fast" not found');
      await client.post(CLASSES, { metadata: { name: 'fast' }, provisioner: 'souk-sim.csi', reclaimPolicy: 'Retain' });
      const { spec } = await client.until(`${CLAIMS}/early`, phase('Bound'));
      await client.delete(`${CLAIMS}/early`);
      await client.until(`${VOLUMES}/${spec.volumeName}`, phase('Released'));
    });

    it('takes the smallest volume that somebody has laid out for it', async () => {
      for (const [name, storage] of [
        ['big', '9Gi'],
        ['small', '1Gi'],
        ['right', '3Gi'],
      ] as const)
        await client.post(VOLUMES, {
          metadata: { name },
          spec: { capacity: { storage }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/data' } },
        });
      await client.post(CLAIMS, claim('static', '2Gi', { storageClassName: '' }));
      const { spec, status } = await client.until(`${CLAIMS}/static`, phase('Bound'));
      expect([spec.volumeName, status.capacity.storage]).toEqual(['right', '3Gi']);
      await client.delete(`${VOLUMES}/right`);
      expect((await client.get(`${VOLUMES}/right`)).body.metadata.deletionTimestamp).toBeDefined();
      await client.delete(`${CLAIMS}/static`);
      await client.until(`${VOLUMES}/right`, gone);
    });

    it('grows with its volume, and never shrinks', async () => {
      await client.post(CLAIMS, claim('growing', '1Gi'));
      await client.until(`${CLAIMS}/growing`, phase('Bound'));
      const ask = (storage: string): Promise<{ status: number; body: { message: string } }> =>
        client.patch(`${CLAIMS}/growing`, { spec: { resources: { requests: { storage } } } });
      expect((await ask('3Gi')).status).toBe(200);
      const { spec } = await client.until(`${CLAIMS}/growing`, ({ status }) => status.capacity.storage === '3Gi');
      expect((await client.get(`${VOLUMES}/${spec.volumeName}`)).body.spec.capacity.storage).toBe('3Gi');
      const smaller = await ask('2Gi');
      expect([smaller.status, smaller.body.message]).toEqual([
        422,
        expect.stringContaining('spec.resources.requests.storage: Forbidden: field can not be less than status.capacity'),
      ]);
    });

    it('does not grow where its class does not let it', async () => {
      await client.post(CLAIMS, claim('fixed', '1Gi', { storageClassName: 'fast' }));
      await client.until(`${CLAIMS}/fixed`, phase('Bound'));
      const refused = await client.patch(`${CLAIMS}/fixed`, { spec: { resources: { requests: { storage: '2Gi' } } } });
      expect([refused.status, refused.body.message]).toEqual([
        403,
        expect.stringContaining('only dynamically provisioned pvc can be resized'),
      ]);
    });

    it('counts against the quota, and so does what it grows by', async () => {
      await client.post('/api/v1/namespaces', { metadata: { name: 'small' } });
      const small = '/api/v1/namespaces/small';
      const hard = {
        'requests.storage': '3Gi',
        persistentvolumeclaims: '2',
        'nas.storageclass.storage.k8s.io/requests.storage': '0',
      };
      await client.post(`${small}/resourcequotas`, { metadata: { name: 'q' }, spec: { hard } });
      expect((await client.post(`${small}/persistentvolumeclaims`, claim('a', '2Gi'))).status).toBe(201);
      const over = await client.post(`${small}/persistentvolumeclaims`, claim('b', '2Gi'));
      expect([over.status, over.body.message]).toEqual([
        403,
        expect.stringContaining(
          'exceeded quota: q, requested: requests.storage=2Gi, used: requests.storage=2Gi, limited: requests.storage=3Gi',
        ),
      ]);
      expect((await client.post(`${small}/persistentvolumeclaims`, claim('c', '1Gi', { storageClassName: 'nas' }))).status).toBe(
        403,
      );
      await client.until(`${small}/persistentvolumeclaims/a`, phase('Bound'));
      const grow = (storage: string): Promise<{ status: number }> =>
        client.patch(`${small}/persistentvolumeclaims/a`, { spec: { resources: { requests: { storage } } } });
      expect([(await grow('4Gi')).status, (await grow('3Gi')).status]).toEqual([403, 200]);
      await client.until(`${small}/resourcequotas/q`, ({ status }) => status.used?.['requests.storage'] === '3Gi');
    });
  });

  describe('a pod', () => {
    it('waits for its claim to be there and bound', async () => {
      await client.post(PODS, pod('patient', 'later'));
      expect((await says('patient', 'FailedScheduling')).items[0]!.message).toContain('persistentvolumeclaim "later" not found');
      await client.post(CLAIMS, claim('later', '20Gi', { storageClassName: '' }));
      await client.until(`${NAMESPACE}/events?fieldSelector=involvedObject.name%3Dpatient`, ({ items }) =>
        items.some(({ message }: { message: string }) => message.includes('pod has unbound immediate PersistentVolumeClaims')),
      );
      await client.post(VOLUMES, {
        metadata: { name: 'late' },
        spec: { capacity: { storage: '20Gi' }, accessModes: ['ReadWriteOnce'] },
      });
      await client.until(`${PODS}/patient`, phase('Running'));
    });

    it('keeps the claim that it uses', async () => {
      await client.delete(`${CLAIMS}/later`);
      expect((await client.get(`${CLAIMS}/later`)).body.metadata).toMatchObject({
        deletionTimestamp: expect.any(String),
        finalizers: ['kubernetes.io/pvc-protection'],
      });
      await client.post(PODS, pod('too-late', 'later'));
      expect((await says('too-late', 'FailedScheduling')).items[0]!.message).toContain('"later" is being deleted');
      await client.delete(`${PODS}/patient`);
      await client.until(`${CLAIMS}/later`, gone);
    });

    it('is the first consumer that a claim may wait for', async () => {
      await client.post(CLASSES, {
        metadata: { name: 'local' },
        provisioner: 'souk-sim.csi',
        volumeBindingMode: 'WaitForFirstConsumer',
      });
      await client.post(CLAIMS, claim('near', '1Gi', { storageClassName: 'local' }));
      await says('near', 'WaitForFirstConsumer');
      await client.post(PODS, pod('consumer', 'near'));
      const { spec } = await client.until(`${PODS}/consumer`, phase('Running'));
      const { metadata, status } = (await client.get(`${CLAIMS}/near`)).body;
      expect([status.phase, metadata.annotations['volume.kubernetes.io/selected-node']]).toEqual(['Bound', spec.nodeName]);
    });
  });

  describe('a StatefulSet', () => {
    const set = (name: string, spec: object = {}, image = 'x:1'): object => ({
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name },
      spec: {
        serviceName: name,
        replicas: 2,
        selector: { matchLabels: { app: name } },
        template: {
          metadata: { labels: { app: name } },
          spec: { containers: [{ name: 'main', image, volumeMounts: [{ name: 'data', mountPath: '/data' }] }] },
        },
        volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: (claim('data') as { spec: object }).spec }],
        ...spec,
      },
    });
    const ready = (name: string, replicas: number): Promise<{ status: Record<string, unknown> }> =>
      client.until(`${SETS}/${name}`, ({ status }) => status.readyReplicas === replicas && status.replicas === replicas);
    const claimsOf = async (name: string): Promise<string[]> =>
      namesOf((await client.get(`${CLAIMS}?labelSelector=app%3D${name}`)).body);
    const images = async (name: string): Promise<string[]> =>
      (await client.get(`${PODS}?labelSelector=app%3D${name}`)).body.items.map(
        ({ spec }: { spec: { containers: { image: string }[] } }) => spec.containers[0]!.image,
      );

    it('keeps its claims when it is scaled down and deleted', async () => {
      await client.post(SETS, set('keeps'));
      await ready('keeps', 2);
      await client.patch(`${SETS}/keeps`, { spec: { replicas: 1 } });
      await ready('keeps', 1);
      await client.delete(`${SETS}/keeps`);
      await client.until(`${PODS}?labelSelector=app%3Dkeeps`, ({ items }) => items.length === 0);
      expect(await claimsOf('keeps')).toEqual(['data-keeps-0', 'data-keeps-1']);
    });

    it('lets them go where it is told to', async () => {
      const persistentVolumeClaimRetentionPolicy = { whenDeleted: 'Delete', whenScaled: 'Delete' };
      await client.post(SETS, set('lets-go', { persistentVolumeClaimRetentionPolicy }));
      await ready('lets-go', 2);
      await client.patch(`${SETS}/lets-go`, { spec: { replicas: 1 } });
      await client.until(`${CLAIMS}?labelSelector=app%3Dlets-go`, ({ items }) => namesOf({ items }).join() === 'data-lets-go-0');
      await client.delete(`${SETS}/lets-go`);
      await client.until(`${CLAIMS}?labelSelector=app%3Dlets-go`, ({ items }) => items.length === 0);
    });

    it('starts all at once where order is of no matter', async () => {
      const slow = 'x:1-never-ready';
      await client.post(SETS, set('ordered', {}, slow));
      await client.post(SETS, set('parallel', { podManagementPolicy: 'Parallel', replicas: 3 }, slow));
      await client.until(`${PODS}?labelSelector=app%3Dparallel`, ({ items }) => items.length === 3);
      expect(namesOf((await client.get(`${PODS}?labelSelector=app%3Dordered`)).body)).toEqual(['ordered-0']);
    });

    it('updates down to its partition, and makes pods below it as they were', async () => {
      const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { partition: 1 } };
      await client.post(SETS, set('canary', { updateStrategy }));
      await ready('canary', 2);
      await client.apply(`${SETS}/canary`, set('canary', { updateStrategy }, 'x:2'), 'tester', true);
      await client.until(`${SETS}/canary`, ({ status }) => status.updatedReplicas === 1 && status.readyReplicas === 2);
      expect(await images('canary')).toEqual(['x:1', 'x:2']);
      const { uid } = (await client.get(`${PODS}/canary-0`)).body.metadata;
      await client.delete(`${PODS}/canary-0`);
      await client.until(`${PODS}/canary-0`, (body) => body.metadata?.uid !== undefined && body.metadata.uid !== uid);
      await ready('canary', 2);
      expect(await images('canary')).toEqual(['x:1', 'x:2']);
    });

    it('leaves pods alone until they are deleted, if that is its strategy', async () => {
      const updateStrategy = { type: 'OnDelete' };
      await client.post(SETS, set('by-hand', { updateStrategy }));
      await ready('by-hand', 2);
      await client.apply(`${SETS}/by-hand`, set('by-hand', { updateStrategy }, 'x:2'), 'tester', true);
      await client.until(`${SETS}/by-hand`, ({ status, metadata }) => status.observedGeneration === metadata.generation);
      expect(await images('by-hand')).toEqual(['x:1', 'x:1']);
      await client.delete(`${PODS}/by-hand-1`);
      await client.until(`${SETS}/by-hand`, ({ status }) => status.updatedReplicas === 1 && status.readyReplicas === 2);
      expect(await images('by-hand')).toEqual(['x:1', 'x:2']);
    });

    it('remembers its templates', async () => {
      const { items } = (await client.get('/apis/apps/v1/namespaces/shop/controllerrevisions?labelSelector=app%3Dcanary')).body;
      const { status } = (await client.get(`${SETS}/canary`)).body;
      expect(items.map(({ revision }: { revision: number }) => revision).sort()).toEqual([1, 2]);
      expect(namesOf({ items }).sort()).toEqual([status.currentRevision, status.updateRevision].sort());
    });

    it('gives each pod a name of its own behind its headless Service', async () => {
      const spec = { clusterIP: 'None', selector: { app: 'named' }, ports: [{ name: 'http', port: 80 }] };
      await client.post(`${NAMESPACE}/services`, { metadata: { name: 'named' }, spec });
      await client.post(SETS, set('named'));
      await ready('named', 2);
      const { subsets } = await client.until(`${NAMESPACE}/endpoints/named`, (body) => body.subsets[0]?.addresses?.length === 2);
      expect(subsets[0].addresses.map(({ hostname }: { hostname: string }) => hostname)).toEqual(['named-0', 'named-1']);
    });
  });

  it('goes with its namespace', async () => {
    await client.delete('/api/v1/namespaces/shop');
    await client.until('/api/v1/namespaces/shop', gone);
    const left = (await client.get(VOLUMES)).body.items.filter(
      ({ spec, status }: { spec: { claimRef?: { namespace: string } }; status: { phase: string } }) =>
        spec.claimRef?.namespace === 'shop' && status.phase === 'Bound',
    );
    expect(left).toEqual([]);
  });
});
