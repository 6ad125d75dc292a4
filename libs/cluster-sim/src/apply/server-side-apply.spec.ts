import fc from 'fast-check';
import { ApiError } from '../objects/api-error';
import { type JsonObject } from '../objects/json';
import { type KubeObject } from '../objects/kube-object';
import { decodeFields, encodeFields, fieldsOf, intersection, isEmpty, minus, union } from './field-set';
import { trackUpdate } from './managed-fields';
import { serverSideApply } from './server-side-apply';

const object = (rest: object): KubeObject =>
  ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, ...rest }) as KubeObject;
const withContainers = (...containers: object[]): KubeObject => object({ spec: { template: { spec: { containers } } } });
const containersOf = (result: KubeObject): unknown =>
  (result.spec as { template?: { spec?: { containers?: unknown } } }).template?.spec?.containers;
const apply = (live: KubeObject | undefined, config: KubeObject, manager = 'souk', force = false, now = 1000): KubeObject =>
  serverSideApply(live, config, { manager, now }, force);
const managers = (result: KubeObject): string[] => (result.metadata.managedFields ?? []).map(({ manager }) => manager);

describe('Server-side apply', () => {
  describe('an object that is not there', () => {
    it('is what was applied, owned by who applied it', () => {
      const result = apply(undefined, withContainers({ name: 'a', image: 'x', env: [{ name: 'A', value: '1' }] }));
      expect(result.metadata.managedFields).toEqual([
        expect.objectContaining({
          manager: 'souk',
          operation: 'Apply',
          fieldsV1: {
            'f:spec': {
              'f:template': {
                'f:spec': {
                  'f:containers': {
                    'k:{"name":"a"}': {
                      '.': {},
                      'f:name': {},
                      'f:image': {},
                      'f:env': { 'k:{"name":"A"}': { '.': {}, 'f:name': {}, 'f:value': {} } },
                    },
                  },
                },
              },
            },
          },
        }),
      ]);
    });
  });

  describe('an object that the same manager applied before', () => {
    it('loses what is stated no more, and keeps what others brought in', () => {
      const first = apply(undefined, object({ metadata: { name: 'web', labels: { a: '1', b: '2' } }, spec: { replicas: 2 } }));
      const defaulted = { ...first, spec: { replicas: 2, paused: false } };
      const second = apply(defaulted, object({ metadata: { name: 'web', labels: { a: '1' } }, spec: { replicas: 3 } }));
      expect(second.metadata.labels).toEqual({ a: '1' });
      expect(second.spec).toEqual({ replicas: 3, paused: false });
    });

    it('loses a whole list item with its defaults', () => {
      const first = apply(undefined, withContainers({ name: 'a', image: 'x' }, { name: 'b', image: 'y' }));
      const live = {
        ...first,
        spec: withContainers({ name: 'a', image: 'x' }, { name: 'b', image: 'y', imagePullPolicy: 'Always' }).spec,
      };
      expect(containersOf(apply(live, withContainers({ name: 'a', image: 'x' })))).toEqual([{ name: 'a', image: 'x' }]);
    });

    it('merges ports by number and protocol, TCP by default', () => {
      const first = apply(undefined, withContainers({ name: 'a', ports: [{ containerPort: 80, name: 'http' }] }));
      const defaulted = { name: 'a', ports: [{ containerPort: 80, name: 'http', protocol: 'TCP' }] };
      const live = { ...first, spec: withContainers(defaulted).spec };
      const second = apply(live, withContainers({ name: 'a', ports: [{ containerPort: 80, name: 'web' }] }));
      expect(containersOf(second)).toEqual([{ name: 'a', ports: [{ containerPort: 80, protocol: 'TCP', name: 'web' }] }]);
    });

    it('owns a reference to a Secret as a whole', () => {
      const applied = apply(undefined, object({ spec: { template: { spec: { imagePullSecrets: [{ name: 'pull' }] } } } }));
      const items = { 'f:imagePullSecrets': { 'k:{"name":"pull"}': {} } };
      expect(applied.metadata.managedFields?.[0]?.fieldsV1).toEqual({ 'f:spec': { 'f:template': { 'f:spec': items } } });
    });

    it('stays the same, managed fields and all, when the same is applied again', () => {
      const config = withContainers({ name: 'a', image: 'x', args: ['1', '2'] });
      const first = apply(undefined, config, 'souk', false, 1000);
      expect(apply(first, config, 'souk', false, 99_000)).toEqual(first);
    });
  });

  it('is refused where a list has two items of the same key', () => {
    const twice = withContainers({ name: 'a', ports: [{ containerPort: 80 }, { containerPort: 80, protocol: 'TCP' }] });
    const where = '.spec.template.spec.containers[name="a"].ports: duplicate entries for key [containerPort=80,protocol="TCP"]';
    expect(() => apply(undefined, twice)).toThrow(/^failed to create typed patch object \(/);
    expect(() => apply(undefined, twice)).toThrow(where);
  });

  describe('a field of another manager', () => {
    const live = apply(undefined, object({ spec: { replicas: 2, paused: false } }), 'other');

    it('is a conflict when the value differs', () => {
      const attempt = (): KubeObject => apply(live, object({ spec: { replicas: 3 } }));
      expect(attempt).toThrow(ApiError);
      expect(attempt).toThrow('Apply failed with 1 conflict: conflict with "other": .spec.replicas');
    });

    it('names every conflict', () => {
      expect(() => apply(live, object({ spec: { replicas: 3, paused: true } }))).toThrow(
        'Apply failed with 2 conflicts: conflicts with "other":\n- .spec.paused\n- .spec.replicas',
      );
    });

    it('is taken by force', () => {
      const forced = apply(live, object({ spec: { replicas: 3 } }), 'souk', true);
      expect(forced.spec).toEqual({ replicas: 3, paused: false });
      expect(() => apply(forced, object({ spec: { replicas: 2, paused: false } }), 'other')).toThrow('.spec.replicas');
    });

    it('is shared when the value is the same, and stays when one of the two drops it', () => {
      const shared = apply(live, object({ spec: { replicas: 2 } }));
      expect(managers(shared)).toEqual(['other', 'souk']);
      const dropped = apply(shared, object({ spec: {} }));
      expect(dropped.spec).toEqual({ replicas: 2, paused: false });
    });

    it('is taken by a plain update, without a question', () => {
      const updated = { ...live, spec: { replicas: 9, paused: false } };
      const tracked = {
        ...updated,
        metadata: { ...updated.metadata, managedFields: trackUpdate(live, updated, { manager: 'edit', now: 0 }) },
      };
      expect(managers(tracked)).toEqual(['other', 'edit']);
      expect(() => apply(tracked, live, 'other')).toThrow('conflict with "edit" using apps/v1: .spec.replicas');
    });
  });

  describe('an object that nobody has tracked', () => {
    it('belongs to before-first-apply', () => {
      const attempt = (): KubeObject => apply(object({ spec: { replicas: 1 } }), object({ spec: { replicas: 2 } }));
      expect(attempt).toThrow('before-first-apply');
    });
  });
});

describe('Field sets', () => {
  const values = fc.letrec<{ tree: JsonObject }>((tie) => ({
    tree: fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.oneof({ maxDepth: 3 }, fc.integer(), tie('tree')), {
      maxKeys: 3,
    }),
  })).tree;

  it('survive encoding', () => {
    fc.assert(
      fc.property(values, (value) => {
        const encoded = encodeFields(fieldsOf(value));
        expect(encodeFields(decodeFields(encoded))).toEqual(encoded);
      }),
    );
  });

  it('obey the laws of sets', () => {
    fc.assert(
      fc.property(values, values, (left, right) => {
        const [a, b] = [fieldsOf(left), fieldsOf(right)];
        expect(isEmpty(intersection(minus(a, b), b))).toBe(true);
        expect(encodeFields(union(minus(a, b), intersection(a, b)))).toEqual(encodeFields(a));
      }),
    );
  });
});
