import { annotations, type ClusterObject, isTerminating, keyOf } from '../cluster-object';
import { lostFields } from './owned-fields';
import { type RenderedObject, waitsForCredentials } from '../render/rendered';
import type { RenderedInstance } from '../render/render-instance';

/** How an object that stands on the cluster differs from what was applied, in plain words. */
export interface Difference {
  readonly kind: string;
  readonly name: string;
  readonly what: string;
}

/** Paths that one difference names, and differences that one fact names: a cluster may be turned upside down. */
const MOST_PATHS = 5;
const MOST_DIFFERENCES = 20;

/**
 * What somebody else has changed about an instance at rest. An object that we applied from an earlier rendering, before an update of the
 * platform say, is as it was applied: that is no drift. Init nodes have done their part, what is left of them may go. What reads credentials that
 * are not there was never applied.
 */
export function differencesOf(instance: RenderedInstance, objects: readonly ClusterObject[]): Difference[] {
  const seen = new Map(objects.map((object) => [keyOf(object), object]));
  const wanted = [
    ...instance.surroundings,
    instance.quota.settled,
    ...instance.nodes.filter((node) => node.category !== 'init' && !waitsForCredentials(node)).flatMap((node) => node.objects),
  ];
  return wanted
    .flatMap((rendered) => {
      const { kind, metadata } = rendered.object;
      const what = differenceOf(rendered, seen.get(keyOf(rendered.object)));
      return what === undefined ? [] : [{ kind, name: metadata.name, what }];
    })
    .slice(0, MOST_DIFFERENCES);
}

/** `undefined` where it is as it was applied. */
export function differenceOf(rendered: RenderedObject, seen: ClusterObject | undefined): string | undefined {
  if (!seen) return 'is gone';
  if (isTerminating(seen)) return 'is being deleted';
  // What its cluster does not say, nobody can tell.
  if (!seen.owned) return undefined;
  const lost = lostFields(saidOf(rendered, seen), seen.owned);
  if (lost.length === 0) return undefined;
  const more = lost.length > MOST_PATHS ? ` and ${lost.length - MOST_PATHS} more` : '';
  return `${lost.slice(0, MOST_PATHS).join(', ')}${more} ${lost.length === 1 ? 'was' : 'were'} changed by somebody else`;
}

/** Of another rendering only the mark is known that it bears. */
function saidOf({ object, hash, sealed }: RenderedObject, seen: ClusterObject): object {
  if (seen.metadata.annotations?.[annotations.specHash] !== hash)
    return { metadata: { annotations: { [annotations.specHash]: hash } } };
  return sealed ? { ...object, data: Object.fromEntries(Object.keys(sealed).map((key) => [key, ''])) } : object;
}
