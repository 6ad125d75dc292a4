import { lostFields, type OwnedFields } from './owned-fields';

const said = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop', labels: { app: 'web' } },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: { spec: { containers: [{ name: 'web', image: 'web:1', args: ['-v'], env: [{ name: 'A', value: 'a' }] }] } },
  },
};
const container = {
  '.': {},
  'f:name': {},
  'f:image': {},
  'f:args': {},
  'f:env': { 'k:{"name":"A"}': { '.': {}, 'f:name': {}, 'f:value': {} } },
};
const owned = (more: OwnedFields = container, spec: OwnedFields = { 'f:replicas': {} }): OwnedFields => ({
  'f:metadata': { 'f:labels': { 'f:app': {} } },
  'f:spec': { ...spec, 'f:selector': {}, 'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"web"}': more } } } },
});
const without = (field: string): OwnedFields => Object.fromEntries(Object.entries(container).filter(([name]) => name !== field));

describe('Of what was said', () => {
  it.each([
    ['nothing is lost where all of it is owned', owned(), []],
    ['a field is lost that somebody else has changed', owned(container, {}), ['spec.replicas']],
    ['a field of an item is lost', owned(without('f:image')), ['spec.template.spec.containers[web].image']],
    [
      'an item is lost that was taken out',
      owned({ ...container, 'f:env': { 'k:{"name":"B"}': {} } }),
      ['spec.template.spec.containers[web].env[A]'],
    ],
    ['everything is lost where nothing is owned', {}, ['metadata', 'spec']],
  ] as const)('%s', (_, fields, lost) => {
    expect(lostFields(said, fields)).toEqual(lost);
  });

  it('what is owned as a whole is not looked into', () => {
    expect(lostFields({ spec: { selector: { matchLabels: { a: 'b' } } } }, { 'f:spec': { 'f:selector': {} } })).toEqual([]);
  });

  it('nor is an item that is owned as a whole, as those of imagePullSecrets are', () => {
    const fields: OwnedFields = { 'f:imagePullSecrets': { '.': {}, 'k:{"name":"a"}': {} } };
    expect(lostFields({ imagePullSecrets: [{ name: 'a' }] }, fields)).toEqual([]);
    expect(lostFields({ imagePullSecrets: [{ name: 'b' }] }, fields)).toEqual(['imagePullSecrets[b]']);
  });

  it('an item of a set is known by itself', () => {
    const fields: OwnedFields = { 'f:finalizers': { 'v:"a"': {} } };
    expect(lostFields({ finalizers: ['a', 'b'] }, fields)).toEqual(['finalizers[b]']);
  });

  it('a field with the name of something inherited is lost like any other', () => {
    expect(lostFields({ data: { constructor: 'x' } }, { 'f:data': { 'f:other': {} } })).toEqual(['data.constructor']);
  });
});
