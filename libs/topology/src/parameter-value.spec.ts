import fc from 'fast-check';
import { patternOf, stepsOf, UnsupportedPattern } from './parameter-pattern';
import { valueFaults } from './parameter-value';
import type { Parameter } from './topology';

const faults = (parameter: Parameter, text: string) => valueFaults(parameter, text).map(({ code }) => code);

describe('The value of a parameter', () => {
  it.each<[Parameter, string, string[]]>([
    [{ type: 'integer', minimum: 1, maximum: 9 }, '5', []],
    [{ type: 'integer', minimum: 1, maximum: 9 }, '0', ['too-small']],
    [{ type: 'number', maximum: 0.5 }, '5e-1', []],
    [{ type: 'number', maximum: 0.5 }, '0.51', ['too-large']],
    [{ type: 'number', enum: ['1'] }, '1.0', []],
    [{ type: 'integer' }, 'many', ['wrong-type']],
    [{ type: 'boolean', enum: ['true'] }, 'false', ['not-one-of']],
    [{ type: 'string', enum: ['a', 'b'] }, 'c', ['not-one-of']],
    [{ type: 'string', minLength: 2, maxLength: 2 }, '👍👍', []],
    [{ type: 'string', minLength: 3, pattern: '^a', format: 'ipv4' }, 'b', ['too-short', 'wrong-pattern', 'wrong-format']],
    [{ type: 'string', maxLength: 1 }, 'ab', ['too-long']],
    [{ type: 'string', pattern: 'b' }, 'abc', []],
    [{ type: 'string', pattern: 'a' }, 'a'.repeat(1001), ['too-long']],
  ])('of %j may be %j: %j', (parameter, text, codes) => {
    expect(faults(parameter, text)).toEqual(codes);
  });

  it.each([
    ['email', ['a@b.c', 'a.b+c@example.org'], ['', 'a', '@b', 'a@', 'a b@c.d', 'a@b@c d']],
    ['hostname', ['localhost', 'a-b.example.org'], ['', '-a', 'a..b', 'a_b', `${'a'.repeat(64)}.b`, 'a.'.repeat(130)]],
    ['ipv4', ['0.0.0.0', '255.1.20.3'], ['1.2.3', '256.1.1.1', '01.2.3.4', '1.2.3.4.5']],
    ['uri', ['https://example.org/a?b#c', 'mqtt://h:1883'], ['example.org', 'http://a b', '//a', 'http://']],
  ] as const)('has the format %s or not', (format, good, bad) => {
    for (const text of good) expect([text, faults({ type: 'string', format }, text)]).toEqual([text, []]);
    for (const text of bad) expect([text, faults({ type: 'string', format }, text)]).toEqual([text, ['wrong-format']]);
  });

  it('is not quoted, whatever is wrong with it, and a secret one is not compared in words', () => {
    const parameter: Parameter = { type: 'string', secret: true, enum: ['hunter1'], maxLength: 1, pattern: 'x', format: 'ipv4' };
    const said = JSON.stringify(valueFaults(parameter, 'hunter2'));
    expect(said).toContain('not-one-of');
    expect(said).not.toContain('hunter');
  });
});

describe('Patterns', () => {
  it.each(['(?=a)', '(?<!a)b', '(a)\\1', '(', 'a{1001}', '(a{30}){30}', 'a'.repeat(501), '[b-a]'])('refuse %s', (source) => {
    expect(() => patternOf(source)).toThrow(UnsupportedPattern);
  });

  it('find what RegExp finds', () => {
    const atom = fc.constantFrom('a', 'b', '.', '\\d', '\\w', '[ab]', '[^a]', '\\.', '\\S', '\\u0061', '\\p{Lu}');
    const quantified = fc
      .tuple(atom, fc.constantFrom('', '*', '+', '?', '{2}', '{1,3}', '{2,}'))
      .map(([what, often]) => what + often);
    const source = fc
      .array(
        fc.oneof(
          quantified,
          fc.tuple(quantified, quantified).map(([a, b]) => `(?:${a}|${b})`),
        ),
        { minLength: 1, maxLength: 4 },
      )
      .chain((parts) => fc.constantFrom(parts.join(''), `^${parts.join('')}$`));
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '1', '.', 'A', '-'), maxLength: 8 });
    fc.assert(
      fc.property(source, text, (pattern, value) => {
        expect([pattern, value, patternOf(pattern)(value)]).toEqual([pattern, value, new RegExp(pattern, 'u').test(value)]);
      }),
      { numRuns: 300 },
    );
  });

  it('come to as many steps as they may repeat', () => {
    expect(stepsOf('(ab{3}){2}')).toBe(8);
    expect(stepsOf('[a{9}]\\{9}')).toBeLessThan(10);
    expect(stepsOf('^[a-z]{1,63}(\\.[a-z]{1,63}){0,3}$')).toBe(1 + 63 + 64 * 3 + 1);
  });

  it('that last for ever elsewhere are answered at once', () => {
    expect(patternOf('^(a+)+$')(`${'a'.repeat(999)}!`)).toBe(false);
  });
});
