import fc from 'fast-check';
import { canonicalJson, canonicalTopology, withoutPosition } from './canonical';
import { diffTopologies, fieldChanges, isSameTopology, type TopologyDifference } from './diff';
import { emptyTopology, type Topology, type TopologyNode } from './topology';

const web: TopologyNode = { serviceName: 'web', category: 'custom', image: 'web:1', env: { A: '1' }, position: { x: 0, y: 0 } };
const db: TopologyNode = { serviceName: 'db', category: 'third-party', preset: 'mysql' };

describe('Difference of topologies', () => {
  it('is nothing where only the order of lists differs', () => {
    const before: Topology = { ...emptyTopology, nodes: [web, db] };
    expect(isSameTopology(diffTopologies(before, canonicalTopology(before)))).toBe(true);
  });

  it('names nodes added, changed field by field, moved and removed', () => {
    const changed = { ...web, image: 'web:2', env: { 'A/B': '~' }, position: { x: 5, y: 5 } };
    const { nodes } = diffTopologies(
      { ...emptyTopology, nodes: [web, db] },
      { ...emptyTopology, nodes: [changed, { ...db, serviceName: 'db2' }] },
    );
    expect(nodes).toEqual({
      added: [{ ...db, serviceName: 'db2' }],
      removed: ['db'],
      moved: [{ serviceName: 'web', position: { x: 5, y: 5 } }],
      changed: [
        {
          serviceName: 'web',
          before: web,
          after: changed,
          fields: [
            { pointer: '/image', before: 'web:1', after: 'web:2' },
            { pointer: '/env/A', before: '1' },
            { pointer: '/env/A~1B', after: '~' },
          ],
        },
      ],
    });
  });

  it('tells a move from a change of settings', () => {
    const { nodes } = diffTopologies(
      { ...emptyTopology, nodes: [web] },
      { ...emptyTopology, nodes: [{ ...web, position: { x: 1, y: 0 } }] },
    );
    expect([nodes.changed, nodes.moved]).toEqual([[], [{ serviceName: 'web', position: { x: 1, y: 0 } }]]);
  });

  it('names arrows drawn and erased, parameters and secrets declared and removed', () => {
    const before: Topology = {
      ...emptyTopology,
      arrows: [{ from: 'a', to: 'b' }],
      parameters: { p: { type: 'string' }, q: { type: 'string' } },
    };
    const after: Topology = {
      ...emptyTopology,
      arrows: [{ from: 'b', to: 'a' }],
      parameters: { p: { type: 'number' } },
      secrets: { s: { source: 'generated' } },
    };
    const difference = diffTopologies(before, after);
    expect(difference.arrows).toEqual({ drawn: [{ from: 'b', to: 'a' }], erased: [{ from: 'a', to: 'b' }] });
    expect(difference.parameters).toEqual({
      declared: [{ name: 'p', value: { type: 'number' }, before: { type: 'string' } }],
      removed: ['q'],
    });
    expect(difference.secrets).toEqual({ declared: [{ name: 's', value: { source: 'generated' } }], removed: [] });
  });

  it('looks at own members only', () => {
    expect(fieldChanges({}, JSON.parse('{"__proto__":1,"constructor":2}'))).toEqual([
      { pointer: '/__proto__', after: 1 },
      { pointer: '/constructor', after: 2 },
    ]);
  });

  it('applied to the earlier topology gives the later one', () => {
    fc.assert(
      fc.property(topologies, topologies, (before, after) => {
        expect(canonicalJson(apply(before, diffTopologies(before, after)))).toBe(canonicalJson(canonicalTopology(after)));
        expect(isSameTopology(diffTopologies(before, after))).toBe(canonicalJson(before) === canonicalJson(after));
      }),
      { numRuns: 300 },
    );
  });
});

const names = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor');
const node: fc.Arbitrary<TopologyNode> = fc.record(
  {
    serviceName: names,
    category: fc.constantFrom('custom' as const, 'init' as const),
    image: fc.constantFrom('web:1', 'web:2'),
    env: fc.dictionary(names, fc.constantFrom('1', '2')),
    command: fc.array(fc.constantFrom('x', 'y')),
    position: fc.record({ x: fc.nat(2), y: fc.nat(2) }),
  },
  { requiredKeys: ['serviceName', 'category'] },
);
const topologies: fc.Arbitrary<Topology> = fc
  .record({
    nodes: fc.uniqueArray(node, { selector: ({ serviceName }) => serviceName }),
    arrows: fc.uniqueArray(fc.record({ from: names, to: names }), { selector: ({ from, to }) => `${from} ${to}` }),
    parameters: fc.dictionary(names, fc.record({ type: fc.constantFrom('string' as const, 'number' as const) })),
    secrets: fc.dictionary(names, fc.record({ source: fc.constantFrom('generated' as const, 'supplied' as const) })),
  })
  .map(canonicalTopology);

function apply(before: Topology, { nodes, arrows, parameters, secrets }: TopologyDifference): Topology {
  const byName = new Map(before.nodes.map((each) => [each.serviceName, each]));
  for (const name of nodes.removed) byName.delete(name);
  for (const each of nodes.added) byName.set(each.serviceName, each);
  for (const { serviceName, after } of nodes.changed) byName.set(serviceName, after);
  for (const { serviceName, position } of nodes.moved) {
    byName.set(serviceName, { ...withoutPosition(byName.get(serviceName)!), ...(position && { position }) });
  }
  const declared = <T>(
    old: Readonly<Record<string, T>>,
    { declared, removed }: { declared: readonly { name: string; value: T }[]; removed: readonly string[] },
  ) => {
    const all = new Map(Object.entries(old));
    for (const name of removed) all.delete(name);
    for (const { name, value } of declared) all.set(name, value);
    return Object.fromEntries(all);
  };
  const key = (arrow: { from: string; to: string }) => JSON.stringify([arrow.from, arrow.to]);
  const erased = new Set(arrows.erased.map(key));
  return canonicalTopology({
    nodes: [...byName.values()],
    arrows: [...before.arrows.filter((arrow) => !erased.has(key(arrow))), ...arrows.drawn],
    parameters: declared(before.parameters, parameters),
    secrets: declared(before.secrets, secrets),
  });
}
