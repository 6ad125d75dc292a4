import { fold } from '@souk/event-sourcing';
import { given } from '@souk/event-sourcing/testing';
import { purchaseAggregate, type PurchaseCommand } from './purchase.decide';
import { SequenceConflict } from './purchase.errors';
import type {
  FulfilmentRefused,
  FulfilmentStarted,
  FulfilmentWithdrawn,
  OrderFact,
  OrderPaid,
  PurchaseEvent,
} from './purchase.events';

const reference = { purchaseId: 'pur_1', source: 'https://billing.example', orderId: 'order-1', billingTenant: 'ten_billing' };
const paid = (sequence: number, changes: Partial<OrderPaid['data']> = {}): OrderPaid => ({
  type: 'OrderPaid',
  data: {
    ...reference,
    sequence,
    buyerTenant: 'ten_buyer',
    appId: 'app_1',
    configuration: 'edge',
    clusterId: 'clu_1',
    parameters: { adminEmail: 'a@b.example' },
    secrets: {},
    ...changes,
  },
});
const cancelled = (sequence: number): OrderFact => ({ type: 'OrderCancelled', data: { ...reference, sequence } });
const refunded = (sequence: number): OrderFact => ({ type: 'OrderRefunded', data: { ...reference, sequence } });
const record = (fact: OrderFact): PurchaseCommand => ({ type: 'record-order-fact', fact });

const started = (sequence: number): FulfilmentStarted => ({
  type: 'FulfilmentStarted',
  data: {
    purchaseId: 'pur_1',
    sequence,
    instanceId: 'inst_1',
    instanceName: 'line',
    versionId: 'ver_1',
    providerTenant: 'ten_provider',
  },
});
const refused = (sequence: number): FulfilmentRefused => ({
  type: 'FulfilmentRefused',
  data: { purchaseId: 'pur_1', sequence, code: 'name-taken', detail: 'there is already an instance named "line"' },
});
const withdrawn: FulfilmentWithdrawn = { type: 'FulfilmentWithdrawn', data: { purchaseId: 'pur_1', instanceId: 'inst_1' } };
const start = (sequence: number): PurchaseCommand => ({ type: 'start-fulfilment', data: started(sequence).data });
const refuse = (sequence: number): PurchaseCommand => ({ type: 'refuse-fulfilment', data: refused(sequence).data });
const withdraw: PurchaseCommand = { type: 'withdraw-fulfilment', data: withdrawn.data };

describe('Purchase', () => {
  describe('unknown', () => {
    it('begins with its payment', () =>
      given(purchaseAggregate)
        .when(record(paid(1)))
        .then(paid(1)));
    it('begins with a refund that overtook its payment', () =>
      given(purchaseAggregate)
        .when(record(refunded(2)))
        .then(refunded(2)));
    it.each([start(1), refuse(1), withdraw])('has nothing to fulfil: %j', (command) =>
      given(purchaseAggregate).when(command).thenNothing(),
    );
  });

  describe('paid', () => {
    const purchase = given(purchaseAggregate, paid(1));
    it('takes the same payment for a repeat', () => purchase.when(record(paid(1))).thenNothing());
    it('refuses another payment under the same sequence', () =>
      purchase.when(record(paid(1, { clusterId: 'clu_2' }))).thenRefused(SequenceConflict));
    it('refuses a refund under the same sequence', () => purchase.when(record(refunded(1))).thenRefused(SequenceConflict));
    it('records a later payment', () => purchase.when(record(paid(3))).then(paid(3)));
    it('is refunded', () => purchase.when(record(refunded(2))).then(refunded(2)));
    it('is started', () => purchase.when(start(1)).then(started(1)));
    it('is refused', () => purchase.when(refuse(1)).then(refused(1)));
    it('has nothing to withdraw', () => purchase.when(withdraw).thenNothing());
    it('takes parameters that were erased for the same', () =>
      given(purchaseAggregate, paid(1, { parameters: null }))
        .when(record(paid(1)))
        .thenNothing());
  });

  describe('started', () => {
    const purchase = given(purchaseAggregate, paid(1), started(1));
    it('is started once', () => purchase.when(start(1)).thenNothing());
    it('is not started again by a later payment', () =>
      given(purchaseAggregate, paid(1), started(1), paid(2)).when(start(2)).thenNothing());
    it('may be refused by deployment', () => purchase.when(refuse(1)).then(refused(1)));
    it('is not refused for another payment', () => purchase.when(refuse(2)).thenNothing());
    it('is not withdrawn while it is paid', () => purchase.when(withdraw).thenNothing());
  });

  describe('refused', () => {
    const purchase = given(purchaseAggregate, paid(1), refused(1));
    it('is not tried again with the same payment', () => purchase.when(start(1)).thenNothing());
    it('is not refused twice', () => purchase.when(refuse(1)).thenNothing());
    it('is tried again with a later payment', () =>
      given(purchaseAggregate, paid(1), refused(1), paid(2)).when(start(2)).then(started(2)));
  });

  describe.each([
    ['refunded', refunded(2)],
    ['cancelled', cancelled(2)],
  ])('%s', (_, closed) => {
    it('records a payment that comes late', () =>
      given(purchaseAggregate, closed)
        .when(record(paid(1)))
        .then(paid(1)));
    it('is never started', () => given(purchaseAggregate, closed, paid(1)).when(start(1)).thenNothing());
    it('gives back what was started', () => given(purchaseAggregate, paid(1), started(1), closed).when(withdraw).then(withdrawn));
    it('gives it back once', () => given(purchaseAggregate, paid(1), started(1), closed, withdrawn).when(withdraw).thenNothing());
    it('has nothing to give back when nothing was started', () =>
      given(purchaseAggregate, paid(1), closed).when(withdraw).thenNothing());
  });

  describe('its parties', () => {
    const parties = (...events: PurchaseEvent[]) => purchaseAggregate.tenants(fold(purchaseAggregate, events));
    it('are billing alone, before the payment is seen', () => expect(parties(refunded(2))).toEqual(['ten_billing']));
    it('are buyer and billing, once it is paid', () => expect(parties(paid(1))).toEqual(['ten_buyer', 'ten_billing']));
    it('are the provider too, once it is started', () =>
      expect(parties(paid(1), started(1))).toEqual(['ten_buyer', 'ten_provider', 'ten_billing']));
  });
});
