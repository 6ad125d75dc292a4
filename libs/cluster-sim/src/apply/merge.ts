import { copy, isObject, type Json, type JsonObject } from '../objects/json';
import { type FieldSet } from './field-set';
import { isAtomicMap, itemKey, listShapeAt } from './list-schema';

/** `live` with everything that `applied` states laid over it, lists by their merge rule. `null` states nothing. */
export const mergeApplied = (live: Json | undefined, applied: Json, path: readonly string[] = []): Json => {
  if (Array.isArray(applied)) return Array.isArray(live) ? mergeLists(live, applied, path) : withoutNulls(applied);
  if (!isObject(applied) || !isObject(live) || isAtomicMap(path)) return withoutNulls(applied);
  const out: JsonObject = { ...live };
  for (const [field, value] of Object.entries(applied)) {
    if (value !== null && value !== undefined) out[field] = mergeApplied(live[field], value, [...path, field]);
  }
  return out;
};

/** The value with every field that is `null` left out: in a Kubernetes object `null` means absent. */
export const withoutNulls = (value: Json): Json => {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const out: JsonObject = {};
  for (const [field, inner] of Object.entries(value)) if (inner !== null && inner !== undefined) out[field] = withoutNulls(inner);
  return out;
};

const mergeLists = (live: Json[], applied: Json[], path: readonly string[]): Json[] => {
  const shape = listShapeAt(path);
  if (shape.type === 'atomic') return applied.map(withoutNulls);
  const identity = (item: Json): string => (shape.type === 'map' ? itemKey(item, shape) : JSON.stringify(item));
  const liveByKey = new Map(live.map((item) => [identity(item), item]));
  const wanted = new Map(applied.map((item) => [identity(item), item]));
  const merged = new Map<string, Json>();
  const place = (key: string): void => {
    if (!merged.has(key)) merged.set(key, mergeApplied(liveByKey.get(key), wanted.get(key)!, path));
  };
  const pending = [...wanted.keys()];
  // Items that only live knows keep their place before the next item that both know; the order of the applied list wins.
  for (const [key, item] of liveByKey) {
    if (!wanted.has(key)) merged.set(key, item);
    else while (pending.length > 0 && !merged.has(key)) place(pending.shift()!);
  }
  for (const key of pending) place(key);
  return [...merged.values()];
};

/** `value` without the fields of `gone`; whatever `kept` still names stays. Returns `undefined` when nothing is left of it. */
export const removeFields = (
  value: Json | undefined,
  gone: FieldSet,
  kept: FieldSet | undefined,
  path: readonly string[] = [],
): Json | undefined => {
  const drop = (element: string, inner: Json, at: readonly string[]): Json | undefined => {
    const removal = gone.children.get(element);
    if (!removal) return inner;
    const keeper = kept?.children.get(element);
    // A field with a name goes with what the cluster has filled in below it: of an old handler of a probe nothing is left.
    if ((removal.member || element.startsWith('f:')) && !keeper) return undefined;
    return removeFields(inner, removal, keeper, at);
  };
  if (Array.isArray(value)) {
    const shape = listShapeAt(path);
    if (shape.type === 'atomic') return value;
    const items = value
      .map((item) => drop(shape.type === 'set' ? `v:${JSON.stringify(item)}` : itemKey(item, shape), item, path))
      .filter((item) => item !== undefined);
    return items.length === 0 && value.length > 0 ? undefined : items;
  }
  if (!isObject(value)) return value;
  const out: JsonObject = {};
  for (const [field, inner] of Object.entries(value)) {
    const rest = inner === undefined ? undefined : drop(`f:${field}`, inner, [...path, field]);
    if (rest !== undefined) out[field] = rest;
  }
  return Object.keys(out).length === 0 && Object.keys(value).length > 0 ? undefined : out;
};

/** JSON Merge Patch, RFC 7396. */
export const mergePatch = (target: Json | undefined, patch: Json): Json => {
  if (!isObject(patch)) return patch;
  const out: JsonObject = isObject(target) ? copy(target) : {};
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(out, field);
    else if (value !== undefined) out[field] = mergePatch(out[field], value);
  }
  return out;
};
