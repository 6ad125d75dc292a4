import { RunningSim } from '../testing/running-sim';
import { SimClient } from '../testing/sim-client';

const rbac = '/apis/rbac.authorization.k8s.io/v1';
const core = '/api/v1/namespaces/edge';
const about = { 'kubernetes.io/service-account.name': 'souk' };
const type = 'kubernetes.io/service-account-token';
const subjects = [{ kind: 'ServiceAccount', name: 'souk', namespace: 'edge' }];
const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'reader' };

describe('A service account', () => {
  let sim: RunningSim;
  let account: SimClient;
  beforeAll(async () => {
    sim = await RunningSim.start();
    await sim.client.post('/api/v1/namespaces', { metadata: { name: 'edge' } });
    await sim.client.post(`${core}/serviceaccounts`, { metadata: { name: 'souk' } });
    await sim.client.post(`${core}/secrets`, { metadata: { name: 'token', annotations: about }, type });
    const { data } = await sim.client.until(`${core}/secrets/token`, (secret) => secret.data?.token !== undefined);
    account = new SimClient(sim.cluster.url, Buffer.from(data.token as string, 'base64').toString());
  });
  afterAll(() => sim.stop());

  const rules = (...of: object[]) => sim.client.apply(`${rbac}/clusterroles/reader`, { rules: of }, 'owner', true);
  const review = async (resourceAttributes: object): Promise<boolean> => {
    const answer = await account.post('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { spec: { resourceAttributes } });
    return answer.body.status.allowed as boolean;
  };

  it('is known by the token in its Secret, and may do nothing', async () => {
    expect(await account.get('/api/v1/namespaces')).toMatchObject({
      status: 403,
      body: {
        reason: 'Forbidden',
        message:
          'namespaces is forbidden: User "system:serviceaccount:edge:souk" cannot list resource "namespaces" in API group "" at the cluster scope',
      },
    });
    expect((await account.get('/sim/v1/config')).status).toBe(401);
    expect((await account.get('/apis')).status).toBe(200);
  });

  it('may do what a cluster role gives it, in every namespace, and says so when it is asked', async () => {
    await rules({ apiGroups: ['apps'], resources: ['deployments'], verbs: ['list', 'patch'] });
    await sim.client.post(`${rbac}/clusterrolebindings`, { metadata: { name: 'reader' }, subjects, roleRef });
    expect((await account.get('/apis/apps/v1/deployments')).status).toBe(200);
    expect((await account.get('/apis/apps/v1/namespaces/edge/deployments/web')).body.message).toBe(
      'deployments.apps "web" is forbidden: User "system:serviceaccount:edge:souk" cannot get resource "deployments" in API group "apps" in the namespace "edge"',
    );
    expect(await review({ verb: 'patch', group: 'apps', resource: 'deployments' })).toBe(true);
    expect(await review({ verb: 'patch', group: '', resource: 'deployments' })).toBe(false);
    expect(await review({ verb: 'get', group: '', resource: 'pods', subresource: 'log' })).toBe(false);
  });

  it('needs to be allowed to create what it applies, where it is not there yet', async () => {
    const apply = () => account.apply(`${core}/configmaps/settings`, { data: { colour: 'red' } });
    await rules({ apiGroups: [''], resources: ['configmaps'], verbs: ['patch'] });
    expect((await apply()).body.message).toContain('cannot create resource "configmaps"');
    await rules({ apiGroups: [''], resources: ['configmaps'], verbs: ['patch', 'create'] });
    expect((await apply()).status).toBe(201);
    await rules({ apiGroups: [''], resources: ['configmaps'], verbs: ['patch'] });
    expect((await apply()).status).toBe(200);
  });

  it('gets a role by a binding that stays with that role', async () => {
    const other = { subjects, roleRef: { ...roleRef, name: 'writer' } };
    const { status, body } = await sim.client.patch(`${rbac}/clusterrolebindings/reader`, other);
    expect([status, body.message]).toEqual([422, expect.stringContaining('cannot change roleRef')]);
    const empty = await sim.client.post(`${rbac}/clusterroles`, { metadata: { name: 'empty' }, rules: [{ verbs: ['get'] }] });
    expect(empty.body.details.causes.map(({ field }: { field: string }) => field)).toEqual([
      'rules[0].apiGroups',
      'rules[0].resources',
    ]);
  });

  it('is still known after a restart, and no more once it is deleted', async () => {
    await sim.restart();
    account = new SimClient(sim.cluster.url, account.token);
    await account.until('/apis', ({ groups }) => groups !== undefined);
    await sim.client.delete(`${core}/serviceaccounts/souk`);
    expect((await account.get('/apis')).status).toBe(401);
    await sim.client.until(`${core}/secrets/token`, ({ code }) => code === 404);
  });
});
