import { type Field, MapField, type Message, Type } from 'protobufjs';
import { wellKnown } from './well-known';

type Json = Record<string, unknown>;

/** An answer of the REST API is not what its proto file says: a mistake on this side. */
export class UnfitAnswer extends Error {
  constructor(path: string, wanted: string) {
    super(`the answer's "${path}" is no ${wanted}`);
    this.name = new.target.name;
  }
}

/** The name of a field in JSON: `app_id` is `appId`. */
export function jsonName({ name }: Pick<Field, 'name'>): string {
  return name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** Whether the REST API wants the field in every request. */
export function isRequired(field: Field): boolean {
  return field.options?.['(google.api.field_behavior)'] === 'REQUIRED';
}

/** Whether a message tells a field that was left out from one that has the default value of its type. */
export function isOptional(field: Field): boolean {
  return field.options?.['proto3_optional'] === true || field.resolvedType instanceof Type;
}

/**
 * A message as JSON, by the canonical mapping (https://protobuf.dev/programming-guides/json/), with these choices: fields without presence
 * are always there; lists and maps are left out when they are empty, unless they are required; 64-bit numbers are numbers.
 * @param without names of fields that are left out
 */
export function jsonOf(type: Type, message: Message, without: readonly string[] = []): Json {
  const json: Json = {};
  for (const field of type.fieldsArray) {
    if (without.includes(field.name)) continue;
    const value = jsonOfField(field, message);
    if (value !== undefined) json[jsonName(field)] = value;
  }
  return json;
}

/** The field as JSON; `undefined` where it is left out. */
export function jsonOfField(field: Field, message: Message): unknown {
  const value = (message as unknown as Json)[field.name];
  const isThere = Object.hasOwn(message, field.name) && value !== null;
  if (field instanceof MapField) {
    const entries = Object.entries(value as Json);
    if (entries.length === 0 && !isRequired(field)) return undefined;
    return Object.fromEntries(entries.map(([key, member]) => [key, jsonOfSingle(field, member)]));
  }
  if (field.repeated) {
    const elements = value as readonly unknown[];
    return elements.length === 0 && !isRequired(field) ? undefined : elements.map((element) => jsonOfSingle(field, element));
  }
  return isThere || !isOptional(field) ? jsonOfSingle(field, value) : undefined;
}

function jsonOfSingle(field: Field, value: unknown): unknown {
  if (field.resolvedType instanceof Type) {
    const known = wellKnown[field.resolvedType.fullName];
    return known ? known.toJson(value as never) : jsonOf(field.resolvedType, value as Message);
  }
  if (field.type === 'bytes') return Buffer.from(value as Uint8Array).toString('base64');
  // A Long, where it does not fit into 32 bits.
  return typeof value === 'object' ? Number(value) : value;
}

/**
 * JSON as an object that protobufjs writes as that message. `null` is like a field that is not there.
 * @param onUnnamed told of every field that the message does not have; it is left out
 * @throws UnfitAnswer
 */
export function messageOf(type: Type, json: unknown, onUnnamed: (path: string) => void, path = ''): object {
  if (!isObject(json)) throw new UnfitAnswer(path, type.name);
  const fields = fieldsByJsonName(type);
  const message: Json = {};
  for (const [name, value] of Object.entries(json)) {
    const at = path === '' ? name : `${path}.${name}`;
    const field = fields.get(name);
    if (!field) onUnnamed(`${type.fullName.slice(1)}: ${at}`);
    else if (value !== null || field.type === 'google.protobuf.Value') message[field.name] = valueOf(field, value, onUnnamed, at);
  }
  return message;
}

function valueOf(field: Field, value: unknown, onUnnamed: (path: string) => void, path: string): unknown {
  if (field instanceof MapField) {
    if (!isObject(value)) throw new UnfitAnswer(path, 'map');
    const entries = Object.entries(value).map(([key, member]) => [key, single(field, member, onUnnamed, `${path}.${key}`)]);
    return Object.fromEntries(entries) as unknown;
  }
  if (!field.repeated) return single(field, value, onUnnamed, path);
  if (!Array.isArray(value)) throw new UnfitAnswer(path, 'list');
  return value.map((element, i) => single(field, element, onUnnamed, `${path}.${i}`));
}

function single(field: Field, value: unknown, onUnnamed: (path: string) => void, path: string): unknown {
  if (field.resolvedType instanceof Type) {
    const known = wellKnown[field.resolvedType.fullName];
    if (!known) return messageOf(field.resolvedType, value, onUnnamed, path);
    const message = known.fromJson(value);
    if (message === undefined) throw new UnfitAnswer(path, field.type);
    return message;
  }
  if (!fits(field.type, value)) throw new UnfitAnswer(path, field.type);
  return value;
}

function fits(type: string, value: unknown): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string';
    case 'bool':
      return typeof value === 'boolean';
    case 'double':
      return typeof value === 'number';
    case 'int32':
      return typeof value === 'number' && (value | 0) === value;
    case 'int64':
      return Number.isSafeInteger(value);
    default:
      return false;
  }
}

const known = new WeakMap<Type, ReadonlyMap<string, Field>>();

function fieldsByJsonName(type: Type): ReadonlyMap<string, Field> {
  const fields = known.get(type) ?? new Map(type.fieldsArray.map((field) => [jsonName(field), field]));
  known.set(type, fields);
  return fields;
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
