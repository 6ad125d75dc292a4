import { deployed } from '../../../test/paper-story';
import { shop, tomcat, toRender } from '../../../test/sample';
import type { ClusterObject } from '../cluster-object';
import { differencesOf } from './drift';
import type { OwnedFields } from './owned-fields';
import { renderInstance } from '../render/render-instance';

const rendered = renderInstance(toRender(shop));
const standing = deployed().cluster.observed().objects;
/** As if the cluster said that we own all that we say, but for one field. */
function owning(value: unknown, lost = ''): OwnedFields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  const fields = Object.entries(value).filter(([field]) => field !== lost);
  return Object.fromEntries(fields.map(([field, inner]) => [`f:${field}`, owning(inner, lost)]));
}
const owned = standing.map((object) => ({ ...object, owned: owning({ ...object, data: sealedOf(object) }) }));
function sealedOf({ kind, metadata }: ClusterObject): object | undefined {
  const objects = [...rendered.surroundings, ...rendered.nodes.flatMap((node) => node.objects)];
  return objects.find(({ object }) => object.kind === kind && object.metadata.name === metadata.name)?.sealed;
}
const changed = (key: string, change: (object: ClusterObject) => object): ClusterObject[] =>
  owned.map((object) => (`${object.kind}/${object.metadata.name}` === key ? { ...object, ...change(object) } : object));

describe('An instance at rest', () => {
  it('differs in nothing from what was applied', () => {
    expect(differencesOf(rendered, owned)).toEqual([]);
  });

  it('differs in what is gone, but not in what an init node has left', () => {
    const gone = new Set(['Service/tomcat', 'Job/schema', 'Secret/souk-env-schema']);
    const left = owned.filter(({ kind, metadata }) => !gone.has(`${kind}/${metadata.name}`));
    expect(differencesOf(rendered, left)).toEqual([{ kind: 'Service', name: 'tomcat', what: 'is gone' }]);
  });

  it('differs in what is on its way out', () => {
    const leaving = changed('Service/tomcat', ({ metadata }) => ({ metadata: { ...metadata, deletionTimestamp: 'now' } }));
    expect(differencesOf(rendered, leaving)).toEqual([{ kind: 'Service', name: 'tomcat', what: 'is being deleted' }]);
  });

  it('differs in fields that somebody else has taken over, by their paths', () => {
    const edited = changed('Deployment/tomcat', (object) => ({ owned: owning(object, 'replicas') }));
    expect(differencesOf(rendered, edited)).toEqual([
      { kind: 'Deployment', name: 'tomcat', what: 'spec.replicas was changed by somebody else' },
    ]);
  });

  it('differs in values of secrets, which nobody needs to know for that', () => {
    const edited = changed('Secret/souk-identity', (object) => ({
      owned: owning({ ...object, data: sealedOf(object) }, 'SOUK_APP_SECRET'),
    }));
    expect(differencesOf(rendered, edited)).toEqual([
      { kind: 'Secret', name: 'souk-identity', what: 'data.SOUK_APP_SECRET was changed by somebody else' },
    ]);
  });

  it('does not differ where only the platform would render it otherwise today', () => {
    const today = renderInstance(
      toRender({ ...shop, nodes: shop.nodes.map((node) => (node === tomcat ? { ...node, replicas: 5 } : node)) }),
    );
    expect(differencesOf(today, owned)).toEqual([]);
  });

  it('is not judged where its cluster does not say who owns what', () => {
    expect(differencesOf(rendered, standing)).toEqual([]);
  });
});
