import { derivedUuid, nextSlice } from '@souk/event-sourcing';
import type { KubernetesCluster } from '@souk/kubernetes';
import { type ClusterObject, instanceOf, labels, managedSelector } from '../../domain/cluster-object';
import { OwnedFieldsOnce, slim, watched } from './cluster-view';

/** What a cluster shows of one instance, in brief. */
export interface Sighting {
  /** Another one as soon as anything of it is different. */
  readonly print: string;
  /** How many objects it consists of. */
  readonly objects: number;
}

/** All that is asked of a cluster here. */
export type Pages = Pick<KubernetesCluster, 'pages'>;

const NOTHING: Sighting = { print: '', objects: 0 };

/**
 * Everything on a cluster that bears our mark, by instance. However large the cluster is, one page of it is held at a time, and a line for each
 * instance.
 * @throws KubernetesError
 */
export async function survey(cluster: Pages): Promise<Map<string, Sighting>> {
  const all = new Map<string, Sighting>();
  let sliceEnd = 0;
  for (const kind of watched) {
    let ofKind = new Map<string, Sighting>();
    for await (const { items, isFirst } of cluster.pages(kind, { labelSelector: managedSelector })) {
      if (isFirst) ofKind = new Map();
      for (const item of items) {
        if (performance.now() >= sliceEnd) sliceEnd = await nextSlice();
        const { uid = '', resourceVersion = '' } = item.metadata;
        const instanceId = instanceOf(item);
        if (instanceId !== undefined) add(ofKind, instanceId, { print: `${uid}@${resourceVersion}`, objects: 1 });
      }
    }
    for (const [instanceId, sighting] of ofKind) add(all, instanceId, sighting);
  }
  return all;
}

/**
 * Everything of these instances that bears our mark, as far as it is looked at. Of so many that it may be held.
 * @throws KubernetesError
 */
export async function objectsOf(cluster: Pages, instanceIds: readonly string[]): Promise<Map<string, ClusterObject[]>> {
  const labelSelector = `${managedSelector},${labels.instance} in (${instanceIds.join(',')})`;
  const owned = new OwnedFieldsOnce();
  const all = new Map<string, ClusterObject[]>(instanceIds.map((instanceId) => [instanceId, []]));
  let sliceEnd = 0;
  for (const kind of watched) {
    let ofKind: ClusterObject[] = [];
    for await (const { items, isFirst } of cluster.pages(kind, { labelSelector })) {
      if (isFirst) ofKind = [];
      for (const item of items) {
        if (performance.now() >= sliceEnd) sliceEnd = await nextSlice();
        ofKind.push(slim(item, owned));
      }
    }
    for (const object of ofKind) all.get(instanceOf(object) ?? '')?.push(object);
  }
  return all;
}

/** Lists come by namespace and name: what is the same again is added in the same order. */
function add(to: Map<string, Sighting>, instanceId: string, { print, objects }: Sighting): void {
  const known = to.get(instanceId) ?? NOTHING;
  to.set(instanceId, { print: derivedUuid(known.print, print), objects: known.objects + objects });
}
