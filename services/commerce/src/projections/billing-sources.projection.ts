import type { Projection } from '@souk/event-sourcing';
import type { BillingSourceEvent, BillingSourceRegistered } from '../domain/billing-source.events';

export interface BillingSourceDoc extends Omit<BillingSourceRegistered['data'], 'secretVersion'> {
  readonly registeredAt: string;
}

export const billingSourcesProjection: Projection<BillingSourceDoc, BillingSourceEvent> = {
  name: 'billing-sources',
  version: 1,
  streamPrefixes: ['billingSource-'],
  indexes: { all: ['name'] },
  on: {
    BillingSourceRegistered: (_, { data: { secretVersion: __, ...source }, recordedAt }) => ({
      ...source,
      registeredAt: recordedAt,
    }),
  },
};
