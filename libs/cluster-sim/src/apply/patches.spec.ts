import { jsonPatch } from './json-patch';
import { mergePatch } from './merge';
import { strategicMerge } from './strategic-merge';

describe('JSON Merge Patch', () => {
  it('merges maps, removes nulls, replaces lists', () => {
    expect(mergePatch({ a: { b: 1, c: 2 }, l: [1] }, { a: { b: null, d: 3 }, l: [2] })).toEqual({ a: { c: 2, d: 3 }, l: [2] });
  });
});

describe('JSON Patch', () => {
  it('adds, replaces, removes, moves, copies and tests', () => {
    const patch = [
      { op: 'test', path: '/a', value: 1 },
      { op: 'add', path: '/l/1', value: 9 },
      { op: 'add', path: '/l/-', value: 10 },
      { op: 'copy', from: '/a', path: '/b~1c' },
      { op: 'move', from: '/a', path: '/m' },
      { op: 'remove', path: '/l/0' },
      { op: 'replace', path: '/m', value: 5 },
    ];
    expect(jsonPatch({ a: 1, l: [1, 2] }, patch)).toEqual({ l: [9, 2, 10], 'b/c': 1, m: 5 });
  });

  it.each([
    [{ op: 'test', path: '/a', value: 2 }, 'test failed'],
    [{ op: 'remove', path: '/x' }, 'missing value'],
    [{ op: 'replace', path: '/x/y', value: 1 }, 'missing value'],
    [{ op: 'fly', path: '/a' }, 'Unexpected kind'],
  ])('refuses %j', (operation, why) => {
    expect(() => jsonPatch({ a: 1 }, [operation])).toThrow(why);
  });
});

describe('Strategic merge patch', () => {
  const spec = (containers: object[]): never => ({ spec: { template: { spec: { containers } } } }) as never;

  it('merges containers by name and their environment by name', () => {
    const target = spec([
      { name: 'a', image: 'x', env: [{ name: 'A', value: '1' }] },
      { name: 'b', image: 'y' },
    ]);
    const patch = spec([{ name: 'a', env: [{ name: 'B', value: '2' }] }]);
    expect(strategicMerge(target, patch)).toEqual(
      spec([
        {
          name: 'a',
          image: 'x',
          env: [
            { name: 'A', value: '1' },
            { name: 'B', value: '2' },
          ],
        },
        { name: 'b', image: 'y' },
      ]),
    );
  });

  it('follows the directives', () => {
    const target = { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: {} } }, metadata: { finalizers: ['a', 'b'] } };
    const patch = {
      spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } },
      metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] },
    };
    expect(strategicMerge(target, patch)).toEqual({ spec: { strategy: { type: 'Recreate' } }, metadata: { finalizers: ['b'] } });
  });

  it('removes and reorders list items', () => {
    const target = spec([{ name: 'a' }, { name: 'b' }, { name: 'c' }]);
    const patch = {
      spec: {
        template: {
          spec: { '$setElementOrder/containers': [{ name: 'c' }, { name: 'a' }], containers: [{ name: 'b', $patch: 'delete' }] },
        },
      },
    };
    expect(strategicMerge(target, patch)).toEqual(spec([{ name: 'c' }, { name: 'a' }]));
  });
});
