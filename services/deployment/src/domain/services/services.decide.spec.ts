import { fold } from '@souk/event-sourcing';
import { given } from '@souk/event-sourcing/testing';
import { afterChange, bindServices } from './service-binding';
import { services } from './services.decide';
import type { ServicesEvent } from './services.events';

const place = { instanceId: 'inst_1', ownerTenant: 'ten_1', clusterId: 'clu_1' };
const orders = { model: 'orders', node: 'api', port: 80 };
const binding = { model: 'faces', provider: 'inst_2', host: 'api.souk-2.svc', port: 80 };

const offered: ServicesEvent = { type: 'ServiceOffered', data: { ...place, ...orders } };
const bound: ServicesEvent = { type: 'ServiceBound', data: { ...place, ...binding } };
const unbound: ServicesEvent = { type: 'ServiceUnbound', data: { ...place, model: 'faces', provider: 'inst_2' } };

describe('Services of an instance', () => {
  describe('that it provides', () => {
    it('are offered once it runs', () =>
      given(services)
        .when({ type: 'AlignOffers', place, offers: [orders] })
        .then(offered));
    it('are offered anew where another node or port serves them', () =>
      given(services, offered)
        .when({ type: 'AlignOffers', place, offers: [{ ...orders, port: 81 }] })
        .then({ type: 'ServiceOffered', data: { ...place, ...orders, port: 81 } }));
    it('are withdrawn when its version provides them no more', () =>
      given(services, offered)
        .when({ type: 'AlignOffers', place, offers: [] })
        .then({ type: 'ServiceOfferWithdrawn', data: { ...place, model: 'orders' } }));
    it('say nothing new when they are as they were', () =>
      given(services, offered)
        .when({ type: 'AlignOffers', place, offers: [orders] })
        .thenNothing());
  });

  describe('that it uses', () => {
    it('are bound, once', () => {
      given(services)
        .when({ type: 'BindServices', place, bindings: [binding] })
        .then(bound);
      given(services, bound)
        .when({ type: 'BindServices', place, bindings: [binding] })
        .thenNothing();
    });
    it('are bound anew after their provider was gone, even to the same one', () =>
      given(services, bound, unbound)
        .when({ type: 'BindServices', place, bindings: [binding] })
        .then(bound));
    it('lose their provider, and no other one', () => {
      given(services, bound).when({ type: 'UnbindServices', provider: 'inst_2' }).then(unbound);
      given(services, bound).when({ type: 'UnbindServices', provider: 'inst_3' }).thenNothing();
    });
    it('lose a model that their provider has no more, and keep the others', () => {
      const other: ServicesEvent = { type: 'ServiceBound', data: { ...place, ...binding, model: 'voices' } };
      given(services, bound, other)
        .when({ type: 'UnbindServices', provider: 'inst_2', models: ['faces'] })
        .then(unbound);
    });
    it('are told apart by what their provider offers now: there, elsewhere, or not any more', () => {
      const { bound: known } = fold(services, [bound]);
      const after = (...offers: { model: string; node: string; port: number }[]) =>
        afterChange({ instanceId: 'inst_2', offers }, { bound: known });
      const there = bindServices(
        [{ model: 'faces', apis: [] }],
        new Map([['faces', [{ model: 'faces', instanceId: 'inst_2', node: 'web', port: 81 }]]]),
        known,
      );
      expect(after()).toEqual({ withdrawn: ['faces'], moved: [] });
      expect(after({ model: 'faces', node: 'web', port: 81 })).toEqual({ withdrawn: [], moved: there.bindings });
      expect(after({ model: 'faces', node: 'api', port: 80 }).withdrawn).toEqual([]);
      expect(afterChange({ instanceId: 'inst_3', offers: [] }, { bound: known })).toEqual({ withdrawn: [], moved: [] });
    });
    it('are let go of when the instance is deleted, once', () => {
      given(services, bound).when({ type: 'UnbindServices' }).then(unbound);
      given(services, bound, unbound).when({ type: 'UnbindServices' }).thenNothing();
      given(services).when({ type: 'UnbindServices' }).thenNothing();
    });
  });
});
