import { atOnce } from '@souk/event-sourcing';
import fc from 'fast-check';
import { shop, tomcat, toRender } from '../../../test/sample';
import { type ClusterObject, keyOf } from '../cluster-object';
import { differenceSteps, MASK, type ObjectDifference, shown } from './instance-difference';
import { ownerOf, rendered, type RenderedObject } from '../render/rendered';
import { renderInstance } from '../render/render-instance';

const owner = ownerOf('inst_1', 'app_1');

const difference = (before: readonly RenderedObject[], after: readonly RenderedObject[]): ObjectDifference[] =>
  atOnce(differenceSteps(before, after));

const objectsOf = (...[topology, more]: Parameters<typeof toRender>): RenderedObject[] => {
  const { surroundings, quota, nodes } = renderInstance(toRender(topology, more));
  return [...surroundings, quota.settled, ...nodes.flatMap(({ objects }) => objects)];
};

/** What an object becomes by changes of its fields. */
function applied(object: ClusterObject, fields: ObjectDifference['fields']): unknown {
  const result = JSON.parse(JSON.stringify(object)) as unknown;
  // Elements at the end of a list go last first.
  for (const { pointer, ...change } of fields.toReversed()) {
    const path = pointer
      .split('/')
      .slice(1)
      .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = path.pop()!;
    const own = (value: unknown, part: string): unknown => Object.getOwnPropertyDescriptor(value, part)?.value;
    const holder = path.reduce(own, result) as object;
    const field = { value: change.after, writable: true, enumerable: true, configurable: true };
    if ('after' in change) Object.defineProperty(holder, last, field);
    else if (Array.isArray(holder)) holder.splice(Number(last), 1);
    else Reflect.deleteProperty(holder, last);
  }
  return result;
}

const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  leaf: fc.oneof(fc.integer(), fc.string(), fc.boolean()),
  value: fc.oneof(
    { maxDepth: 3 },
    tie('leaf'),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b/c', '~', '__proto__'), tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value;

const object = fc
  .record({
    kind: fc.constantFrom('Service', 'Secret'),
    name: fc.constantFrom('web', 'api', 'db'),
    spec: value,
    sealed: fc.boolean(),
  })
  .map(({ kind, name, spec, sealed }) => {
    const head = { apiVersion: 'v1', kind, name };
    const body = { spec: JSON.parse(JSON.stringify(spec)) as unknown };
    const secrets = { sealed: { key: { template: '${secret.a}' } }, versions: { a: 1 } };
    return rendered(owner, head, body, sealed ? secrets : undefined);
  });
const objects = fc.uniqueArray(object, { selector: (known) => keyOf(known.object), maxLength: 6 });

describe('The difference of two renderings', () => {
  it('leads from the one to the other, and leaves alone exactly what has the same hash', () =>
    fc.assert(
      fc.property(objects, objects, (before, after) => {
        const differences = difference(before, after);
        const now = new Map(before.map((known) => [keyOf(known.object), shown(known) as unknown]));
        const wanted = new Map(after.map((known) => [keyOf(known.object), known]));
        const hashes = new Map(before.map((known) => [keyOf(known.object), known.hash]));
        for (const { change, kind, name, fields } of differences) {
          const key = `${kind}/${name}`;
          expect(change === 'untouched').toBe(hashes.get(key) !== undefined && hashes.get(key) === wanted.get(key)?.hash);
          if (change === 'deleted') now.delete(key);
          if (change === 'created') now.set(key, shown(wanted.get(key)!));
          if (change === 'changed') now.set(key, applied(now.get(key) as ClusterObject, fields));
        }
        expect(now).toEqual(new Map(after.map((known) => [keyOf(known.object), shown(known)])));
      }),
    ));

  it('names the one field that is another, where only the image is', () => {
    const nodes = shop.nodes.map((known) => (known === tomcat ? { ...tomcat, image: 'shop/tomcat:2' } : known));
    const changed = difference(objectsOf(shop), objectsOf({ ...shop, nodes })).filter(({ change }) => change !== 'untouched');
    expect(changed).toEqual([
      {
        change: 'changed',
        kind: 'Deployment',
        name: 'tomcat',
        node: 'tomcat',
        fields: [
          {
            pointer: '/spec/template/spec/containers/0/image',
            before: `registry.example/shop/tomcat:1.0.0@sha256:${'a'.repeat(64)}`,
            after: 'shop/tomcat:2',
          },
        ],
      },
    ]);
  });

  it('tells that a secret is another, and never what it is', () => {
    const rotated = { identity: { appKey: 'AK0001', secretVersion: 2, apiUrl: 'http://souk.example:3000' } };
    const changed = difference(objectsOf(shop), objectsOf(shop, rotated)).find(({ name }) => name === 'souk-identity');
    expect(changed).toMatchObject({
      change: 'changed',
      fields: [{ pointer: '/data/SOUK_APP_SECRET', before: MASK, after: MASK }],
    });
  });
});

describe('An object as it is shown', () => {
  it('holds a mask for every sealed value', () => {
    const text = JSON.stringify(objectsOf(shop).map(shown));
    expect(text).toContain(`"DB_PASSWORD":"${MASK}"`);
    expect(text).toContain(`"SOUK_APP_SECRET":"${MASK}"`);
    expect(text).not.toContain('${secret');
    expect(text).not.toContain('AK0001');
  });
});
