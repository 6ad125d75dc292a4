import { fold } from '@souk/event-sourcing';
import { given } from '@souk/event-sourcing/testing';
import { canonicalJson, canonicalTopology, emptyTopology, type Topology, type TopologyNode } from '@souk/topology';
import fc from 'fast-check';
import { configurationAggregate } from './configuration.decide';
import { ConfigurationFrozenForGood, ConfigurationUnknown, NodeUnknown, TopologyInvalid } from './configuration.errors';
import type { ConfigurationEvent } from './configuration.events';
import { blank, draw, factsBetween, topologyOf } from './drawing';
import { type Edit, factsOf, most } from './edits';

const web: TopologyNode = { serviceName: 'web', category: 'custom', image: 'web:1', position: { x: 1, y: 1 } };
const db: TopologyNode = {
  serviceName: 'db',
  category: 'third-party',
  preset: 'mysql',
  env: { MYSQL_ROOT_PASSWORD: '${param.root}' },
};
const shop: Topology = {
  nodes: [db, web],
  arrows: [{ from: 'web', to: 'db' }],
  parameters: { root: { type: 'string', secret: true } },
  secrets: { smtp: { source: 'supplied' } },
};
const created: ConfigurationEvent = {
  type: 'ConfigurationCreated',
  data: { configurationId: 'cfg_1', versionId: 'ver_1', appId: 'app_1', providerTenant: 'ten_p', name: 'Edge', hosting: 'edge' },
};
const drawn: readonly ConfigurationEvent[] = factsBetween(emptyTopology, shop);
const frozen: ConfigurationEvent = { type: 'ConfigurationFrozen', data: { versionNumber: '1.0.0' } };
const of = (edit: Edit) => ({ type: 'edit-topology', edit }) as const;

const when = (edit: Edit) => given(configurationAggregate, created, ...drawn).when(of(edit));

/** `code pointer` of what the edit is refused for. */
const refusal = (edit: Edit, topology = shop): string[] => {
  try {
    factsOf(edit, topology);
  } catch (error) {
    if (error instanceof TopologyInvalid) return error.problems.map(({ code, pointer }) => `${code} ${pointer}`);
    throw error;
  }
  return [];
};

describe('An edit of a topology', () => {
  describe('to a node', () => {
    it('adds it', () =>
      when({ type: 'put-node', node: { ...web, serviceName: 'api' } }).then({
        type: 'NodeAdded',
        data: { node: { ...web, serviceName: 'api' } },
      }));
    it('changes its settings and leaves it where it is', () =>
      when({ type: 'put-node', node: { serviceName: 'web', category: 'custom', image: 'web:2' } }).then({
        type: 'NodeSettingsChanged',
        data: { serviceName: 'web', settings: { serviceName: 'web', category: 'custom', image: 'web:2' } },
      }));
    it('moves it, with its settings or alone', () => {
      const moved = { type: 'NodeMoved', data: { serviceName: 'web', position: { x: 2, y: 2 } } } as const;
      when({ type: 'put-node', node: { ...web, position: { x: 2, y: 2 } } }).then(moved);
      when({ type: 'move-node', serviceName: 'web', position: { x: 2, y: 2 } }).then(moved);
    });
    it('moves nothing that is not there', () =>
      when({ type: 'move-node', serviceName: 'x', position: { x: 2, y: 2 } }).thenRefused(NodeUnknown));
    it('removes it with its arrows', () =>
      when({ type: 'remove-node', serviceName: 'db' }).then(
        { type: 'ArrowErased', data: { from: 'web', to: 'db' } },
        { type: 'NodeRemoved', data: { serviceName: 'db' } },
      ));
    it('is refused for what not even a draft may have, with pointers into the node', () => {
      expect(refusal({ type: 'put-node', node: { ...web, serviceName: 'Web' } })).toEqual(['service-name-invalid /serviceName']);
      expect(refusal({ type: 'put-node', node: { ...db, env: { MYSQL_ROOT_PASSWORD: 'hunter2' } } })).toEqual([
        'secret-literal /env/MYSQL_ROOT_PASSWORD',
      ]);
      expect(refusal({ type: 'put-node', node: { ...web, env: { A: 'x'.repeat(250_000) } } })).toEqual(['node-too-large ']);
      expect(refusal({ type: 'put-node', node: { ...web, replicas: -1 } })).toEqual([]);
    });
  });

  describe('to an arrow', () => {
    it('draws it, and erases it', () => {
      const arrow = { from: 'web', to: 'db' };
      given(configurationAggregate, created, ...factsBetween(emptyTopology, { ...shop, arrows: [] }))
        .when(of({ type: 'draw-arrow', arrow }))
        .then({ type: 'ArrowDrawn', data: arrow });
      when({ type: 'erase-arrow', arrow }).then({ type: 'ArrowErased', data: arrow });
    });
    it('is refused where it makes no graph, with every reason', () => {
      expect(refusal({ type: 'draw-arrow', arrow: { from: 'db', to: 'web' } })).toEqual(['cycle /arrows']);
      expect(refusal({ type: 'draw-arrow', arrow: { from: 'web', to: 'web' } })).toEqual(['arrow-to-itself ']);
      expect(refusal({ type: 'draw-arrow', arrow: { from: 'x', to: 'y' } })).toEqual(['node-missing /from', 'node-missing /to']);
    });
  });

  describe('to a declaration', () => {
    it('declares it newly or otherwise, and removes it', () => {
      when({ type: 'declare-parameter', name: 'mail', parameter: { type: 'string', format: 'email' } }).then({
        type: 'ParameterDeclared',
        data: { name: 'mail', parameter: { type: 'string', format: 'email' } },
      });
      when({ type: 'declare-secret', name: 'smtp', secret: { source: 'generated' } }).then({
        type: 'SecretDeclared',
        data: { name: 'smtp', secret: { source: 'generated' } },
      });
      when({ type: 'remove-secret', name: 'smtp' }).then({ type: 'SecretRemoved', data: { name: 'smtp' } });
    });
    it('is refused where a secret would be written down', () => {
      const parameter = { type: 'string', secret: true, default: 'hunter2' } as const;
      expect(refusal({ type: 'declare-parameter', name: 'pass', parameter })).toEqual(['secret-literal /default']);
      const open = ['secret-literal /nodes/0/env/MYSQL_ROOT_PASSWORD'];
      expect(refusal({ type: 'declare-parameter', name: 'root', parameter: { type: 'string' } })).toEqual(open);
      expect(refusal({ type: 'remove-parameter', name: 'root' })).toEqual(open);
    });
  });

  it.each<Edit>([
    { type: 'put-node', node: web },
    { type: 'put-node', node: db },
    { type: 'move-node', serviceName: 'web', position: { x: 1, y: 1 } },
    { type: 'remove-node', serviceName: 'x' },
    { type: 'draw-arrow', arrow: { from: 'web', to: 'db' } },
    { type: 'erase-arrow', arrow: { from: 'db', to: 'web' } },
    { type: 'declare-parameter', name: 'root', parameter: { type: 'string', secret: true } },
    { type: 'remove-parameter', name: 'constructor' },
    { type: 'declare-secret', name: 'smtp', secret: { source: 'supplied' } },
    { type: 'remove-secret', name: 'toString' },
  ])('that changes nothing says nothing: %j', (edit) => when(edit).thenNothing());

  it('keeps a topology within its bounds', () => {
    const secrets = Object.fromEntries(
      Array.from({ length: most.secrets }, (_, i) => [`s${i}`, { source: 'supplied' }] as const),
    );
    expect(refusal({ type: 'declare-secret', name: 'more', secret: { source: 'supplied' } }, { ...shop, secrets })).toEqual([
      'too-many ',
    ]);
    const nodes = Array.from({ length: 20 }, (_, i) => ({ ...web, serviceName: `n${i}`, env: { A: 'x'.repeat(208_000) } }));
    expect(
      refusal({ type: 'put-node', node: { ...web, env: { A: 'x'.repeat(50_000) } } }, { ...shop, nodes, arrows: [] }),
    ).toEqual(['topology-too-large ']);
  });

  it('is for drafts', () => {
    const edit: Edit = { type: 'remove-secret', name: 'smtp' };
    given(configurationAggregate).when(of(edit)).thenRefused(ConfigurationUnknown);
    given(configurationAggregate, created, frozen).when(of(edit)).thenRefused(ConfigurationFrozenForGood);
  });

  it('is the same as a bulk replace with the one difference', () => {
    const names = fc.constantFrom('a', 'b', 'c', 'd');
    const node = fc.record(
      {
        serviceName: names,
        category: fc.constant('custom' as const),
        image: fc.constantFrom('x:1', 'x:2'),
        position: fc.record({ x: fc.nat(2), y: fc.nat(2) }),
      },
      { requiredKeys: ['serviceName', 'category'] },
    );
    const edit: fc.Arbitrary<Edit> = fc.oneof(
      node.map((its) => ({ type: 'put-node', node: its }) as const),
      names.map((serviceName) => ({ type: 'remove-node', serviceName }) as const),
      fc.tuple(names, names).map(([from, to]) => ({ type: 'draw-arrow', arrow: { from, to } }) as const),
      fc.tuple(names, names).map(([from, to]) => ({ type: 'erase-arrow', arrow: { from, to } }) as const),
    );
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 12 }), (row) => {
        let drawing = blank;
        for (const one of row) {
          const before = topologyOf(drawing);
          let facts;
          try {
            facts = factsOf(one, before);
          } catch (error) {
            expect(error).toBeInstanceOf(TopologyInvalid);
            continue;
          }
          drawing = facts.reduce(draw, drawing);
          const after = topologyOf(drawing);
          const replaced = fold(configurationAggregate, [created, ...factsBetween(emptyTopology, before)]);
          const bulk = configurationAggregate.decide({ type: 'replace-topology', topology: after }, replaced);
          expect(canonicalJson(sorted(bulk))).toBe(canonicalJson(sorted(facts)));
          expect(canonicalJson(after)).toBe(canonicalJson(canonicalTopology(after)));
        }
      }),
      { numRuns: 200 },
    );
  });
});

const sorted = (facts: readonly ConfigurationEvent[]) => facts.map((fact) => canonicalJson(fact)).sort();
