import { type DomainEvent, positionOf, project, type RecordedEvent } from '@souk/event-sourcing';
import type { OrderPaid, PurchaseEvent } from '../domain/purchase.events';
import { type PurchaseDoc, purchasesProjection } from './purchases.projection';

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
    parameters: { adminEmail: 'a@b.example' },
    secrets: { dbPassword: 'line-1' },
  },
});
const refunded: PurchaseEvent = { type: 'OrderRefunded', data: { ...reference, sequence: 4, reason: 'broken' } };
const started: PurchaseEvent = {
  type: 'FulfilmentStarted',
  data: {
    purchaseId: 'pur_1',
    sequence: 1,
    instanceId: 'inst_1',
    instanceName: 'line',
    versionId: 'ver_1',
    providerTenant: 'ten_p',
  },
};

function after(...events: PurchaseEvent[]): PurchaseDoc | undefined {
  return events.reduce<PurchaseDoc | undefined>(
    (doc, event, revision) => project(purchasesProjection, doc, recorded(event, revision), 'pur_1'),
    undefined,
  );
}

function recorded(event: DomainEvent, revision: number): RecordedEvent<PurchaseEvent> {
  const metadata = {
    commandId: 'c',
    correlationId: 'r',
    causationId: 'r',
    actor: { kind: 'billing', id: 'b' },
    tenants: [],
    schemaVersion: 1,
  };
  const place = { id: `e${revision}`, stream: 'purchase-0', revision, position: positionOf('aaaaaaaa', revision) };
  return {
    ...event,
    ...place,
    metadata,
    recordedAt: `2026-01-01T00:00:0${revision}.000Z`,
  } as unknown as RecordedEvent<PurchaseEvent>;
}

describe('The read model of purchases', () => {
  it('is kept under the id of the purchase, not of its stream', () => {
    expect(purchasesProjection.keys?.(recorded(paid(1), 0))).toEqual(['pur_1']);
  });

  it('shows what was ordered, without parameters', () => {
    const doc = after(paid(1));
    expect(doc).toMatchObject({
      status: 'paid',
      buyerTenant: 'ten_buyer',
      order: { clusterId: 'clu_1' },
      gaps: [],
      fulfilment: { status: 'open' },
    });
    expect(JSON.stringify(doc)).not.toContain('a@b.example');
  });

  it('shows the payment with the highest sequence, whichever came last', () => {
    expect(after(paid(1), paid(2))?.order).toEqual(after(paid(2), paid(1))?.order);
    expect(after(paid(2), paid(1))?.order?.clusterId).toBe('clu_2');
  });

  it('shows gaps', () => {
    expect(after(paid(1), refunded)).toMatchObject({
      status: 'refunded',
      gaps: [2, 3],
      received: [{ sequence: 1 }, { sequence: 4 }],
    });
  });

  it('belongs to nobody but billing while only a refund was seen', () => {
    expect(after(refunded)).toMatchObject({ status: 'refunded', buyerTenant: null, providerTenant: null, gaps: [1, 2, 3] });
  });

  it('shows what became of it', () => {
    const withdrawn: PurchaseEvent = { type: 'FulfilmentWithdrawn', data: { purchaseId: 'pur_1', instanceId: 'inst_1' } };
    const refused: PurchaseEvent = {
      type: 'FulfilmentRefused',
      data: { purchaseId: 'pur_1', sequence: 1, code: 'x', detail: 'y' },
    };
    expect(after(paid(1), started)).toMatchObject({
      fulfilment: { status: 'started', instanceId: 'inst_1' },
      providerTenant: 'ten_p',
    });
    expect(after(paid(1), started, refused)).toMatchObject({ fulfilment: { status: 'refused', code: 'x' } });
    expect(after(paid(1), started, refunded, withdrawn)).toMatchObject({ fulfilment: { status: 'withdrawn' }, revision: 3 });
  });
});
