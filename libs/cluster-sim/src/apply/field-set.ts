import { isObject, type Json, type JsonObject, same } from '../objects/json';
import { isAtomicMap, itemKey, listShapeAt } from './list-schema';

/**
 * A set of field paths, as managed fields record it. A path is in the set when its node is a `member`.
 * Path elements: `f:<field>`, `k:{"name":"web"}` (item of a keyed list), `v:"x"` (value of a set).
 * Format: k8s.io/apimachinery `FieldsV1`, sigs.k8s.io/structured-merge-diff `fieldpath`.
 */
export interface FieldSet {
  member: boolean;
  readonly children: Map<string, FieldSet>;
}

export const emptySet = (member = false): FieldSet => ({ member, children: new Map() });

export const isEmpty = ({ member, children }: FieldSet): boolean => {
  if (member) return false;
  for (const child of children.values()) if (!isEmpty(child)) return false;
  return true;
};

export const decodeFields = (tree: JsonObject): FieldSet => {
  const set = emptySet();
  for (const [element, inner] of Object.entries(tree)) {
    if (element === '.') set.member = true;
    else if (isObject(inner)) {
      const child = decodeFields(inner);
      if (Object.keys(inner).length === 0) child.member = true;
      set.children.set(element, child);
    }
  }
  return set;
};

export const encodeFields = (set: FieldSet): JsonObject => {
  const tree: JsonObject = {};
  if (set.member && set.children.size > 0) tree['.'] = {};
  for (const element of [...set.children.keys()].sort()) {
    const child = set.children.get(element)!;
    if (!isEmpty(child)) tree[element] = encodeFields(child);
  }
  return tree;
};

const combine = (a: FieldSet, b: FieldSet | undefined, keep: (inA: boolean, inB: boolean) => boolean): FieldSet => {
  const out = emptySet(keep(a.member, b?.member ?? false));
  for (const element of new Set([...a.children.keys(), ...(b?.children.keys() ?? [])])) {
    const child = combine(a.children.get(element) ?? emptySet(), b?.children.get(element), keep);
    if (!isEmpty(child)) out.children.set(element, child);
  }
  return out;
};

export const union = (a: FieldSet, b: FieldSet): FieldSet => combine(a, b, (inA, inB) => inA || inB);
export const minus = (a: FieldSet, b: FieldSet): FieldSet => combine(a, b, (inA, inB) => inA && !inB);
export const intersection = (a: FieldSet, b: FieldSet): FieldSet => combine(a, b, (inA, inB) => inA && inB);

/** `a` without the paths of `b` and everything below them. */
export const minusDeep = (a: FieldSet, b: FieldSet | undefined): FieldSet => {
  if (!b) return a;
  const out = emptySet(a.member && !b.member);
  for (const [element, child] of a.children) {
    const taken = b.children.get(element);
    if (taken?.member) continue;
    const rest = minusDeep(child, taken);
    if (!isEmpty(rest)) out.children.set(element, rest);
  }
  return out;
};

/** The paths as text: `.spec.template.spec.containers[name="web"].image`. */
export const pathsOf = (set: FieldSet, prefix = ''): string[] => [
  ...(set.member ? [prefix] : []),
  ...[...set.children].flatMap(([element, child]) => pathsOf(child, prefix + elementText(element))),
];

const elementText = (element: string): string => {
  if (element.startsWith('f:')) return `.${element.slice(2)}`;
  if (element.startsWith('v:')) return `[=${element.slice(2)}]`;
  const keys = Object.entries(JSON.parse(element.slice(2)) as JsonObject);
  return `[${keys.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}]`;
};

/** Fields that no manager owns, because the server sets them or they name the object. */
const UNOWNED_META = new Set([
  'name',
  'namespace',
  'generateName',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'selfLink',
  'managedFields',
]);

export const unowned = (path: readonly string[], field: string): boolean =>
  (path.length === 0 && (field === 'apiVersion' || field === 'kind')) ||
  (path.length === 1 && path[0] === 'metadata' && UNOWNED_META.has(field));

interface Part {
  readonly element: string;
  readonly value: Json | undefined;
  readonly path: readonly string[];
  /** Of a list. */
  readonly item: boolean;
}

/** The children of a value, or `undefined` when the value is a leaf. */
const partsOf = (value: Json | undefined, path: readonly string[]): Part[] | undefined => {
  if (Array.isArray(value)) {
    const shape = listShapeAt(path);
    if (shape.type === 'atomic') return undefined;
    return value.map((item) => ({
      element: shape.type === 'set' ? `v:${JSON.stringify(item)}` : itemKey(item, shape),
      value: shape.type === 'set' ? null : item,
      path,
      item: true,
    }));
  }
  if (!isObject(value) || isAtomicMap(path)) return undefined;
  const parts: Part[] = [];
  for (const field in value) {
    const inner = value[field];
    if (inner === undefined || unowned(path, field)) continue;
    parts.push({ element: `f:${field}`, value: inner, path: [...path, field], item: false });
  }
  return parts;
};

/** Every field that an applied configuration states: its leaves, and the items of keyed lists. */
export const fieldsOf = (value: Json | undefined, path: readonly string[] = [], item = false): FieldSet => {
  const parts = partsOf(value, path);
  const isRoot = path.length === 0 || (path.length === 1 && path[0] === 'metadata');
  const set = emptySet(item || ((!parts || parts.length === 0) && !isRoot));
  for (const part of parts ?? []) {
    const child = fieldsOf(part.value, part.path, part.item);
    if (!isEmpty(child)) set.children.set(part.element, child);
  }
  return set;
};

/** Where a list by keys has two items of the same keys, in the words of structured-merge-diff; `undefined` where none has. */
export const duplicateIn = (value: Json | undefined, path: readonly string[] = []): string | undefined => {
  const seen = new Set<string>();
  for (const { element, value: inner, path: below, item } of partsOf(value, path) ?? []) {
    if (item && seen.has(element)) return `: duplicate entries for key ${elementText(element)}`;
    if (item) seen.add(element);
    const found = duplicateIn(inner, below);
    if (found !== undefined) return elementText(element) + found;
  }
  return undefined;
};

/**
 * What a plain write did: the fields that are new or have another value (`written`), and those that are gone (`removed`).
 * New objects and lists count with all their fields.
 */
export const changedFields = (
  before: Json | undefined,
  after: Json | undefined,
  path: readonly string[] = [],
  item = false,
): { written: FieldSet; removed: FieldSet } => {
  if (after === undefined) return { written: emptySet(), removed: { ...fieldsOf(before, path, item), member: true } };
  if (before === undefined) return { written: fieldsOf(after, path, item), removed: emptySet() };
  const written = emptySet();
  const removed = emptySet();
  const left = partsOf(before, path);
  const right = partsOf(after, path);
  if (!left || !right) {
    written.member = !same(before, after);
    return { written, removed };
  }
  const old = new Map(left.map((part) => [part.element, part]));
  const now = new Map(right.map((part) => [part.element, part]));
  for (const element of new Set([...old.keys(), ...now.keys()])) {
    const part = (now.get(element) ?? old.get(element))!;
    const inner = changedFields(old.get(element)?.value, now.get(element)?.value, part.path, part.item);
    if (!isEmpty(inner.written)) written.children.set(element, inner.written);
    if (!isEmpty(inner.removed)) removed.children.set(element, inner.removed);
  }
  return { written, removed };
};
