import fc from 'fast-check';
import { patternOf } from './pattern';
import { InvalidRequest } from './protocol-errors';

const characters = fc.constantFrom(
  'a',
  'b',
  '$',
  '^',
  '.',
  '\\d',
  '\\W',
  '\\$',
  '[ab]',
  '[^a$]',
  '[a-c_-]',
  '\\x61',
  'ä',
  '😀',
  '-',
);
const times = fc.constantFrom('', '', '*', '+', '?', '{2}', '{1,}', '{0,2}', '*?');
const repeated = (one: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(one, times).map(([one, times]) => (one === '^' || one === '$' ? one : one + times));
const ways = (one: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .array(fc.array(repeated(one), { maxLength: 3 }), { minLength: 1, maxLength: 2 })
    .map((ways) => ways.map((way) => way.join('')).join('|'));
const group = fc.tuple(fc.constantFrom('(', '(?:', '(?<name>'), ways(characters)).map(([open, inner]) => `${open}${inner})`);
/** Of everything that is supported. Two groups may have the same name: that is none for `RegExp`. */
const pattern = ways(fc.oneof({ weight: 2, arbitrary: characters }, group)).filter((text) => text.split('<name>').length < 3);
const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '1', '$', '-', '_', 'ä', '😀', '\n'), maxLength: 12 });

describe('A pattern', () => {
  it('is found where RegExp finds it', () => {
    fc.assert(
      fc.property(pattern, fc.array(text, { minLength: 1, maxLength: 8 }), (pattern, texts) => {
        const finds = patternOf(pattern);
        expect(texts.map(finds)).toEqual(texts.map((value) => new RegExp(pattern, 'u').test(value)));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['^[^$].*', ['AppRegistered'], ['$metadata', '']],
    ['^(?:app|version)-', ['app-1', 'version-'], ['an-app-1']],
    ['^(AppRegistered|VersionReleased)$', ['VersionReleased'], ['VersionReleased2']],
    ['Released', ['VersionReleased2'], ['released']],
    ['^\\$ce\\-\\w+$', ['$ce-a_1'], ['$ce-']],
    ['^a{2,3}$', ['aa', 'aaa'], ['a', 'aaaa']],
    ['', ['', 'a'], []],
  ])('%s is found in %j and not in %j', (pattern, found, others) => {
    const finds = patternOf(pattern);
    expect([...found, ...others].filter(finds)).toEqual(found);
  });

  it.each(['^(a+)+$', '(a*)*b', '(a|a)*b', 'a*a*a*a*a*a*a*b', '(.*a){12}$', '(a?){50}a{50}b'])(
    'that RegExp would never end with takes a time that grows with the text alone: %s',
    (pattern) => {
      const finds = patternOf(pattern);
      expect(finds(`${'a'.repeat(10_000)}!`)).toBe(false);
    },
  );

  it.each(['(a)\\1', '(?=a)', '(?!\\$)a', '(?<=a)b', '\\ba', '\\p{L}', '(?<x>a)\\k<x>', '(', '[', 'a**'])(
    '%s is refused',
    (pattern) => {
      expect(() => patternOf(pattern)).toThrow(InvalidRequest);
    },
  );

  it.each(['a{2000}', '(((a{50}){50}){50}){50}', '((((){900}){900}){900}){900}', '(((){900}){900}){900}'])(
    'that would come to too many steps is refused: %s',
    (pattern) => {
      expect(() => patternOf(pattern)).toThrow(InvalidRequest);
    },
  );
});
