import { KubernetesCluster, Unreachable } from '@souk/kubernetes';
import { type ClusterObject, MANAGER } from '../../domain/cluster-object';
import type { OwnedFields } from '../../domain/health/owned-fields';
import { ClusterView, OwnedFieldsOnce, slim } from './cluster-view';

const object = (kind: string, fieldsV1: OwnedFields, manager: string = MANAGER): ClusterObject => ({
  apiVersion: 'v1',
  kind,
  metadata: {
    name: 'web',
    ...{
      managedFields: [
        { manager: 'kubelet', operation: 'Update' },
        { manager, operation: 'Apply', fieldsV1 },
      ],
    },
  },
  spec: { ports: [] },
  data: { password: 'x' },
});

/** Never the same object twice, as parsed. */
const fields = (...names: string[]): OwnedFields => ({
  'f:metadata': { 'f:labels': {} },
  'f:spec': Object.fromEntries(names.map((name) => [`f:${name}`, {}])),
});

describe('What is kept of an object', () => {
  it('is what is looked at: of a secret nothing but what it is', () => {
    const owned = new OwnedFieldsOnce();
    expect(slim(object('Service', fields('ports')), owned)).toEqual({
      ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' } },
      ...{ spec: { ports: [] }, data: { password: 'x' }, owned: fields('ports') },
    });
    expect(slim(object('Secret', fields('ports')), owned)).toEqual({
      ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'web' }, owned: fields('ports') },
    });
  });

  it('is kept once, of instances that have the same fields', () => {
    const owned = new OwnedFieldsOnce();
    const one = slim(object('Service', fields('ports', 'type')), owned);
    expect(slim(object('Service', fields('ports', 'type')), owned).owned).toBe(one.owned);
    expect(slim(object('Service', fields('ports', 'type')), owned, one).owned).toBe(one.owned);
  });

  it.each<[string, OwnedFields]>([
    ['lost', fields('ports')],
    ['won', fields('ports', 'type', 'selector')],
    ['changed', fields('ports', 'selector')],
  ])('says so when a field was %s since', (_what, now) => {
    const owned = new OwnedFieldsOnce();
    const before = slim(object('Service', fields('ports', 'type')), owned);
    expect(slim(object('Service', now), owned, before).owned).toEqual(now);
  });

  it('says so when nothing is ours any more', () => {
    const owned = new OwnedFieldsOnce();
    const before = slim(object('Service', fields('ports')), owned);
    expect(slim(object('Service', fields('ports'), 'kubectl'), owned, before).owned).toEqual({});
  });
});

describe('A view that was stopped', () => {
  it('stays so: whoever still works with it begins no watch that nobody would end', async () => {
    let asked = 0;
    const cluster = new KubernetesCluster(() => {
      asked++;
      return Promise.reject(new Unreachable('no such cluster'));
    });
    const view = new ClusterView(
      cluster,
      () => undefined,
      () => undefined,
    );
    await view.stop();
    view.start();
    expect(await view.isSynced(1_000)).toBe(false);
    expect(asked).toBe(0);
    cluster.close();
  });
});
