import { isObject, type JsonObject } from '../objects/json';
import { type KubeObject, type ManagedFields, timestamp } from '../objects/kube-object';
import {
  changedFields,
  decodeFields,
  encodeFields,
  type FieldSet,
  fieldsOf,
  isEmpty,
  minus,
  minusDeep,
  union,
} from './field-set';

/** Who writes, when and through which subresource. */
export interface Writer {
  readonly manager: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly subresource?: string | undefined;
}

/** A manager's entry with its fields decoded. */
export interface Ownership {
  readonly entry: ManagedFields;
  readonly fields: FieldSet;
}

export const asJson = (object: KubeObject): JsonObject => object as unknown as JsonObject;

export const ownershipOf = (object: KubeObject | undefined): Ownership[] =>
  (object?.metadata.managedFields ?? [])
    // What a client sends may lack them.
    .filter(({ fieldsV1 }) => isObject(fieldsV1))
    .map((entry) => ({ entry, fields: decodeFields(entry.fieldsV1) }));

export const encodeOwnership = (owners: readonly Ownership[]): ManagedFields[] =>
  owners.filter(({ fields }) => !isEmpty(fields)).map(({ entry, fields }) => ({ ...entry, fieldsV1: encodeFields(fields) }));

export const newEntry = (operation: 'Apply' | 'Update', apiVersion: string, writer: Writer): ManagedFields => ({
  manager: writer.manager,
  operation,
  apiVersion,
  time: timestamp(writer.now),
  fieldsType: 'FieldsV1',
  fieldsV1: {},
  ...(writer.subresource ? { subresource: writer.subresource } : {}),
});

export const ownedBy = (entry: ManagedFields, operation: 'Apply' | 'Update', writer: Writer): boolean =>
  entry.manager === writer.manager && entry.operation === operation && (entry.subresource ?? '') === (writer.subresource ?? '');

/**
 * The managed fields of `after`, which a create, an update or a patch (not an apply) made of `before`:
 * the writer takes the fields that changed from everybody else. `base` is what the request itself said about them.
 */
export const trackUpdate = (before: KubeObject | undefined, after: KubeObject, writer: Writer): ManagedFields[] => {
  const base: Ownership[] = ownershipOf(after);
  const { written, removed } = before
    ? changedFields(asJson(before), asJson(after))
    : { written: fieldsOf(asJson(after)), removed: fieldsOf({}) };
  if (isEmpty(written) && isEmpty(removed)) return encodeOwnership(base);
  const lost = (fields: FieldSet): FieldSet => minusDeep(fields, removed);
  const mine = base.find(({ entry }) => ownedBy(entry, 'Update', writer));
  const others = base.filter((owner) => owner !== mine);
  const entry = { ...newEntry('Update', after.apiVersion, writer) };
  return encodeOwnership([
    ...others.map((owner) => ({ entry: owner.entry, fields: lost(minus(owner.fields, written)) })),
    ...(isEmpty(written)
      ? mine
        ? [{ entry: mine.entry, fields: lost(mine.fields) }]
        : []
      : [{ entry, fields: union(mine ? lost(mine.fields) : written, written) }]),
  ]);
};
