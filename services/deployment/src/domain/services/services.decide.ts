import type { ServiceProvision } from '@souk/contracts';
import { type Aggregate, assertNever } from '@souk/event-sourcing';
import { evolveServices, noServices, type Services } from './services';
import type { Place, ServiceBinding, ServicesEvent } from './services.events';

/** What runs provides exactly this. */
export interface AlignOffers {
  readonly type: 'AlignOffers';
  readonly place: Place;
  readonly offers: readonly ServiceProvision[];
}

/** The instance reaches these services there, beside those that it was bound to before. */
export interface BindServices {
  readonly type: 'BindServices';
  readonly place: Place;
  readonly bindings: readonly ServiceBinding[];
}

/** An instance that provided something is gone, or provides these no more; or, where none is named, this one itself is gone. */
export interface UnbindServices {
  readonly type: 'UnbindServices';
  readonly provider?: string;
  /** All, where none are named. */
  readonly models?: readonly string[];
}

export type ServicesCommand = AlignOffers | BindServices | UnbindServices;

const align = ({ place, offers }: AlignOffers, state: Services): ServicesEvent[] => {
  const wanted = new Set(offers.map(({ model }) => model));
  const news = offers.filter(({ model, node, port }) => {
    const known = state.offers.get(model);
    return known?.node !== node || known.port !== port;
  });
  return [
    ...[...state.offers.keys()]
      .filter((model) => !wanted.has(model))
      .map((model) => ({ type: 'ServiceOfferWithdrawn', data: { ...place, model } }) as const),
    ...news.map(({ model, node, port }) => ({ type: 'ServiceOffered', data: { ...place, model, node, port } }) as const),
  ];
};

const bind = ({ place, bindings }: BindServices, state: Services): ServicesEvent[] =>
  bindings
    .filter(({ model, provider, host, port }) => {
      const known = state.bound.get(model);
      return !known || known.gone || known.provider !== provider || known.host !== host || known.port !== port;
    })
    .map(({ model, provider, host, port }) => ({ type: 'ServiceBound', data: { ...place, model, provider, host, port } }));

const unbind = ({ provider, models }: UnbindServices, { place, bound }: Services): ServicesEvent[] => {
  if (!place) return [];
  return [...bound.values()]
    .filter((service) => !service.gone && (provider === undefined || service.provider === provider))
    .filter(({ model }) => models === undefined || models.includes(model))
    .map((service) => ({ type: 'ServiceUnbound', data: { ...place, model: service.model, provider: service.provider } }));
};

export const services: Aggregate<Services, ServicesCommand, ServicesEvent> = {
  category: 'services',
  initial: noServices,
  eventTypes: { ServiceOffered: {}, ServiceOfferWithdrawn: {}, ServiceBound: {}, ServiceUnbound: {} },
  tenants: ({ place }) => (place ? [place.ownerTenant] : []),
  evolve: evolveServices,
  decide(command, state) {
    switch (command.type) {
      case 'AlignOffers':
        return align(command, state);
      case 'BindServices':
        return bind(command, state);
      case 'UnbindServices':
        return unbind(command, state);
      default:
        return assertNever(command);
    }
  },
};
