import type { KubernetesObject } from '@souk/kubernetes';
import { accessInWords, neededAccess } from '../../../deployment/src/application/clusters/cluster-access';
import { AnyCluster } from './any-cluster';
import { topologyOf, web } from './sample';
import type { TestApp } from './test-app';
import { isReal, ok, PATIENCE, PAUSE, where } from './where';

/** A storage class whose volumes can be mounted on many hosts at once. */
const nas = isReal ? process.env['SOUK_TEST_NAS'] : 'nas';

const restricted = { ...web, serviceName: 'strict', userId: 65_532 };
/** A folder that every host has. */
const mounting = {
  ...web,
  hostPaths: [{ containerPath: '/host/log', hostPath: '/var/log', type: 'Directory' as const, readOnly: true }],
};
const storing = {
  ...restricted,
  serviceName: 'storing',
  replicas: 2,
  storage: [{ identifier: 'files', containerPath: '/files' }],
};

describe(`${where}, a cluster`, () => {
  jest.setTimeout(4 * PATIENCE);
  let any: AnyCluster;
  let app: TestApp;

  beforeAll(async () => {
    any = await AnyCluster.open();
    app = await any.newApp('Asking');
    await app.release('1.0.0', topologyOf([restricted]));
    await app.release('1.1.0', topologyOf([mounting]));
    await app.release('1.2.0', topologyOf([storing]));
  });
  afterAll(() => any.close());

  const check = async (more: object = {}) => {
    const { connection, platforms } = any;
    return ok(await any.buyer.post('/v1/clusters/checks', { name: 'checked', connection, platforms, ...more }));
  };
  const problemsOf = async (more: object): Promise<string[]> =>
    ((await check(more)).problems as { code: string; pointer: string }[]).map(({ code, pointer }) => `${code} ${pointer}`);
  const reachable = (clusterId: string) =>
    any.buyer.until(`/v1/clusters/${clusterId}`, ({ lastSeen }) => lastSeen !== undefined, PATIENCE, PAUSE);

  describe('that is checked', () => {
    it('is fit with the least role: it answers, is new enough, and has hosts', async () => {
      const { problems, version, hosts } = await check();
      expect(problems).toEqual([]);
      expect(Number(/^v1\.(\d+)/.exec(version as string)?.[1])).toBeGreaterThanOrEqual(28);
      expect((hosts as unknown[]).length).toBeGreaterThan(0);
    });

    it('is not fit where its token allows less: every call that is missing is named', async () => {
      if (!any.role) {
        console.info('not run: a token without a role, since none can be made here');
        return;
      }
      const connection = { kind: 'kubeconfig', kubeconfig: await any.role.kubeconfigOfNobody() };
      const { problems } = await check({ connection });
      const missing = (problems as { code: string; message: string }[]).filter(({ code }) => code === 'access-missing');
      const words = neededAccess().map((access) => `its credentials do not allow to ${accessInWords(access)}`);
      expect(missing.map(({ message }) => message)).toEqual(words);
    });

    it('is not fit by a token that it does not know', async () => {
      if (!any.role) {
        console.info('not run: a token that is not known, since kubeconfigs are not made here');
        return;
      }
      const connection = { kind: 'kubeconfig', kubeconfig: any.role.kubeconfigWith('of-nobody') };
      expect(await problemsOf({ connection })).toEqual(['credentials-refused /connection']);
    });

    it('is not what it is said to be, where no host is of a platform or storage is not there', async () => {
      const absent = ['linux/arm/v7', 'linux/arm64', 'linux/amd64'].filter((platform) => !any.platforms.includes(platform));
      const platforms = [...any.platforms, ...absent];
      expect(await problemsOf({ platforms, nas: { storageClass: 'souk-e2e-nowhere' } })).toEqual([
        ...absent.map((platform) => `platform-missing /platforms/${platforms.indexOf(platform)}`),
        'storage-class-missing /nas/storageClass',
      ]);
    });
  });

  describe('that is registered', () => {
    let clusterId: string;
    beforeAll(async () => {
      clusterId = await any.register();
    });

    it('is shown with what its hosts can give', async () => {
      const { lastSeen, hosts } = await reachable(clusterId);
      expect(lastSeen.version).toMatch(/^v1\./);
      expect(hosts).toHaveLength(lastSeen.hosts as number);
    });

    it('runs what asks for nothing at the strictest level of pod security', async () => {
      const instance = await any.purchase(app, '1.0.0', clusterId);
      await instance.reaches('running');
      const namespace = await any.hand.get({ kind: 'Namespace', name: instance.namespace });
      expect(namespace.metadata.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'restricted' });
      expect(await instance.operate('stop')).toMatchObject({ status: 'succeeded' });
    });

    it('gives nothing of its hosts that its owner has not granted, and what was granted from then on', async () => {
      const wish = { versionId: app.version('1.1.0'), configuration: 'standard', clusterId };
      const plan = async () => ok(await any.buyer.post('/v1/plans', wish)).problems as { code: string; pointer: string }[];
      expect(await plan()).toMatchObject([{ code: 'host-path-not-granted', pointer: '/nodes/0/hostPaths/0' }]);

      const path = `/v1/clusters/${clusterId}`;
      const { headers } = await any.buyer.get(path);
      const hostPolicy = { hostNetwork: false, hostPaths: [{ path: '/var/log', readOnly: true }], devices: [] };
      const grant = { hostPolicy, reason: 'it sorts our logs' };
      ok(await any.buyer.patch(path, grant, { 'if-match': headers.get('etag')! }));
      await any.buyer.until(path, ({ grants }) => (grants as object[]).length === 1, PATIENCE, PAUSE);
      expect(await plan()).toEqual([]);
      const instance = await any.purchase(app, '1.1.0', clusterId);
      await instance.reaches('running');
      const { spec } = (await instance.object('Deployment', 'web')) as unknown as Workload;
      expect(spec.template.spec.volumes).toContainEqual(
        expect.objectContaining({ hostPath: { path: '/var/log', type: 'Directory' } }),
      );
      expect(await instance.operate('stop')).toMatchObject({ status: 'succeeded' });
    });
  });

  it('keeps files for replicas on several hosts, where it has a NAS', async () => {
    if (nas === undefined) {
      console.info('not run: storage, since SOUK_TEST_NAS names no storage class for ReadWriteMany');
      return;
    }
    const clusterId = await any.register({ nas: { storageClass: nas } });
    const instance = await any.purchase(app, '1.2.0', clusterId);
    await instance.reaches('running');
    const claim = (await instance.object('PersistentVolumeClaim', 'souk-storage')) as Claim;
    expect(claim).toMatchObject({ spec: { storageClassName: nas, accessModes: ['ReadWriteMany'] }, status: { phase: 'Bound' } });
    ok(await any.refund(instance));
    await instance.until(({ status }) => status === 'deleted');
    expect(await any.namespacesOf(instance)).toEqual([]);
  });
});

interface Claim extends KubernetesObject {
  readonly spec: object;
}

interface Workload {
  readonly spec: { readonly template: { readonly spec: { readonly volumes: readonly object[] } } };
}
