import type { Topology, TopologyNode } from '@souk/topology';
import { AnyCluster } from './any-cluster';
import { agnhost, prepare, topologyOf, web } from './sample';
import { nodesWith, type TestInstance } from './test-instance';
import { ok, PATIENCE, where } from './where';

const nothing = { apis: [], dataModels: [] };
/** It goes on once the other instance has answered, which the cluster's isolation has to let through. */
const asking: TopologyNode = {
  ...prepare,
  serviceName: 'asking',
  env: { ORDERS: 'http://${service.work-orders.host}:${service.work-orders.port}/healthz' },
  command: ['sh', '-c', 'until wget -q -T 2 -O - "$ORDERS"; do sleep 1; done'],
};

const compose = `
services:
  shop:
    image: ${agnhost()}
    command: [netexec, --http-port=8080]
    ports: ["80:8080"]
    environment: { CACHE: cache }
    depends_on: [cache, seed]
  cache:
    image: redis:7.4.2
  seed:
    image: ${agnhost()}
    entrypoint: ["true"]
    depends_on: [cache]
    restart: "no"
`;

describe(`${where}, apps`, () => {
  jest.setTimeout(4 * PATIENCE);
  let any: AnyCluster;
  let clusterId: string;

  beforeAll(async () => {
    any = await AnyCluster.open();
    clusterId = await any.register();
  });
  afterAll(() => any.close());

  describe('that need each other', () => {
    let provider: TestInstance;
    let dependant: TestInstance;

    it('are bound, and reach each other', async () => {
      const orders = await any.newApp('Orders');
      const provisions = [{ model: 'work-orders', node: 'web', port: 80 }];
      await orders.release('1.0.0', topologyOf([web]), { ...nothing, provisions });
      const shop = await any.newApp('Counter');
      const dependencies = [{ model: 'work-orders', apis: ['orders.read'] }];
      await shop.release('1.0.0', topologyOf([web, asking], ['web', 'asking']), { ...nothing, dependencies });

      const wish = { versionId: shop.version('1.0.0'), configuration: 'standard', clusterId };
      expect(ok(await any.buyer.post('/v1/plans', wish)).problems).toMatchObject([{ code: 'service-not-provided' }]);
      provider = await any.purchase(orders, '1.0.0', clusterId);
      await provider.reaches('running');
      dependant = await any.purchase(shop, '1.0.0', clusterId);
      await dependant.reaches('running');
      const { uses } = ok(await any.buyer.get(`/v1/instances/${dependant.id}/services`));
      expect(uses).toMatchObject([{ model: 'work-orders', provider: provider.id, gone: false }]);
    });

    it('are not parted by mistake: who provides is deleted on purpose only', async () => {
      const remove = (query: string) => any.buyer.delete(`/v1/instances/${provider.id}${query}`);
      expect(await remove('')).toMatchObject({ status: 409, body: { code: 'service-in-use' } });
      expect((await remove('?force=true')).status).toBe(202);
      await provider.until(({ status }) => status === 'deleted');
      expect(await dependant.atRest()).toMatchObject({ status: 'running' });
    });
  });

  it('that were a Compose file come up in the order that it says', async () => {
    const app = await any.newApp('Imported');
    const { versionId, configurationId } = await app.draft('1.0.0');
    const path = `/v1/configurations/${configurationId}`;
    const imported = await any.provider.post(`${path}/compose-imports`, { compose }, { 'if-match': '"0"' });
    const { topology } = ok(imported) as { topology: Topology };
    ok(await any.provider.put(`${path}/topology`, topology, { 'if-match': imported.headers.get('etag')! }));
    await app.publish('1.0.0', versionId);
    const instance = await any.purchase(app, '1.0.0', clusterId);
    const record = await instance.newest('deploy');
    expect(record).toMatchObject({ status: 'succeeded' });
    const ready = nodesWith(record, /NodeBecameReady|InitNodeCompleted/);
    expect([ready[0], ready.at(-1)]).toEqual(['cache', 'shop']);
  });
});
