import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { stateFromJson, stateToJson } from './state-json';

const names = fc.constantFrom('a', '$', '$map', '$set', '$undefined', '$$map', '__proto__', 'constructor', 'ü ');
const { state } = fc.letrec<{ state: unknown }>((tie) => ({
  state: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(fc.string(), fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean()),
    fc.constantFrom(null, undefined),
    fc.array(tie('state'), { maxLength: 3 }),
    fc.dictionary(names, tie('state'), { noNullPrototype: true, maxKeys: 3 }),
    fc.array(fc.tuple(tie('state'), tie('state')), { maxLength: 3 }).map((entries) => new Map(entries)),
    fc.array(tie('state'), { maxLength: 3 }).map((members) => new Set(members)),
  ),
}));

class Money {
  readonly cents = 1;
}

describe('The JSON of a state', () => {
  it('makes an equal state again, of Maps, Sets, missing values and odd names', () => {
    fc.assert(
      fc.property(state, (made) => {
        const json = stateToJson(made);
        // Jest takes a member named "constructor" for the class of a value.
        expect(isDeepStrictEqual(stateFromJson(json), normalised(made))).toBe(true);
        expect(stateToJson(stateFromJson(json))).toBe(json);
      }),
      { numRuns: 500 },
    );
  });

  it('keeps the order of a Map', () => {
    const map = new Map([
      ['b', 1],
      ['a', 2],
    ]);
    expect([...(stateFromJson(stateToJson({ map })) as { map: typeof map }).map.keys()]).toEqual(['b', 'a']);
  });

  it('is none where it were longer than it may be, however close', () => {
    fc.assert(
      fc.property(state, (made) => {
        const json = stateToJson(made);
        expect(stateToJson(made, json.length)).toBe(json);
        expect(stateToJson(made, json.length - 1)).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  it('is given up early where it were far too long', () => {
    let looked = 0;
    const node = {
      get name() {
        looked++;
        return 'x';
      },
    };
    const nodes = Array.from({ length: 100_000 }, () => node);
    for (const made of [nodes, new Map(nodes.entries()), new Set([nodes]), { a: { b: nodes } }]) {
      looked = 0;
      expect(stateToJson(made, 1000)).toBeUndefined();
      expect(looked).toBeGreaterThan(50);
      expect(looked).toBeLessThan(100);
    }
  });

  it.each([new Date(0), 1n, Number.NaN, Symbol('s'), () => 1, /x/, new Error('no'), new Money()])(
    'is refused for %p, wherever it stands',
    (alien) => {
      for (const made of [alien, { a: [alien] }, new Map([['a', alien]]), new Set([alien])])
        expect(() => stateToJson(made)).toThrow(TypeError);
    },
  );
});

/** With `0` for `-0`, which JSON does not tell apart. */
function normalised(value: unknown): unknown {
  if (value === 0) return 0;
  if (Array.isArray(value)) return value.map(normalised);
  if (value instanceof Map) return new Map([...value].map(([key, of]) => [normalised(key), normalised(of)]));
  if (value instanceof Set) return new Set([...value].map(normalised));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, of]) => [name, normalised(of)]));
}
