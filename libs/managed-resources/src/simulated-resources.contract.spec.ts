import { managedResourcesContract } from '../testing';
import { SimulatedResources } from './simulated-resources';

class Records {
  readonly values = new Map<string, string>();
  async get(key: string) {
    return this.values.get(key);
  }
  async put(key: string, value: string) {
    this.values.set(key, value);
  }
  async delete(key: string) {
    this.values.delete(key);
  }
}

managedResourcesContract('SimulatedResources', async () => {
  const records = new Records();
  return {
    resources: new SimulatedResources({ records, now: () => Date.now(), takesMs: 5 }),
    service: 'simulated-postgresql',
    plans: ['small', 'large'],
    count: () => records.values.size,
    destroy: async () => undefined,
  };
});

describe('A simulated resource', () => {
  const request = {
    resourceId: 'b9ba1c1e-0000-4000-8000-000000000001',
    serviceId: 'simulated-redis',
    planId: 'small',
    parameters: {},
    customer: { tenant: 'ten_1', instanceId: 'inst_1', node: 'cache' },
  };

  it('takes its time, and is still there in the next process', async () => {
    const records = new Records();
    let now = 0;
    const open = () => new SimulatedResources({ records, now: () => now, takesMs: 1000 });
    expect(await open().provision(request)).toEqual({ done: false });
    now = 400;
    expect(await open().lastOperation(request)).toMatchObject({ state: 'in-progress', retryAfterMs: 600 });
    now = 1000;
    expect(await open().lastOperation(request)).toEqual({ state: 'succeeded' });
    expect(await open().provision(request)).toEqual({ done: true });
    expect(await open().presenceOf(request)).toBe('there');
  });
});
