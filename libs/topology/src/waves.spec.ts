import fc from 'fast-check';
import type { Arrow } from './topology';
import { CyclicTopology, cyclesOf, wavesOf, waveSteps } from './waves';

const graph = (names: readonly string[], ...drawn: readonly string[]) => ({
  nodes: names.map((serviceName) => ({ serviceName })),
  arrows: drawn.map((arrow): Arrow => {
    const [from, to] = arrow.split(' -> ');
    return { from: from!, to: to! };
  }),
});

describe('Waves', () => {
  it('come after everything their nodes point at', () => {
    expect(wavesOf(graph(['web', 'worker', 'api', 'db'], 'web -> api', 'api -> db', 'worker -> db'))).toEqual([
      ['db'],
      ['api', 'worker'],
      ['web'],
    ]);
  });

  it('take an init node like any other', () => {
    expect(wavesOf(graph(['tomcat', 'mysql', 'schema'], 'tomcat -> mysql', 'tomcat -> schema', 'schema -> mysql'))).toEqual([
      ['mysql'],
      ['schema'],
      ['tomcat'],
    ]);
  });

  it('are none where there are no nodes, and one where there are no arrows', () => {
    expect(wavesOf(graph([]))).toEqual([]);
    expect(wavesOf(graph(['b', 'a']))).toEqual([['a', 'b']]);
  });

  it('take names that objects have by nature', () => {
    expect(wavesOf(graph(['__proto__', 'constructor', 'toString'], '__proto__ -> constructor'))).toEqual([
      ['constructor', 'toString'],
      ['__proto__'],
    ]);
  });

  it('leave out arrows to missing nodes, and count a doubled arrow once', () => {
    expect(wavesOf(graph(['a', 'b'], 'a -> b', 'a -> b', 'a -> x', 'x -> b'))).toEqual([['b'], ['a']]);
  });

  it('name every cycle and nothing behind one', () => {
    const cyclic = graph(
      ['a', 'b', 'c', 'd', 'e', 'f', 'g'],
      ...['a -> b', 'b -> c', 'c -> a', 'd -> a', 'b -> e', 'f -> g', 'g -> f', 'd -> d'],
    );
    expect(cyclesOf(cyclic)).toEqual([['a', 'b', 'c'], ['d'], ['f', 'g']]);
    expect(() => wavesOf(cyclic)).toThrow(CyclicTopology);
  });

  it('take a chain of 100,000 nodes, and the same chain closed to a ring', () => {
    const names = Array.from({ length: 100_000 }, (_, i) => `n${i}`);
    const nodes = names.map((serviceName) => ({ serviceName }));
    const arrows = names.slice(1).map((to, i) => ({ from: names[i]!, to }));
    expect(wavesOf({ nodes, arrows })).toHaveLength(100_000);
    const ring = [...arrows, { from: names.at(-1)!, to: names[0]! }];
    expect(cyclesOf({ nodes, arrows: ring }).map((cycle) => cycle.length)).toEqual([100_000]);
  });

  it('come in steps of a few thousand arrows', () => {
    const nodes = Array.from({ length: 10_000 }, (_, i) => ({ serviceName: `n${i}` }));
    const arrows = Array.from({ length: 50_000 }, (_, i) => ({ from: `n${1 + (i % 9_999)}`, to: 'n0' }));
    let steps = 0;
    for (const _ of waveSteps({ nodes, arrows })) steps++;
    expect(steps).toBeGreaterThan(50_000 / 10_000);
  });

  const names = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', '__proto__', 'constructor');
  const arrows = fc.array(fc.record({ from: names, to: names }), { maxLength: 14 });
  const nodes = fc.uniqueArray(names, { minLength: 1 }).map((list) => list.map((serviceName) => ({ serviceName })));

  it('hold every node once, and every arrow leads to an earlier wave, unless there is a cycle', () => {
    fc.assert(
      fc.property(nodes, arrows, (someNodes, someArrows) => {
        const some = { nodes: someNodes, arrows: someArrows };
        if (cyclesOf(some).length > 0) {
          expect(() => wavesOf(some)).toThrow(CyclicTopology);
          return;
        }
        const waves = wavesOf(some);
        const waveOf = new Map(waves.flatMap((wave, number) => wave.map((name) => [name, number] as const)));
        expect(waves.flat().sort()).toEqual(someNodes.map((node) => node.serviceName).sort());
        for (const { from, to } of someArrows) {
          if (waveOf.has(from) && waveOf.has(to)) expect(waveOf.get(from)).toBeGreaterThan(waveOf.get(to)!);
        }
        // No node waits longer than it must.
        for (const [name, number] of waveOf) {
          const before = someArrows.flatMap(({ from, to }) => (from === name ? [waveOf.get(to) ?? -1] : []));
          expect(number).toBe(Math.max(-1, ...before) + 1);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('name as cycles exactly the nodes that reach themselves', () => {
    fc.assert(
      fc.property(nodes, arrows, (someNodes, someArrows) => {
        const known = new Set(someNodes.map((node) => node.serviceName));
        const reachesItself = (name: string) => {
          const seen = new Set<string>();
          for (const next = [name]; next.length > 0;) {
            const at = next.pop()!;
            for (const { from, to } of someArrows) {
              if (from !== at || !known.has(to) || seen.has(to)) continue;
              seen.add(to);
              next.push(to);
            }
          }
          return seen.has(name);
        };
        expect(cyclesOf({ nodes: someNodes, arrows: someArrows }).flat().sort()).toEqual([...known].filter(reachesItself).sort());
      }),
      { numRuns: 500 },
    );
  });
});
