import fc from 'fast-check';
import { differences } from './as-of.controller';

describe('Differences of two states', () => {
  it('are told field by field, with JSON pointers', () => {
    const before = { number: '1.0.0', env: { 'a/b': 1, gone: true }, nodes: ['x'] };
    const after = { number: '1.1.0', env: { 'a/b': 2 }, nodes: ['x', 'y'] };
    expect(differences(before, after)).toEqual([
      { op: 'changed', pointer: '/number', before: '1.0.0', after: '1.1.0' },
      { op: 'changed', pointer: '/env/a~1b', before: 1, after: 2 },
      { op: 'removed', pointer: '/env/gone', before: true },
      { op: 'added', pointer: '/nodes/1', after: 'y' },
    ]);
  });

  it('are none between equal states', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (state) => differences(state, structuredClone(state)).length === 0),
    );
  });
});
