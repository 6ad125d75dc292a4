import { type Aggregate, assertNever } from '@souk/event-sourcing';
import { BrokerNotFound } from './service-broker.errors';
import type { BrokerDescription, BrokerEvent, BrokerRegistered, BrokerRemoved } from './service-broker.events';

export type Broker =
  { readonly status: 'unknown' } | { readonly status: 'registered' | 'removed'; readonly description: BrokerDescription };

export type RegisterBroker = { readonly type: 'RegisterBroker'; readonly description: BrokerDescription };
export type RemoveBroker = { readonly type: 'RemoveBroker'; readonly brokerId: string };
export type BrokerCommand = RegisterBroker | RemoveBroker;

const register = ({ description }: RegisterBroker, state: Broker): BrokerRegistered[] => {
  if (state.status !== 'unknown') return [];
  return [{ type: 'BrokerRegistered', data: description }];
};

const remove = ({ brokerId }: RemoveBroker, state: Broker): BrokerRemoved[] => {
  if (state.status === 'unknown') throw new BrokerNotFound(brokerId);
  if (state.status === 'removed') return [];
  return [{ type: 'BrokerRemoved', data: { brokerId } }];
};

export const serviceBroker: Aggregate<Broker, BrokerCommand, BrokerEvent> = {
  category: 'broker',
  initial: { status: 'unknown' },
  eventTypes: { BrokerRegistered: {}, BrokerRemoved: {} },
  tenants: (state) => (state.status === 'unknown' ? [] : [state.description.ownerTenant]),
  evolve(state, event) {
    switch (event.type) {
      case 'BrokerRegistered':
        return { status: 'registered', description: event.data };
      case 'BrokerRemoved':
        return state.status === 'unknown' ? state : { status: 'removed', description: state.description };
      default:
        return assertNever(event);
    }
  },
  decide(command, state) {
    switch (command.type) {
      case 'RegisterBroker':
        return register(command, state);
      case 'RemoveBroker':
        return remove(command, state);
      default:
        return assertNever(command);
    }
  },
};
