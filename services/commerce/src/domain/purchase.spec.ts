import { fold } from '@souk/event-sourcing';
import fc from 'fast-check';
import { gapsIn, orderStatus, type Purchase } from './purchase';
import { purchaseAggregate } from './purchase.decide';
import type { OrderFact } from './purchase.events';

const reference = { purchaseId: 'pur_1', source: 'https://billing.example', orderId: 'order-1', billingTenant: 'ten_billing' };

/** What a billing system may say about one order: facts with the numbers 1, 2, 3 … of which some got lost. */
const history: fc.Arbitrary<OrderFact[]> = fc
  .array(
    fc.record({
      type: fc.constantFrom('OrderPaid', 'OrderPaid', 'OrderCancelled', 'OrderRefunded'),
      cluster: fc.nat(3),
      lost: fc.nat(9),
    }),
    {
      minLength: 1,
      maxLength: 8,
    },
  )
  .map((said) =>
    said.flatMap(({ type, cluster, lost }, index): OrderFact[] => {
      if (lost === 0) return [];
      const ordered = {
        buyerTenant: 'ten_buyer',
        appId: 'app_1',
        configuration: 'edge',
        clusterId: `clu_${cluster}`,
        parameters: {},
        secrets: {},
      };
      const data = { ...reference, sequence: index + 1 };
      return type === 'OrderPaid' ? [{ type, data: { ...data, ...ordered } }] : [{ type: type as 'OrderRefunded', data }];
    }),
  );

/** The same history as it arrives: every fact one to five times, in any order. */
const delivered = history.chain((facts) =>
  fc
    .tuple(...facts.map((fact) => fc.integer({ min: 1, max: 5 }).map((times) => Array.from({ length: times }, () => fact))))
    .chain((copies) => fc.shuffledSubarray(copies.flat(), { minLength: copies.flat().length }))
    .map((deliveries) => ({ facts, deliveries })),
);

function receive(deliveries: readonly OrderFact[]): { state: Purchase; events: number } {
  let state = purchaseAggregate.initial;
  let events = 0;
  for (const fact of deliveries) {
    const decided = purchaseAggregate.decide({ type: 'record-order-fact', fact }, state);
    for (const event of decided) state = purchaseAggregate.evolve(state, event);
    events += decided.length;
  }
  return { state, events };
}

describe('Purchase', () => {
  it('comes to the same state whatever the order and the number of deliveries', () => {
    fc.assert(
      fc.property(delivered, ({ facts, deliveries }) => {
        const { state, events } = receive(deliveries);
        expect(state).toEqual(fold(purchaseAggregate, facts));
        expect(state.status === 'unknown' ? [] : [...state.received.keys()]).toEqual(facts.map(({ data }) => data.sequence));
        expect(events).toBe(facts.length);
      }),
      { numRuns: 500 },
    );
  });

  it('is paid for by the payment with the highest sequence, unless it was refunded or cancelled', () => {
    fc.assert(
      fc.property(delivered, ({ facts, deliveries }) => {
        const { state } = receive(deliveries);
        const closed = facts.some(({ type }) => type !== 'OrderPaid');
        const last = facts.findLast(({ type }) => type === 'OrderPaid');
        expect(state.status === 'paid').toBe(!closed && last !== undefined);
        if (state.status === 'paid') expect(state.order).toEqual(last?.data);
      }),
    );
  });

  it.each([
    [['OrderPaid'], 'paid'],
    [['OrderPaid', 'OrderCancelled'], 'cancelled'],
    [['OrderCancelled', 'OrderPaid'], 'cancelled'],
    [['OrderPaid', 'OrderRefunded', 'OrderCancelled'], 'refunded'],
    [['OrderCancelled', 'OrderRefunded'], 'refunded'],
  ] as const)('after %j is %s', (types, status) => {
    expect(orderStatus(types)).toBe(status);
  });

  it.each([
    [[1], []],
    [[3], [1, 2]],
    [
      [6, 1, 4],
      [2, 3, 5],
    ],
  ])('of the numbers %j misses %j', (sequences, gaps) => {
    expect(gapsIn(sequences)).toEqual(gaps);
  });

  it('lists at most a hundred gaps', () => {
    expect(gapsIn([999_999_999])).toHaveLength(100);
  });
});
