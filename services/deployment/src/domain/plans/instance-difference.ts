import { fieldChanges, type FieldChange } from '@souk/topology';
import { pointerSegment, type Steps } from '@souk/event-sourcing';
import { annotations, type ClusterObject, keyOf, nodeOf } from '../cluster-object';
import type { RenderedObject, SealedValue } from '../render/rendered';

/** What becomes of one object of an instance. */
export interface ObjectDifference {
  readonly change: 'created' | 'changed' | 'untouched' | 'deleted';
  readonly kind: string;
  readonly name: string;
  /** Absent for what surrounds the nodes. */
  readonly node?: string;
  /** Of one that changes: field by field, pointers into the object as it is {@link shown}. */
  readonly fields: readonly FieldChange[];
}

/** In the place of every sealed value: nobody but the instance sees one. */
export const MASK = '••••';

/** An object as people may see it: sealed values masked, without the mark that its hash is. */
export function shown({ object, sealed }: RenderedObject): ClusterObject {
  const { annotations: all = {}, ...metadata } = object.metadata;
  const { [annotations.specHash]: _, ...others } = all;
  const data = sealed && Object.fromEntries(Object.keys(sealed).map((key) => [key, MASK]));
  return {
    ...object,
    metadata: { ...metadata, ...(Object.keys(others).length > 0 && { annotations: others }) },
    ...(data && { data }),
  };
}

/**
 * What leads from the objects of one rendering to those of another: an object is untouched exactly where its hash is the same.
 *
 *     before: Service/web, Deployment/web(1), Job/old    after: Service/web, Deployment/web(2), Deployment/api
 *     gives   untouched Service/web, changed Deployment/web, created Deployment/api, deleted Job/old
 *
 * Linear in the size of both; one step for each object.
 */
export function* differenceSteps(before: readonly RenderedObject[], after: readonly RenderedObject[]): Steps<ObjectDifference[]> {
  const left = new Map<string, RenderedObject>();
  for (const rendered of before) {
    yield;
    left.set(keyOf(rendered.object), rendered);
  }
  const differences: ObjectDifference[] = [];
  for (const rendered of after) {
    yield;
    const key = keyOf(rendered.object);
    const earlier = left.get(key);
    left.delete(key);
    differences.push(earlier ? compared(earlier, rendered) : { change: 'created', ...identityOf(rendered), fields: [] });
  }
  for (const gone of left.values()) differences.push({ change: 'deleted', ...identityOf(gone), fields: [] });
  return differences;
}

function compared(before: RenderedObject, after: RenderedObject): ObjectDifference {
  if (before.hash === after.hash) return { change: 'untouched', ...identityOf(after), fields: [] };
  const fields = [...fieldChanges(shown(before), shown(after)), ...sealedChanges(before.sealed, after.sealed)];
  return { change: 'changed', ...identityOf(after), fields };
}

/**
 * Sealed values that are others behind the same mask. Where all are made in the same way, their versions are what differs, which only the
 * hash tells.
 */
function sealedChanges(before: RenderedObject['sealed'] = {}, after: RenderedObject['sealed'] = {}): FieldChange[] {
  const kept = Object.keys(after).filter((key) => Object.hasOwn(before, key));
  const changed = kept.filter((key) => !isSame(before[key]!, after[key]!));
  return (changed.length > 0 ? changed : kept).map((key) => ({
    pointer: `/data/${pointerSegment(key)}`,
    before: MASK,
    after: MASK,
  }));
}

function isSame(a: SealedValue, b: SealedValue): boolean {
  return fieldChanges(a, b).length === 0;
}

function identityOf({ object }: RenderedObject) {
  const node = nodeOf(object);
  return { kind: object.kind, name: object.metadata.name, ...(node !== undefined && { node }) };
}
