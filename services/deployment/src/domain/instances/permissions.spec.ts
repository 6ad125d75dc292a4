import type { DataModelAccess, DeclaredPermissions } from '@souk/contracts';
import { beyond, union } from './permissions';

const model = (access: DataModelAccess, subscribe = false) => ({ model: 'device', version: '1', access, subscribe });
const permissions = (apis: string[], ...dataModels: ReturnType<typeof model>[]) => ({ apis, dataModels });

const using = (...apis: string[]) => ({ model: 'work-orders', apis });
const providing = (port: number) => ({ model: 'work-orders', node: 'web', port });

describe('Permissions', () => {
  it.each([
    ['nothing more', permissions(['a'], model('read-write', true)), permissions(['a'], model('read')), []],
    ['another API', permissions(['a']), permissions(['a', 'b']), ['b']],
    ['another model', permissions([]), permissions([], model('read')), ['device@1 read']],
    ['more access', permissions([], model('read')), permissions([], model('read-create')), ['device@1 read-create']],
    ['a subscription', permissions([], model('read')), permissions([], model('read', true)), ['device@1 read subscribe']],
  ])('beyond those granted: %s', (_, granted, declared, expected) => {
    expect(beyond(granted, declared)).toEqual(expected);
  });

  it.each<[string, Partial<DeclaredPermissions>, Partial<DeclaredPermissions>, string[]]>([
    ['another service', {}, { dependencies: [using('a.read')] }, ['uses work-orders a.read']],
    ['a service of which no API is named', {}, { dependencies: [using()] }, ['uses work-orders']],
    ['more of a service', { dependencies: [using('a.read')] }, { dependencies: [using('a.read', 'b')] }, ['uses work-orders b']],
    ['less of a service', { dependencies: [using('a.read', 'b')] }, { dependencies: [using('b')] }, []],
    ['a service that is provided', {}, { provisions: [providing(80)] }, ['provides work-orders at web:80']],
    ['another way to it', { provisions: [providing(80)] }, { provisions: [providing(81)] }, ['provides work-orders at web:81']],
    ['the same way to it', { provisions: [providing(80)] }, { provisions: [providing(80)] }, []],
  ])('beyond those granted: %s', (_, granted, declared, expected) => {
    expect(beyond({ ...permissions([]), ...granted }, { ...permissions([]), ...declared })).toEqual(expected);
  });

  it('of two versions together are enough for either', () => {
    const [a, b] = [permissions(['x'], model('read', true)), permissions(['y'], model('read-write'))];
    expect(union(a, b)).toEqual(permissions(['x', 'y'], model('read-write', true)));
    expect([...beyond(union(a, b), a), ...beyond(union(a, b), b)]).toEqual([]);
  });
});
