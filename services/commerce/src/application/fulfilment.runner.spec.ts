import { CommandHandler, derivedUuid, fold } from '@souk/event-sourcing';
import { temporaryFolder } from '@souk/event-sourcing/testing';
import { LmdbEventStore } from '@souk/event-store';
import fc from 'fast-check';
import { app, EveryTenant, InMemoryDeployment, OneApp, OneVersion, version } from '../../test/other-services';
import type { KnownPurchase } from '../domain/purchase';
import { purchaseAggregate } from '../domain/purchase.decide';
import type { OrderFact, OrderPaid } from '../domain/purchase.events';
import { FulfilmentRunner } from './fulfilment.runner';
import { instanceIdOf, orderIds } from './order-ids';

const source = 'https://billing.example';
const buyerTenant = 'ten_01J0000000000000000000000A';
const cause = { eventId: 'evt', correlationId: 'cor' };

const reference = (orderId: string, sequence: number) => ({
  purchaseId: orderIds(source, orderId).purchaseId,
  source,
  orderId,
  billingTenant: 'ten_01J0000000000000000000000B',
  sequence,
});
const paid = (orderId: string, sequence: number, changes: Partial<OrderPaid['data']> = {}): OrderPaid => ({
  type: 'OrderPaid',
  data: {
    ...reference(orderId, sequence),
    buyerTenant,
    appId: app.appId,
    configuration: 'edge',
    clusterId: 'clu_01J0000000000000000000000C',
    parameters: {},
    secrets: {},
    ...changes,
  },
});
const refunded = (orderId: string, sequence: number): OrderFact => ({
  type: 'OrderRefunded',
  data: reference(orderId, sequence),
});

describe('FulfilmentRunner', () => {
  const folder = temporaryFolder();
  let store: LmdbEventStore;
  let commands: CommandHandler;
  let deployment: InMemoryDeployment;
  let releases: OneVersion;
  let runner: FulfilmentRunner;
  let delivery = 0;

  beforeAll(async () => {
    store = await LmdbEventStore.open({ directory: folder.path });
    commands = new CommandHandler(store);
  });
  beforeEach(() => {
    deployment = new InMemoryDeployment();
    releases = new OneVersion();
    runner = new FulfilmentRunner(commands, new OneApp(), releases, deployment, new EveryTenant());
  });
  afterAll(async () => {
    await store.close();
    folder.remove();
  });

  const say = async (fact: OrderFact): Promise<string> => {
    const { streamId } = orderIds(source, fact.data.orderId);
    const context = {
      ...cause,
      causationId: 'req',
      actor: { kind: 'billing', id: 'bil_1' },
      commandId: derivedUuid('test', delivery++),
    } as const;
    await commands.handle(purchaseAggregate, streamId, { type: 'record-order-fact', fact }, context);
    return streamId;
  };
  const tell = async (fact: OrderFact): Promise<KnownPurchase> => {
    const streamId = await say(fact);
    await runner.run(streamId, cause);
    return state(streamId);
  };
  const state = async (streamId: string): Promise<KnownPurchase> =>
    (await commands.load(purchaseAggregate, streamId)).state as KnownPurchase;

  it('asks for one instance of the newest released version', async () => {
    const { fulfilment, purchaseId } = await tell(paid('one', 1));
    expect(fulfilment).toMatchObject({ status: 'started', instanceId: instanceIdOf(purchaseId), versionId: version.versionId });
    expect([...deployment.live.keys()]).toEqual([instanceIdOf(purchaseId)]);
    await runner.run(orderIds(source, 'one').streamId, cause);
    expect(deployment.created).toBe(1);
  });

  it('is refused for a buyer whom nobody knows', async () => {
    const order = paid('nobody', 1);
    const { fulfilment } = await tell({ ...order, data: { ...order.data, buyerTenant: 'ten_nobody' } });
    expect(fulfilment).toMatchObject({ status: 'refused', code: 'buyer-not-found' });
    expect(deployment.created).toBe(0);
  });

  it('deletes it when the order is refunded', async () => {
    await tell(paid('two', 1));
    expect((await tell(refunded('two', 2))).fulfilment.status).toBe('withdrawn');
    expect(deployment.live.size).toBe(0);
  });

  it('never asks for one when the refund came first', async () => {
    await tell(refunded('three', 2));
    expect(await tell(paid('three', 1))).toMatchObject({ status: 'refunded', fulfilment: { status: 'open' } });
    expect(deployment.created).toBe(0);
  });

  it('records why deployment refused, and tries a later payment', async () => {
    await tell(paid('four', 1, { instanceName: 'hall' }));
    expect(await tell(paid('five', 1, { instanceName: 'hall' }))).toMatchObject({
      providerTenant: app.providerTenant,
      fulfilment: { status: 'refused', sequence: 1, code: 'name-taken', detail: 'there is already an instance named "hall"' },
    });
    expect((await tell(paid('five', 2, { instanceName: 'hall 2' }))).fulfilment).toMatchObject({
      status: 'started',
      sequence: 2,
    });
    expect([...deployment.live.values()].map(({ name }) => name)).toEqual(['hall', 'hall 2']);
  });

  it('records that the app does not exist', async () => {
    expect((await tell(paid('six', 1, { appId: 'app_01J00000000000000000000000' }))).fulfilment).toMatchObject({
      code: 'app-not-found',
    });
  });

  it('keeps to the version that it decided on, when it was cut off before the answer', async () => {
    const streamId = await say(paid('seven', 1));
    deployment.failAfter = () => true;
    await expect(runner.run(streamId, cause)).rejects.toThrow('connection reset');
    deployment.failAfter = undefined;
    releases.newest = { ...version, versionId: 'ver_01J00000000000000000000000' };
    await runner.run(streamId, cause);
    expect((await state(streamId)).fulfilment).toMatchObject({ status: 'started', versionId: version.versionId });
    expect(deployment.created).toBe(1);
  });

  it('throws what nobody needs to mend, and records nothing', async () => {
    const streamId = await say(paid('eight', 1));
    deployment.failBefore = () => true;
    await expect(runner.run(streamId, cause)).rejects.toThrow('connection refused');
    expect((await state(streamId)).fulfilment.status).toBe('started');
  });

  it('gives one instance to each live order and none to the others, whatever is repeated, late or cut off', async () => {
    const orders = fc.array(
      fc.record({
        refundedAt: fc.option(fc.integer({ min: 1, max: 3 })),
        payments: fc.integer({ min: 1, max: 2 }),
        copies: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 3, maxLength: 3 }),
      }),
      { minLength: 5, maxLength: 8 },
    );
    let run = 0;
    await fc.assert(
      fc.asyncProperty(orders, fc.infiniteStream(fc.nat(2 ** 30)), async (said, chance) => {
        deployment = new InMemoryDeployment();
        runner = new FulfilmentRunner(commands, new OneApp(), releases, deployment, new EveryTenant());
        const draw = (below: number): number => (chance.next().value as number) % below;
        deployment.failBefore = () => draw(8) === 0;
        deployment.failAfter = () => draw(8) === 0;
        run++;
        const facts = said.map(({ refundedAt, payments }, n) => {
          const orderId = `run ${run} order ${n}`;
          const list: OrderFact[] = Array.from({ length: payments }, (_, k) =>
            paid(orderId, k < (refundedAt ?? 9) - 1 ? k + 1 : k + 2),
          );
          if (refundedAt !== null) list.push(refunded(orderId, refundedAt));
          return list;
        });
        const deliveries = facts.flatMap((list, n) =>
          list.flatMap((fact, k) => Array.from({ length: said[n]!.copies[k]! }, () => fact)),
        );
        for (let left = deliveries.length; left > 0; left--) {
          const streamId = await say(deliveries.splice(draw(left), 1)[0]!);
          // As the bus does: again until it works.
          while (await runner.run(streamId, cause).catch(() => true)) continue;
        }
        const live = facts.filter((list) => !list.some(({ type }) => type === 'OrderRefunded'));
        expect([...deployment.live.keys()].sort()).toEqual(live.map(([fact]) => instanceIdOf(fact!.data.purchaseId)).sort());
        expect(deployment.created - deployment.deleted.size).toBe(live.length);
        for (const list of facts) {
          const { received } = await state(orderIds(source, list[0]!.data.orderId).streamId);
          const { received: expected } = fold(purchaseAggregate, list) as KnownPurchase;
          expect(received).toEqual(expected);
        }
      }),
      { numRuns: 10 },
    );
  }, 60_000);
});
