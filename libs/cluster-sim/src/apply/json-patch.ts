import { badRequest } from '../objects/api-error';
import { copy, isObject, type Json, same } from '../objects/json';

/** JSON Patch, RFC 6902. Refuses with 400/422-like API errors whose message names the operation. */
export const jsonPatch = (target: Json, operations: Json): Json => {
  if (!Array.isArray(operations)) throw badRequest('json patch must be a list of operations');
  return operations.reduce<Json>((document, operation) => applyOperation(document, operation), copy(target));
};

const applyOperation = (document: Json, operation: Json): Json => {
  if (!isObject(operation) || typeof operation.op !== 'string' || typeof operation.path !== 'string') {
    throw badRequest(`error decoding patch: ${JSON.stringify(operation)} is no operation`);
  }
  const path = pointer(operation.path);
  const value = operation.value ?? null;
  switch (operation.op) {
    case 'add':
      return write(document, path, value, true);
    case 'replace':
      read(document, path, 'replace');
      return write(document, path, value, false);
    case 'remove':
      return remove(document, path);
    case 'move': {
      const from = pointer(textOf(operation.from));
      const moved = read(document, from, 'move');
      return write(remove(document, from), path, moved, true);
    }
    case 'copy':
      return write(document, path, copy(read(document, pointer(textOf(operation.from)), 'copy')), true);
    case 'test':
      if (!same(read(document, path, 'test'), value)) {
        throw badRequest(`testing value ${operation.path} failed: test failed`);
      }
      return document;
    default:
      throw badRequest(`Unexpected kind: ${operation.op}`);
  }
};

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

const pointer = (text: string): string[] =>
  text === ''
    ? []
    : text
        .slice(1)
        .split('/')
        .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));

const missing = (operation: string, path: readonly string[]): Error =>
  badRequest(`${operation} operation does not apply: doc is missing path: "/${path.join('/')}": missing value`);

const child = (value: Json | undefined, part: string): Json | undefined => {
  if (Array.isArray(value)) return /^\d+$/.test(part) ? value[Number(part)] : undefined;
  return isObject(value) && Object.hasOwn(value, part) ? value[part] : undefined;
};

const read = (document: Json, path: readonly string[], operation: string): Json => {
  let value: Json | undefined = document;
  for (const part of path) value = child(value, part);
  if (value === undefined) throw missing(operation, path);
  return value;
};

const write = (document: Json, path: readonly string[], value: Json, insert: boolean): Json => {
  const last = path.at(-1);
  if (last === undefined) return value;
  const parent = read(document, path.slice(0, -1), 'add');
  if (Array.isArray(parent)) {
    const index = last === '-' ? parent.length : Number(last);
    if (!Number.isInteger(index) || index < 0 || index > parent.length) throw missing('add', path);
    parent.splice(index, insert ? 0 : 1, value);
  } else if (isObject(parent) && last !== '__proto__') parent[last] = value;
  else throw missing('add', path);
  return document;
};

const remove = (document: Json, path: readonly string[]): Json => {
  const last = path.at(-1);
  if (last === undefined) throw missing('remove', path);
  const parent = read(document, path.slice(0, -1), 'remove');
  if (child(parent, last) === undefined) throw missing('remove', path);
  if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else Reflect.deleteProperty(parent as object, last);
  return document;
};
