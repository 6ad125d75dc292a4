import { atOnce } from '@souk/event-sourcing';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { canonicalJson, canonicalTopology, digestOf, digestSteps } from './canonical';
import type { Topology } from './topology';

describe('Canonical form', () => {
  it('is that of RFC 8785', () => {
    const value = {
      numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001, -0],
      string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"/',
      literals: [null, true, false],
    };
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27,0],' +
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it('is what another implementation writes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        expect(canonicalJson(value)).toBe(canonicalize(value));
      }),
      { numRuns: 500 },
    );
  });

  it('sorts members by UTF-16 code units', () => {
    const sorted = ['\r', '1', '\u0080', '\u00f6', '\u20ac', '\ud83d\ude00', '\ufb33'];
    const value = Object.fromEntries(sorted.toReversed().map((key) => [key, 0]));
    expect(canonicalJson(value)).toBe(`{${sorted.map((key) => `${JSON.stringify(key)}:0`).join(',')}}`);
  });

  it('leaves out members without value and keeps any name', () => {
    expect(canonicalJson(JSON.parse('{"b":1,"__proto__":{"a":[]},"toJSON":2}'))).toBe('{"__proto__":{"a":[]},"b":1,"toJSON":2}');
    expect(canonicalJson({ a: undefined, b: [undefined] })).toBe('{"b":[null]}');
  });

  it('has no form for what JSON cannot say', () => {
    expect(() => canonicalJson({ a: Number.NaN })).toThrow(Error);
  });

  it('has the digest that any other SHA-256 gives', () => {
    expect(digestOf({})).toBe('44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a');
  });

  it('has the same digest when it is written in steps', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => expect(atOnce(digestSteps(value))).toBe(digestOf(value))));
    const own = { toJSON: () => [1] };
    expect(atOnce(digestSteps({ b: [undefined, own], a: undefined }))).toBe(digestOf({ b: [null, [1]] }));
  });

  it('is the same for texts and names of any length, within a value that needs a digest itself', () => {
    const long = (length: number, text: string) => text.repeat(length);
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`k${(i * 37) % 60}`, i]));
    const texts = [long(255, 'a'), long(300, 'ä"'), long(40_000, '\u20ac'), { [long(300, 'n')]: many }];
    expect(canonicalJson(texts)).toBe(canonicalize(texts));
    const own = { toJSON: () => ({ digest: digestOf({}) }) };
    expect(canonicalJson([own, own, 1])).toBe(canonicalize([{ digest: digestOf({}) }, { digest: digestOf({}) }, 1]));
  });

  it('reads back as the same value, whatever the order of its members', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(JSON.parse(text))).toBe(text);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('of a topology is sorted', () => {
    const topology: Topology = {
      nodes: [
        { serviceName: 'web', category: 'custom' },
        { serviceName: 'db', category: 'custom', position: { x: 1, y: 2 } },
      ],
      arrows: [
        { from: 'web', to: 'db' },
        { from: 'a', to: 'web' },
        { from: 'a', to: 'db' },
      ],
      parameters: { z: { type: 'string' }, a: { type: 'string' } },
      secrets: { y: { source: 'generated' }, b: { source: 'supplied' } },
    };
    const canonical = canonicalTopology(topology);
    expect(canonical.nodes.map((node) => node.serviceName)).toEqual(['db', 'web']);
    expect(canonical.nodes[0]?.position).toEqual({ x: 1, y: 2 });
    expect(canonical.arrows.map(({ from, to }) => from + to)).toEqual(['adb', 'aweb', 'webdb']);
    expect(Object.keys(canonical.parameters).concat(Object.keys(canonical.secrets))).toEqual(['a', 'z', 'b', 'y']);
  });
});
