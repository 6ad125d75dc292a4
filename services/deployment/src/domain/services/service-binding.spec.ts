import fc from 'fast-check';
import { bindServices, notProvided, type Offer } from './service-binding';
import type { BoundService } from './services';

const offer = (model: string, instanceId: string): Offer => ({ model, instanceId, node: 'api', port: 80 });
const offered = (...offers: readonly Offer[]) => {
  const byModel = new Map<string, Offer[]>();
  for (const one of offers) byModel.set(one.model, [...(byModel.get(one.model) ?? []), one]);
  return byModel;
};
const boundTo = (model: string, provider: string): ReadonlyMap<string, BoundService> =>
  new Map([[model, { model, provider, host: 'old', port: 1, gone: false }]]);
const needs = (...models: readonly string[]) => models.map((model) => ({ model, apis: [] }));

describe('A dependency', () => {
  const both = offered(offer('orders', 'inst_A'), offer('orders', 'inst_B'));

  it('is bound to the oldest offer', () =>
    expect(bindServices(needs('orders'), both, new Map())).toEqual({
      bindings: [{ model: 'orders', provider: 'inst_A', host: 'api.souk-a.svc', port: 80 }],
      missing: [],
    }));

  it('stays bound to whom it was bound to, as long as that one offers it', () => {
    expect(bindServices(needs('orders'), both, boundTo('orders', 'inst_B')).bindings).toMatchObject([{ provider: 'inst_B' }]);
    expect(bindServices(needs('orders'), both, boundTo('orders', 'inst_C')).bindings).toMatchObject([{ provider: 'inst_A' }]);
  });

  it('is missing where nobody offers it, and said to be', () => {
    const { bindings, missing } = bindServices(needs('faces', 'orders'), both, new Map());
    expect(bindings).toHaveLength(1);
    expect(missing).toEqual(['faces']);
    expect(notProvided(missing, { clusterId: 'clu_1' })).toMatchObject([{ code: 'service-not-provided', pointer: '/clusterId' }]);
  });

  it('is bound or missing, never both and never neither; asking again changes nothing', () =>
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.constantFrom('a', 'b', 'c')),
        fc.array(fc.record({ model: fc.constantFrom('a', 'b', 'c'), instanceId: fc.constantFrom('inst_A', 'inst_B') })),
        (models, offers) => {
          const byModel = offered(...offers.map(({ model, instanceId }) => offer(model, instanceId)));
          const { bindings, missing } = bindServices(needs(...models), byModel, new Map());
          expect([...bindings.map(({ model }) => model), ...missing].sort()).toEqual([...models].sort());
          const bound = new Map(bindings.map((one) => [one.model, { ...one, gone: false }]));
          for (const reversed of byModel.values()) reversed.reverse();
          expect(bindServices(needs(...models), byModel, bound)).toEqual({ bindings, missing });
        },
      ),
    ));
});
