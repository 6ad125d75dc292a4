import type { Projection } from '@souk/event-sourcing';
import type { BrokerDescription, BrokerEvent } from '../domain/cloud/service-broker.events';

export interface BrokerDoc extends BrokerDescription {
  readonly revision: number;
  readonly registeredAt: string;
}

export const serviceBrokersProjection: Projection<BrokerDoc, BrokerEvent> = {
  name: 'service-brokers',
  version: 1,
  streamPrefixes: ['broker-'],
  indexes: { all: ['name'] },
  on: {
    BrokerRegistered: (_, { data, revision, recordedAt }) => ({ ...data, revision, registeredAt: recordedAt }),
    BrokerRemoved: () => undefined,
  },
};
