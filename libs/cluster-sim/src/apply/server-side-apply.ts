import { applyConflict, type StatusCause, unreadablePatch } from '../objects/api-error';
import { type Json } from '../objects/json';
import { type KubeObject, type ManagedFields } from '../objects/kube-object';
import {
  changedFields,
  duplicateIn,
  emptySet,
  type FieldSet,
  fieldsOf,
  intersection,
  isEmpty,
  minus,
  pathsOf,
  union,
} from './field-set';
import { asJson, encodeOwnership, newEntry, ownedBy, type Ownership, ownershipOf, type Writer } from './managed-fields';
import { mergeApplied, removeFields, withoutNulls } from './merge';

/**
 * Server-side apply: what the manager states is laid over the live object, what it stated before and states no more is
 * removed (unless somebody else owns it too), and a field that another manager owns with another value is a conflict.
 *
 * @returns the new object with its managed fields; the caller decides whether that is a change.
 * @throws ApiError 409 naming every conflicting manager and field, unless `force`; 500 where a list states an item twice.
 */
export const serverSideApply = (
  live: KubeObject | undefined,
  applied: KubeObject,
  writer: Writer,
  force: boolean,
): KubeObject => {
  const duplicate = duplicateIn(asJson(applied));
  if (duplicate !== undefined) throw unreadablePatch(applied, duplicate);
  const stated = fieldsOf(asJson(applied));
  if (!live)
    return owned(withoutNulls(asJson(applied)), [{ entry: newEntry('Apply', applied.apiVersion, writer), fields: stated }]);
  const owners = liveOwners(live, applied.apiVersion, writer);
  const mine = owners.find(({ entry }) => ownedBy(entry, 'Apply', writer));
  const others = owners.filter((owner) => owner !== mine);

  const merged = mergeApplied(asJson(live), asJson(applied));
  const { written } = changedFields(asJson(live), merged);
  const conflicts = others
    .map((owner) => ({ owner, fields: intersection(intersection(owner.fields, written), stated) }))
    .filter(({ fields }) => !isEmpty(fields));
  if (conflicts.length > 0 && !force) throw conflictError(conflicts);

  const keptOthers = others.map((owner) => {
    const taken = conflicts.find((each) => each.owner === owner);
    return taken ? { ...owner, fields: minus(owner.fields, taken.fields) } : owner;
  });
  const ownedByOthers = keptOthers.reduce((all, { fields }) => union(all, fields), emptySet());
  const gone = mine ? minus(minus(mine.fields, stated), ownedByOthers) : emptySet();
  const result = isEmpty(gone) ? merged : removeFields(merged, gone, union(stated, ownedByOthers));
  const unchanged = mine && isEmpty(minus(mine.fields, stated)) && isEmpty(minus(stated, mine.fields));
  const entry = unchanged && isEmpty(written) ? mine.entry : newEntry('Apply', applied.apiVersion, writer);
  return owned(result, [...keptOthers, { entry, fields: stated }]);
};

const owned = (content: Json | undefined, owners: readonly Ownership[]): KubeObject => {
  const object = content as unknown as KubeObject;
  return { ...object, metadata: { ...object.metadata, managedFields: encodeOwnership(owners) } };
};

/** An object that nobody has tracked yet belongs, in all its fields, to `before-first-apply`. */
const liveOwners = (live: KubeObject, apiVersion: string, writer: Writer): Ownership[] => {
  const owners = ownershipOf(live);
  if (owners.length > 0) return owners;
  const { status: _status, ...rest } = asJson(live);
  const entry: ManagedFields = newEntry('Update', apiVersion, { manager: 'before-first-apply', now: writer.now });
  return [{ entry, fields: fieldsOf(rest) }];
};

const conflictError = (conflicts: { owner: Ownership; fields: FieldSet }[]): Error => {
  const found = conflicts.map(({ owner, fields }) => ({ manager: managerText(owner.entry), paths: pathsOf(fields) }));
  const causes: StatusCause[] = found.flatMap(({ manager, paths }) =>
    paths.map((field) => ({ reason: 'FieldManagerConflict', message: `conflict with ${manager}`, field })),
  );
  if (causes.length === 1) {
    return applyConflict(`Apply failed with 1 conflict: conflict with ${found[0]!.manager}: ${causes[0]!.field!}`, causes);
  }
  const lines = [...found]
    .sort((a, b) => (a.manager < b.manager ? -1 : 1))
    .flatMap(({ manager, paths }) => [`conflicts with ${manager}:`, ...paths.map((path) => `- ${path}`)]);
  return applyConflict(`Apply failed with ${causes.length} conflicts: ${lines.join('\n')}`, causes);
};

const managerText = ({ manager, operation, apiVersion, subresource }: ManagedFields): string =>
  `${JSON.stringify(manager)}${subresource ? ` with subresource "${subresource}"` : ''}` +
  (operation === 'Update' ? ` using ${apiVersion}` : '');
