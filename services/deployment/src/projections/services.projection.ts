import type { Projection, RecordedEvent } from '@souk/event-sourcing';
import type { BoundService } from '../domain/services/services';
import type { Place, ServicesEvent } from '../domain/services/services.events';

/** What an instance provides and what it is bound to, found from the other side. */
export interface ServicesDoc extends Place {
  readonly offers: readonly {
    readonly model: string;
    readonly node: string;
    readonly port: number;
    /** Since when the model is offered, whatever node serves it. */
    readonly since: string;
  }[];
  readonly bound: readonly BoundService[];
  /** See {@link offerKey}. */
  readonly offerKeys: readonly string[];
  /** Instances that it needs. */
  readonly providers: readonly string[];
  /** Of the first fact: who is older. */
  readonly createdAt: string;
}

/** Under which an offer is found by whom it may be bound to. */
export const offerKey = ({ ownerTenant, clusterId }: Omit<Place, 'instanceId'>, model: string): string =>
  [ownerTenant, clusterId, model].join(' ');

type Doc = ServicesDoc | undefined;

export const servicesProjection: Projection<ServicesDoc, ServicesEvent> = {
  name: 'services',
  version: 1,
  streamPrefixes: ['services-'],
  indexes: { byOffer: ['offerKeys', 'createdAt'], byProvider: ['providers', 'createdAt'] },
  keys: ({ data }) => [data.instanceId],
  on: {
    ServiceOffered: (doc, event) => {
      const { model, node, port } = event.data;
      const known = begun(doc, event);
      const since = known.offers.find((offer) => offer.model === model)?.since ?? event.recordedAt;
      return withOffers(known, [...known.offers.filter((offer) => offer.model !== model), { model, node, port, since }]);
    },
    ServiceOfferWithdrawn: (doc, { data }) =>
      doc &&
      withOffers(
        doc,
        doc.offers.filter(({ model }) => model !== data.model),
      ),
    ServiceBound: (doc, event) => {
      const { model, provider, host, port } = event.data;
      const known = begun(doc, event);
      const others = known.bound.filter((service) => service.model !== model);
      return withBound(known, [...others, { model, provider, host, port, gone: false }]);
    },
    ServiceUnbound: (doc, { data }) =>
      doc &&
      withBound(
        doc,
        doc.bound.map((service) => (service.model === data.model ? { ...service, gone: true } : service)),
      ),
  },
};

function begun(doc: Doc, { data, recordedAt }: RecordedEvent<ServicesEvent>): ServicesDoc {
  const { instanceId, ownerTenant, clusterId } = data;
  return (
    doc ?? { instanceId, ownerTenant, clusterId, offers: [], bound: [], offerKeys: [], providers: [], createdAt: recordedAt }
  );
}

function withOffers(doc: ServicesDoc, offers: ServicesDoc['offers']): ServicesDoc {
  return { ...doc, offers, offerKeys: offers.map(({ model }) => offerKey(doc, model)) };
}

function withBound(doc: ServicesDoc, bound: ServicesDoc['bound']): ServicesDoc {
  return { ...doc, bound, providers: [...new Set(bound.filter(({ gone }) => !gone).map(({ provider }) => provider))] };
}
