import { derivedId, idPattern, idPrefixes, idsIn, type IdKind, newId } from './ids';

describe('Ids', () => {
  it.each(Object.keys(idPrefixes) as IdKind[])('of kind %s match their pattern, new or derived', (kind) => {
    expect(newId(kind)).toMatch(new RegExp(idPattern(kind)));
    expect(derivedId(kind, 'a', 'b')).toMatch(new RegExp(idPattern(kind)));
  });

  it('are new every time, and derived the same every time', () => {
    expect(new Set(Array.from({ length: 1000 }, () => newId('app'))).size).toBe(1000);
    expect(derivedId('app', 'a', 'b')).toBe(derivedId('app', 'a', 'b'));
    expect(derivedId('app', 'a', 'b')).not.toBe(derivedId('app', 'ab'));
  });

  it('are found wherever they stand', () => {
    const [app, version, user] = [newId('app'), newId('version'), newId('user')];
    expect(
      [...idsIn({ stream: `version-${version}`, data: { list: [app, { deep: app }], note: `not ${user}x` } })].sort(),
    ).toEqual([app, version].sort());
  });
});
