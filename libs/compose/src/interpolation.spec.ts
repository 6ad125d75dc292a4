import fc from 'fast-check';
import { interpolate, InvalidInterpolation } from './interpolation';

const values: Readonly<Record<string, string>> = { A: 'a', EMPTY: '', _x1: 'under' };
const filled = (text: string) =>
  interpolate(text, {
    value: (name) => values[name],
    missing: (name, required) => `<${name}${required === undefined ? '' : `: ${required}`}>`,
  });

describe('Interpolation', () => {
  it.each([
    ['$A ${A}-$_x1', 'a a-under'],
    ['$$A $${A} $$$A', '$A ${A} $a'],
    ['$AB ${AB}', '<AB> <AB>'],
    ['${A:-d} ${EMPTY:-d} ${NO:-d}', 'a d d'],
    ['${A-d} ${EMPTY-d} ${NO-d}', 'a  d'],
    ['${A:+d}|${EMPTY:+d}|${NO:+d}', 'd||'],
    ['${A+d}|${EMPTY+d}|${NO+d}', 'd|d|'],
    ['${A:?e} ${EMPTY?e}', 'a '],
    ['${EMPTY:?e $A} ${NO?e}', '<EMPTY: e a> <NO: e>'],
    ['${NO:-${ALSO:-${A}}}x', 'ax'],
    ['${NO:-a:b-c?d}', 'a:b-c?d'],
    ['${NO:-$$}', '$'],
    ['${NO:-}', ''],
  ])('of %s is %s', (text, expected) => {
    expect(filled(text)).toBe(expected);
  });

  it.each(['$', 'a$', '$1', '$ A', '${', '${A', '${}', '${1}', '${A!}', '${A:x}', '${A:-${B}', '$(A)'])(
    'of %s is none',
    (text) => {
      expect(() => filled(text)).toThrow(InvalidInterpolation);
    },
  );

  it('ends for whatever is written, and leaves a text without dollar signs as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('$', '{', '}', ':', '-', '?', '+', 'A', ' ') }), (text) => {
        if (!text.includes('$')) expect(filled(text)).toBe(text);
        try {
          filled(text);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidInterpolation);
        }
      }),
      { numRuns: 500 },
    );
    expect(() => filled('${A:-'.repeat(100_000))).toThrow(InvalidInterpolation);
  });
});
