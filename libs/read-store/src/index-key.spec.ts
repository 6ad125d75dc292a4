import type { IndexedValue } from '@souk/event-sourcing';
import * as fc from 'fast-check';
import { afterPrefix, encodeValues, endOfValues, MAX_TEXT_BYTES } from './index-key';

const text = fc.string({ unit: 'binary', maxLength: 60 });
const value: fc.Arbitrary<IndexedValue> = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  text,
);

const rank = (one: IndexedValue): number => (one === null ? 0 : typeof one === 'boolean' ? 1 : typeof one === 'number' ? 2 : 3);

/** The order that the encoding promises, said another way. */
function compareValues(a: IndexedValue, b: IndexedValue): number {
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  if (a === b) return 0;
  return (a ?? 0) < (b ?? 0) ? -1 : 1;
}

const compareTuples = (a: readonly IndexedValue[], b: readonly IndexedValue[]): number => {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = compareValues(a[i]!, b[i]!);
    if (order !== 0) return order;
  }
  return a.length - b.length;
};

describe('index key', () => {
  it('orders like the values', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 4 }), fc.array(value, { maxLength: 4 }), (a, b) => {
        expect(Math.sign(Buffer.compare(encodeValues(a), encodeValues(b)))).toBe(Math.sign(compareTuples(a, b)));
      }),
      { numRuns: 2000 },
    );
  });

  it('orders null, booleans, numbers and text one after the other', () => {
    const ascending = [
      null,
      false,
      true,
      -1e300,
      -1,
      -1e-300,
      0,
      1e-300,
      1,
      1.5,
      2,
      1e300,
      '',
      '\0',
      '\0\0',
      'a',
      'a\0',
      'ab',
      'b',
      '市',
    ];
    const keys = ascending.map((one) => encodeValues([one]));
    expect([...keys].sort((a, b) => Buffer.compare(a, b))).toEqual(keys);
    expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(ascending.length);
  });

  it('is the same for 0 and -0, and for null and what JSON writes as null', () => {
    expect(encodeValues([-0])).toEqual(encodeValues([0]));
    expect(encodeValues([NaN])).toEqual(encodeValues([null]));
    expect(encodeValues([Infinity])).toEqual(encodeValues([null]));
  });

  it('finds where its values end', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 4 }), text, (values, id) => {
        const key = Buffer.concat([encodeValues(values), Buffer.from(id)]);
        expect(key.subarray(endOfValues(key, 0, values.length)).toString()).toBe(Buffer.from(id).toString());
      }),
    );
  });

  describe('with long text', () => {
    const long = fc
      .tuple(fc.constantFrom('x', 'é', '\0', '市'), fc.integer({ min: 80, max: 300 }), text)
      .map(([unit, times, tail]) => unit.repeat(times) + tail);

    it('keeps equality exact and stays bounded', () => {
      fc.assert(
        fc.property(long, long, (a, b) => {
          const [keyOfA, keyOfB] = [encodeValues([a]), encodeValues([b])];
          expect(keyOfA.equals(keyOfB)).toBe(a === b);
          expect(keyOfA.length).toBeLessThanOrEqual(MAX_TEXT_BYTES + 19);
          expect(endOfValues(keyOfA, 0, 1)).toBe(keyOfA.length);
        }),
      );
    });

    it('keeps the order of texts that differ within the first bytes', () => {
      fc.assert(
        fc.property(long, long, (a, b) => {
          const [headOfA, headOfB] = [a, b].map((one) => Buffer.from(one.replaceAll('\0', '\0\xff'), 'utf8').subarray(0, 200));
          const order = Buffer.compare(headOfA!, headOfB!);
          fc.pre(order !== 0);
          expect(Math.sign(Buffer.compare(encodeValues([a]), encodeValues([b])))).toBe(order);
        }),
      );
    });

    it('puts a text that ends at the limit before those that go on', () => {
      const exact = 'x'.repeat(MAX_TEXT_BYTES);
      const withZero = `${'x'.repeat(MAX_TEXT_BYTES - 1)}\0tail`;
      const ascending = [withZero, exact, `${exact}\0`].map((one) => encodeValues([one]));
      expect([...ascending].sort((a, b) => Buffer.compare(a, b))).toEqual(ascending);
    });
  });

  it('refuses what cannot be indexed', () => {
    expect(() => encodeValues([{} as unknown as IndexedValue])).toThrow(TypeError);
  });

  it('knows the first key after a prefix', () => {
    expect(afterPrefix(Buffer.of(1, 2))).toEqual(Buffer.of(1, 3));
    expect(afterPrefix(Buffer.of(1, 0xff))).toEqual(Buffer.of(2));
    expect(afterPrefix(Buffer.of(0xff, 0xff))).toBeUndefined();
  });
});
