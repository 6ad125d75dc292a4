import { copy, isObject, type Json, type JsonObject, same } from '../objects/json';
import { listShapeAt, patchMergeKeyAt } from './list-schema';

/**
 * Strategic merge patch as kubectl sends it: maps merge, lists merge by their key, `null` removes.
 * Directives: `$patch: replace|delete|merge`, `$retainKeys`, `$deleteFromPrimitiveList/<field>`, `$setElementOrder/<field>`.
 * Source: k8s.io/apimachinery/pkg/util/strategicpatch.
 */
export const strategicMerge = (target: Json | undefined, patch: Json, path: readonly string[] = []): Json | undefined => {
  if (!isObject(patch)) return patch;
  if (patch.$patch === 'delete') return undefined;
  const base = patch.$patch === 'replace' || !isObject(target) ? {} : copy(target);
  const retained = patch.$retainKeys;
  if (Array.isArray(retained)) {
    for (const field of Object.keys(base)) if (!retained.includes(field)) Reflect.deleteProperty(base, field);
  }
  for (const [field, value] of Object.entries(patch)) {
    if (field.startsWith('$') || value === undefined) continue;
    if (value === null) {
      Reflect.deleteProperty(base, field);
      continue;
    }
    const at = [...path, field];
    const merged = Array.isArray(value) ? mergeList(base[field], value, at) : strategicMerge(base[field], value, at);
    if (merged === undefined) Reflect.deleteProperty(base, field);
    else base[field] = merged;
  }
  applyListDirectives(base, patch, path);
  return base;
};

const mergeList = (target: Json | undefined, patch: Json[], path: readonly string[]): Json[] => {
  const plain = patch.filter((item) => !(isObject(item) && item.$patch === 'replace' && Object.keys(item).length === 1));
  const current = Array.isArray(target) && plain.length === patch.length ? target : [];
  if (listShapeAt(path).type === 'set') {
    return [...current, ...plain.filter((item) => !current.some((other) => same(other, item)))];
  }
  const key = patchMergeKeyAt(path);
  if (!key) return plain;
  let items = [...current];
  for (const item of plain) {
    if (!isObject(item)) continue;
    const index = items.findIndex((other) => isObject(other) && same(other[key], item[key]));
    const merged = strategicMerge(index < 0 ? undefined : items[index], item, path);
    if (merged === undefined) items = items.filter((_, at) => at !== index);
    else if (index < 0) items.push(merged);
    else items[index] = merged;
  }
  return items;
};

const applyListDirectives = (base: JsonObject, patch: JsonObject, path: readonly string[]): void => {
  for (const [directive, value] of Object.entries(patch)) {
    const [name, field] = directive.split('/', 2);
    if (!field || !Array.isArray(value)) continue;
    const list = base[field];
    if (!Array.isArray(list)) continue;
    if (name === '$deleteFromPrimitiveList') base[field] = list.filter((item) => !value.some((gone) => same(gone, item)));
    if (name === '$setElementOrder') base[field] = reorder(list, value, patchMergeKeyAt([...path, field]));
  }
};

/** Items in the stated order; those that it does not name keep their place relative to the item before them. */
const reorder = (list: Json[], order: Json[], key: string | undefined): Json[] => {
  const rank = (item: Json): number =>
    order.findIndex((wanted) => (key && isObject(item) && isObject(wanted) ? same(item[key], wanted[key]) : same(item, wanted)));
  let last = -1;
  return list
    .map((item, index) => ({ item, index, named: rank(item) }))
    .map((entry) => {
      if (entry.named >= 0) last = entry.named;
      return { ...entry, rank: entry.named >= 0 ? entry.named : last + 0.5 };
    })
    .sort((a, b) => a.rank - b.rank || a.index - b.index)
    .map(({ item }) => item);
};
