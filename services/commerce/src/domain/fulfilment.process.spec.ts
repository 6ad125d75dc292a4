import { fold, isIgnored } from '@souk/event-sourcing';
import { fulfilment } from './fulfilment.process';
import { purchaseAggregate } from './purchase.decide';
import type { OrderPaid, PurchaseEvent } from './purchase.events';

const reference = { purchaseId: 'pur_1', source: 'https://billing.example', orderId: 'order-1', billingTenant: 'ten_billing' };
const paid = (sequence: number): OrderPaid => ({
  type: 'OrderPaid',
  data: {
    ...reference,
    sequence,
    buyerTenant: 'ten_buyer',
    appId: 'app_1',
    configuration: 'edge',
    clusterId: `clu_${sequence}`,
    parameters: {},
    secrets: {},
  },
});
const refunded: PurchaseEvent = { type: 'OrderRefunded', data: { ...reference, sequence: 9 } };
const decided = { instanceId: 'inst_1', instanceName: 'line', versionId: 'ver_1' };
const started: PurchaseEvent = {
  type: 'FulfilmentStarted',
  data: { ...decided, purchaseId: 'pur_1', sequence: 1, providerTenant: 'ten_provider' },
};
const refused: PurchaseEvent = { type: 'FulfilmentRefused', data: { purchaseId: 'pur_1', sequence: 1, code: 'x', detail: 'y' } };
const withdrawn: PurchaseEvent = { type: 'FulfilmentWithdrawn', data: { purchaseId: 'pur_1', instanceId: 'inst_1' } };

const after = (...events: PurchaseEvent[]) => fulfilment.react('order-fact-received', fold(purchaseAggregate, events));
const request = { type: 'request-instance', order: paid(1).data, started: { status: 'started', sequence: 1, ...decided } };

describe('Fulfilment of an order', () => {
  it('starts what is paid', () => {
    expect(after(paid(1))).toEqual([{ type: 'start-order', order: paid(1).data }]);
  });

  it('asks for the instance that was decided on, again and again, until deployment has answered', () => {
    expect(after(paid(1), started)).toEqual([request]);
  });

  it('keeps to the payment that started it', () => {
    expect(after(paid(1), started, paid(2))).toEqual([request]);
  });

  it('waits for a later payment when it was refused', () => {
    expect(isIgnored(after(paid(1), refused))).toBe(true);
    expect(isIgnored(after(paid(1), started, refused))).toBe(true);
  });

  it('starts again with a later payment', () => {
    expect(after(paid(1), started, refused, paid(2))).toEqual([{ type: 'start-order', order: paid(2).data }]);
  });

  it('withdraws the instance of a refunded order', () => {
    expect(after(paid(1), started, refunded)).toEqual([{ type: 'withdraw-instance', purchaseId: 'pur_1', instanceId: 'inst_1' }]);
  });

  it.each([
    ['was refunded before it was paid', [refunded, paid(1)]],
    ['was refunded before it was started', [paid(1), refunded]],
    ['was refunded after it was refused', [paid(1), started, refused, refunded]],
    ['was withdrawn before', [paid(1), started, refunded, withdrawn]],
    ['is not known', []],
  ])('does nothing for an order that %s', (_, events) => {
    expect(isIgnored(after(...events))).toBe(true);
  });
});
