import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { RequestRejected } from '../src/errors';
import type {
  BindingReference,
  Credentials,
  ManagedResources,
  OperationProgress,
  ResourceReference,
  ResourceRequest,
  Started,
} from '../src/managed-resources.port';

/** A provider to try the laws on. */
export interface ManagedResourcesFixture {
  readonly resources: ManagedResources;
  /** Of the catalogue: an offering by name, and two of its plans, of which one can be changed to the other. */
  readonly service: string;
  readonly plans: readonly [string, string];
  /** How many resources there are on the provider's side. */
  count(): number | Promise<number>;
  /** Closes everything. */
  destroy(): Promise<void>;
}

/** The laws of {@link ManagedResources}, for every adapter. */
export function managedResourcesContract(name: string, factory: () => Promise<ManagedResourcesFixture>): void {
  describe(`${name} as a ManagedResources`, () => {
    let fixture: ManagedResourcesFixture;
    let resources: ManagedResources;
    beforeEach(async () => {
      fixture = await factory();
      ({ resources } = fixture);
    });
    afterEach(() => fixture.destroy());

    const wanted = async (plan = fixture.plans[0]): Promise<ResourceRequest> => {
      const offering = (await resources.catalogue()).find((known) => known.name === fixture.service)!;
      const { planId } = offering.plans.find((known) => known.name === plan)!;
      const customer = { tenant: 'ten_1', instanceId: 'inst_1', node: 'db' };
      return { resourceId: randomUUID(), serviceId: offering.serviceId, planId, customer, parameters: {} };
    };
    const made = async (request: ResourceRequest): Promise<void> => {
      const started = await resources.provision(request);
      await settled(started, (ticket) => resources.lastOperation(request, 'provision', ticket));
    };
    const bound = async (binding: BindingReference): Promise<Credentials> => {
      const started = await resources.bind(binding);
      if (started.done) return started.credentials;
      await settled(started, (ticket) => resources.lastBindingOperation(binding, 'bind', ticket));
      return resources.credentials(binding);
    };
    const unbound = async (binding: BindingReference): Promise<void> => {
      const started = await resources.unbind(binding);
      await settled(started, (ticket) => resources.lastBindingOperation(binding, 'unbind', ticket));
    };
    const removed = async (resource: ResourceReference): Promise<void> => {
      const started = await resources.deprovision(resource);
      await settled(started, (ticket) => resources.lastOperation(resource, 'deprovision', ticket));
    };

    it('offers plans by name', async () => {
      const offering = (await resources.catalogue()).find((known) => known.name === fixture.service)!;
      expect(offering.plans.map((plan) => plan.name)).toEqual(expect.arrayContaining([...fixture.plans]));
    });

    it('makes one resource, however often it is asked', async () => {
      const request = await wanted();
      await resources.provision(request);
      await made(request);
      await made(request);
      expect(await fixture.count()).toBe(1);
      expect(await resources.presenceOf(request)).not.toBe('gone');
    });

    it('answers a binding asked for twice with the same credentials', async () => {
      const request = await wanted();
      await made(request);
      const binding = { ...request, bindingId: randomUUID() };
      const credentials = await bound(binding);
      expect(credentials).toEqual(await bound(binding));
      expect(credentials).toMatchObject({ host: expect.any(String), port: expect.any(String), uri: expect.any(String) });
      expect(await bound({ ...request, bindingId: randomUUID() })).not.toEqual(credentials);
    });

    it('changes a plan, asked once or twice', async () => {
      const request = await wanted();
      await made(request);
      const { planId } = await wanted(fixture.plans[1]);
      const change = { ...request, planId, previousPlanId: request.planId };
      for (let time = 0; time < 2; time++) {
        const started = await resources.change(change);
        await settled(started, (ticket) => resources.lastOperation(request, 'change', ticket));
      }
      expect(await fixture.count()).toBe(1);
    });

    it('leaves nothing, and takes what is gone for gone', async () => {
      const request = await wanted();
      await made(request);
      const binding = { ...request, bindingId: randomUUID() };
      await bound(binding);
      for (let time = 0; time < 2; time++) await unbound(binding);
      for (let time = 0; time < 2; time++) await removed(request);
      expect(await fixture.count()).toBe(0);
      expect(await resources.presenceOf(request)).not.toBe('there');
    });

    it('rejects a plan that it does not have', async () => {
      await expect(resources.provision({ ...(await wanted()), planId: 'no-such-plan' })).rejects.toThrow(RequestRejected);
      expect(await fixture.count()).toBe(0);
    });
  });
}

/** Asks until it is done. */
async function settled(started: Started, ask: (ticket?: string) => Promise<OperationProgress>): Promise<void> {
  if (started.done) return;
  for (;;) {
    const { state, description, retryAfterMs = 1 } = await ask(started.ticket);
    if (state === 'succeeded') return;
    if (state === 'failed') throw new Error(description ?? 'it failed');
    await pause(Math.min(retryAfterMs, 50));
  }
}
