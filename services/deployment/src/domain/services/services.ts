import type { ServiceProvision } from '@souk/contracts';
import { assertNever } from '@souk/event-sourcing';
import type { Place, ServiceBinding, ServicesEvent } from './services.events';

/** What an instance provides to others on its cluster, and what it was bound to (F38). By service model, both. */
export interface Services {
  /** Absent before the first fact. */
  readonly place?: Place;
  readonly offers: ReadonlyMap<string, ServiceProvision>;
  /** It has offered something at some time: others may be bound to it. */
  readonly offered: boolean;
  readonly bound: ReadonlyMap<string, BoundService>;
}

export interface BoundService extends ServiceBinding {
  /** Who provided it is not there any more. */
  readonly gone: boolean;
}

export const noServices: Services = { offers: new Map(), offered: false, bound: new Map() };

export function evolveServices(state: Services, { type, data }: ServicesEvent): Services {
  const { instanceId, ownerTenant, clusterId, model } = data;
  const known = { ...state, place: { instanceId, ownerTenant, clusterId } };
  switch (type) {
    case 'ServiceOffered':
      return { ...known, offered: true, offers: new Map(state.offers).set(model, { model, node: data.node, port: data.port }) };
    case 'ServiceOfferWithdrawn':
      return { ...known, offers: new Map([...state.offers].filter(([other]) => other !== model)) };
    case 'ServiceBound': {
      const { provider, host, port } = data;
      return { ...known, bound: new Map(state.bound).set(model, { model, provider, host, port, gone: false }) };
    }
    case 'ServiceUnbound': {
      const bound = state.bound.get(model);
      return bound ? { ...known, bound: new Map(state.bound).set(model, { ...bound, gone: true }) } : known;
    }
    default:
      return assertNever(type);
  }
}
