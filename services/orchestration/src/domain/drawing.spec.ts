import { canonicalJson, canonicalTopology, emptyTopology, type Topology, type TopologyNode } from '@souk/topology';
import fc from 'fast-check';
import { blank, draw, type Drawing, factsBetween, topologyOf } from './drawing';

const drawAll = (drawing: Drawing, topology: Topology): Drawing =>
  factsBetween(topologyOf(drawing), topology).reduce(draw, drawing);

describe('Drawing', () => {
  it('is empty while it is blank', () => {
    expect(topologyOf(blank)).toEqual(emptyTopology);
  });

  it('holds what was asked for after any row of bulk replaces', () => {
    fc.assert(
      fc.property(fc.array(topologies, { minLength: 1, maxLength: 4 }), (row) => {
        let drawing = blank;
        for (const topology of row) {
          drawing = drawAll(drawing, topology);
          expect(canonicalJson(topologyOf(drawing))).toBe(canonicalJson(canonicalTopology(topology)));
          expect(factsBetween(topologyOf(drawing), topology)).toEqual([]);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('leaves earlier drawings as they were', () => {
    const first = drawAll(blank, { ...emptyTopology, nodes: [{ serviceName: 'a', category: 'custom' }] });
    drawAll(first, emptyTopology);
    expect(topologyOf(first).nodes).toHaveLength(1);
  });

  it('passes over facts about nodes that are not there', () => {
    const drawing = draw(blank, { type: 'NodeMoved', data: { serviceName: 'x', position: { x: 1, y: 1 } } });
    expect(topologyOf(draw(drawing, { type: 'NodeRemoved', data: { serviceName: 'x' } }))).toEqual(emptyTopology);
  });

  it('of 10,000 nodes and 50,000 arrows is drawn and read in time that grows with its size', () => {
    const nodes = Array.from({ length: 10_000 }, (_, i): TopologyNode => ({ serviceName: `n${i}`, category: 'custom' }));
    const arrows = Array.from({ length: 50_000 }, (_, i) => ({ from: `n${5000 + (i % 5000)}`, to: `n${Math.floor(i / 10)}` }));
    const topology = topologyOf(drawAll(blank, { ...emptyTopology, nodes, arrows }));
    expect([topology.nodes.length, topology.arrows.length]).toEqual([10_000, 50_000]);
  });
});

const names = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor');
const nodes: fc.Arbitrary<TopologyNode> = fc.record(
  {
    serviceName: names,
    category: fc.constantFrom('custom' as const, 'init' as const),
    image: fc.constantFrom('web:1', 'web:2'),
    env: fc.dictionary(names, fc.constantFrom('1', '2')),
    position: fc.record({ x: fc.nat(2), y: fc.nat(2) }),
  },
  { requiredKeys: ['serviceName', 'category'] },
);
const topologies: fc.Arbitrary<Topology> = fc.record({
  nodes: fc.uniqueArray(nodes, { selector: ({ serviceName }) => serviceName }),
  arrows: fc.uniqueArray(fc.record({ from: names, to: names }), { selector: ({ from, to }) => `${from} ${to}` }),
  parameters: fc.dictionary(names, fc.record({ type: fc.constantFrom('string' as const, 'number' as const) })),
  secrets: fc.dictionary(names, fc.record({ source: fc.constantFrom('generated' as const, 'supplied' as const) })),
});
