import { fold } from '@souk/event-sourcing';
import { type Credentials, ServiceBroker } from '@souk/managed-resources';
import { TestBroker } from '@souk/managed-resources/testing';
import { ids } from '../../../test/sample';
import { failureFor, isUnderWay, type Resource, type Resources } from '../../domain/cloud/resources';
import { MAX_DELAYS, type ResourceCommand, resources as aggregate } from '../../domain/cloud/resources.decide';
import type { ResourceEvent, ResourceFact } from '../../domain/cloud/resources.events';
import { CloudProviders } from './cloud-providers';
import type { CloudResources } from './cloud-resources';
import { ResourceSteps, type Step } from './resource-steps';

const of = { instanceId: ids.instanceId, operationId: ids.operationId, node: 'rds' };
const parties = { ownerTenant: ids.buyer, providerTenant: ids.provider };
const spec = { service: 'broker-postgresql', plan: 'small', parameters: {}, specHash: 'h' };

/** Takes the steps of one resource, against a broker. What is recorded and kept is in memory. */
class Worker {
  readonly events: ResourceEvent[] = [];
  readonly kept = new Map<number, Credentials>();
  now = new Date('2026-01-01T00:00:00.000Z');
  private readonly steps: ResourceSteps;

  constructor(
    readonly client: ServiceBroker,
    private readonly crashing: boolean,
  ) {
    const builtIn = { byName: new Map([['broker', client]]) };
    const providers = new CloudProviders(builtIn, { ids: async () => [] } as never, { trialCloudPlans: [] } as never);
    const vault: Pick<CloudResources, 'keepCredentials' | 'forgetCredentials' | 'parameters'> = {
      parameters: async (_, { parameters }) => parameters,
      keepCredentials: async (_, { attempt }, credentials) => void this.kept.set(attempt, credentials),
      forgetCredentials: async (_, { attempt }) => void this.kept.delete(attempt),
    };
    this.steps = new ResourceSteps(providers, vault as CloudResources, { now: () => this.now });
  }

  get state(): Resources {
    return fold(aggregate, this.events);
  }

  get resource(): Resource | undefined {
    return this.state.byNode.get('rds');
  }

  tell(command: ResourceCommand): void {
    this.events.push(...aggregate.decide(command, this.state));
  }

  want(deadline = '2026-01-01T01:00:00.000Z'): void {
    this.tell({ type: 'WantResource', data: { ...of, ...spec, ...parties, deadline } });
  }

  release(): void {
    this.tell({ type: 'ReleaseResource', data: of });
  }

  /** One step; where it crashes, once more, since what came of it the first time was not recorded. */
  async step(): Promise<Step> {
    const { resource, state } = this;
    const take = () => this.steps.next(of.instanceId, resource!, state);
    if (this.crashing) await take();
    const next = await take();
    const told = next.type === 'wait' ? next.told : next;
    if (told) {
      const fact = { type: told.type, data: { ...of, ...told.data } } as ResourceFact;
      this.tell({ type: 'RecordResource', resourceId: resource!.resourceId, fact });
    }
    return next;
  }

  async finish(): Promise<this> {
    for (let step = 0; step < 100 && this.resource && isUnderWay(this.resource); step++) await this.step();
    return this;
  }
}

describe.each([
  ['a worker', false],
  ['a worker that dies after every call, before it can tell', true],
])('%s', (_, crashing) => {
  describe.each([
    ['at once', { polls: 0, asyncBindings: false }],
    ['after a while', { polls: 3, asyncBindings: true }],
  ])('with a broker that does things %s', (__, options) => {
    let broker: TestBroker;
    let worker: Worker;
    beforeEach(async () => {
      broker = await TestBroker.start(options);
      const client = new ServiceBroker({ url: broker.url, credentials: broker.credentials });
      worker = new Worker(client, crashing);
      worker.want();
    });
    afterEach(async () => {
      worker.client.close();
      await broker.stop();
    });

    it('makes one resource with one binding, and leaves neither', async () => {
      await worker.finish();
      expect(worker.resource).toMatchObject({ status: 'bound', version: 1, credentials: expect.arrayContaining(['uri']) });
      expect([broker.instances.size, broker.bindings, worker.kept.size]).toEqual([1, 1, 1]);
      worker.release();
      await worker.finish();
      expect(worker.resource).toMatchObject({ status: 'gone' });
      expect(worker.events.at(-1)).toMatchObject({ type: 'ResourceDeprovisioned', data: { confirmed: true } });
      expect([broker.instances.size, broker.bindings, worker.kept.size]).toEqual([0, 0, 0]);
    });

    it.each(['ResourcePlaced', 'ResourceProvisioning', 'ResourceProvisioned', 'ResourceBinding'])(
      'leaves nothing of one that is released after %s',
      async (type) => {
        for (let step = 0; step < 20 && worker.resource!.status !== 'bound'; step++)
          if ((await worker.step()).type === type) break;
        worker.release();
        await worker.finish();
        expect(worker.resource).toMatchObject({ status: 'gone' });
        expect([broker.instances.size, broker.bindings, worker.kept.size]).toEqual([0, 0, 0]);
      },
    );

    it.each([
      ['a lost answer', { method: 'PUT', when: 'cut' }],
      ['an error after it was done', { method: 'PUT', when: 'after', status: 500 }],
      ['an answer that nobody understands', { method: 'PUT', when: 'after', status: 201, body: 'made' }],
    ] as const)('throws away what may have been made after %s, and tries again', async (___, fault) => {
      broker.goesWrong(fault, { ...fault, path: 'service_bindings' });
      await worker.finish();
      expect(worker.resource).toMatchObject({ status: 'bound' });
      expect([broker.instances.size, broker.bindings, worker.kept.size]).toEqual([1, 1, 1]);
    });

    it('gives up what is not there in time, and leaves nothing', async () => {
      broker.configure({ polls: 1_000_000 });
      await worker.step();
      await worker.step();
      worker.now = new Date('2026-01-01T02:00:00.000Z');
      await worker.step();
      broker.configure({ polls: 1 });
      broker.hurry();
      await worker.finish();
      expect(worker.resource).toMatchObject({
        status: 'failed',
        failure: { reason: expect.stringContaining('not there in time') },
      });
      expect(broker.instances.size).toBe(0);
    });

    it('lets nobody wait for what is neither made nor removed in time, and removes it all the same', async () => {
      broker.configure({ polls: 1_000_000 });
      await worker.step();
      await worker.step();
      worker.now = new Date('2026-01-01T02:00:00.000Z');
      await worker.step();
      const down = { method: 'DELETE', when: 'before', status: 503 } as const;
      broker.goesWrong(...Array.from({ length: 10 }, () => down));
      expect(await worker.step()).toMatchObject({ type: 'ResourceFailed', data: { passing: false } });
      expect(worker.resource!.status).toBe('leaving');
      expect(failureFor(worker.resource, of.operationId, spec.specHash)).toContain('not there in time');
      broker.configure({ polls: 1 });
      broker.hurry();
      await worker.finish();
      expect([worker.resource!.status, broker.instances.size]).toEqual(['failed', 0]);
    });

    it('waits as long as it takes for a broker that can’t remove something', async () => {
      await worker.finish();
      worker.release();
      const down = { method: 'DELETE', when: 'before', status: 503 } as const;
      broker.goesWrong(...Array.from({ length: 10 }, () => down));
      expect(await worker.step()).toMatchObject({
        type: 'wait',
        delay: { code: 'outcome-unknown' },
        said: 'the broker answers 503: it goes wrong',
      });
      await worker.finish();
      expect(worker.resource).toMatchObject({ status: 'gone' });
      expect(broker.instances.size).toBe(0);
    });
  });
});

describe('a worker whose broker fails to remove', () => {
  it('waits after every removal that fails, tells of no more than some, and removes it in the end', async () => {
    const broker = await TestBroker.start({ polls: 1, asyncBindings: true });
    const client = new ServiceBroker({ url: broker.url, credentials: broker.credentials });
    try {
      const worker = new Worker(client, false);
      worker.want();
      await worker.finish();
      worker.release();
      for (let step = 0; step < 5 && !isGoing(await worker.step()); step++);
      const begun = worker.events.length;
      broker.nextOperationsFail(1_000_000);
      const taken: Step[] = [];
      for (let step = 0; step < 4 * MAX_DELAYS; step++) taken.push(await worker.step());
      expect(taken.filter((step) => step.type !== 'wait' && isGoing(step)).length).toBeLessThanOrEqual(1);
      const delay = { code: 'provider-failed', reason: expect.any(String) };
      expect(taken).toContainEqual(expect.objectContaining({ type: 'wait', delay, told: expect.anything() }));
      expect(worker.events.length - begun).toBeLessThanOrEqual(MAX_DELAYS + 2);
      broker.nextOperationsFail(0);
      await worker.finish();
      expect([worker.resource!.status, broker.instances.size]).toEqual(['gone', 0]);
    } finally {
      client.close();
      await broker.stop();
    }
  });
});

const isGoing = ({ type }: Step): boolean => type === 'ResourceUnbinding' || type === 'ResourceDeprovisioning';
