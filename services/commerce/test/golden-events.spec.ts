import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { idPrefixes } from '@souk/contracts';
import { fold } from '@souk/event-sourcing';
import { goldenEvents } from '@souk/event-sourcing/testing';
import { billingSourceAggregate } from '../src/domain/billing-source.decide';
import type { BillingSourceEvent } from '../src/domain/billing-source.events';
import { purchaseAggregate } from '../src/domain/purchase.decide';
import type { PurchaseEvent } from '../src/domain/purchase.events';

const folder = join(__dirname, 'golden');
const golden = new Map(
  readdirSync(folder).map((file) => [file.split('.')[0]!, JSON.parse(readFileSync(join(folder, file), 'utf8')) as unknown]),
);

goldenEvents(folder, [purchaseAggregate, billingSourceAggregate]);

describe('Golden events, one after the other', () => {
  it('make a purchase that was paid, refused, paid, refunded and withdrawn', () => {
    const order = [
      'OrderPaid',
      'FulfilmentRefused',
      'FulfilmentStarted',
      'OrderCancelled',
      'OrderRefunded',
      'FulfilmentWithdrawn',
    ];
    const state = fold(
      purchaseAggregate,
      order.map((type) => golden.get(type) as PurchaseEvent),
    );
    expect(state).toMatchObject({
      status: 'refunded',
      order: { configuration: 'edge', parameters: { adminEmail: 'admin@buyer.example' } },
      fulfilment: { status: 'withdrawn', instanceId: expect.stringMatching(`^${idPrefixes.instance}_`) },
    });
  });

  it('make a registered billing source', () => {
    const event = golden.get('BillingSourceRegistered') as BillingSourceEvent;
    expect(billingSourceAggregate.evolve(billingSourceAggregate.initial, event)).toEqual({ status: 'registered', ...event.data });
  });
});
