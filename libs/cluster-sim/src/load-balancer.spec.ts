import { RunningSim } from '../testing/running-sim';
import { type SimClient } from '../testing/sim-client';

const SERVICES = '/api/v1/namespaces/default/services';

const service = (name: string, annotations: object = {}, spec: object = {}): object => ({
  metadata: { name, annotations },
  spec: { type: 'LoadBalancer', ports: [{ port: 80 }], ...spec },
});

describe('The load balancer of a simulated cluster', () => {
  let running: RunningSim;
  let client: SimClient;
  beforeAll(async () => {
    running = await RunningSim.start();
    ({ client } = running);
  });
  afterAll(() => running.stop());

  const address = async (name: string): Promise<string> => {
    const { status } = await client.until(`${SERVICES}/${name}`, (body) => body.status?.loadBalancer?.ingress !== undefined);
    return status.loadBalancer.ingress[0].ip;
  };

  it('gives the address that is asked for, in every dialect', async () => {
    await client.post(SERVICES, service('metallb', { 'metallb.io/loadBalancerIPs': '192.168.4.10' }));
    await client.post(SERVICES, service('kube-vip', { 'kube-vip.io/loadbalancerIPs': '192.168.4.11' }));
    await client.post(SERVICES, service('field', {}, { loadBalancerIP: '192.168.4.12' }));
    expect([await address('metallb'), await address('kube-vip'), await address('field')]).toEqual([
      '192.168.4.10',
      '192.168.4.11',
      '192.168.4.12',
    ]);
  });

  it('gives one of its own where none is asked for', async () => {
    await client.post(SERVICES, service('any'));
    expect(await address('any')).toMatch(/^203\.0\.113\./);
  });

  it('gives an address once, and again when it was given back', async () => {
    await client.post(SERVICES, service('second', { 'metallb.io/loadBalancerIPs': '192.168.4.10' }));
    const events = `/api/v1/namespaces/default/events?fieldSelector=${encodeURIComponent('involvedObject.name=second,reason=AllocationFailed')}`;
    await client.until(events, ({ items }) => items.length > 0);
    expect((await client.get(`${SERVICES}/second`)).body.status.loadBalancer).toEqual({});
    await client.delete(`${SERVICES}/metallb`);
    expect(await address('second')).toBe('192.168.4.10');
  });

  it('takes the address from a service that is none any more', async () => {
    await client.patch(`${SERVICES}/second`, { spec: { type: 'ClusterIP' } });
    await client.until(`${SERVICES}/second`, (body) => body.status.loadBalancer.ingress === undefined);
  });
});
