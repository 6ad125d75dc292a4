import { badRequest, unsupportedMediaType } from '../objects/api-error';
import { type Json, type JsonObject } from '../objects/json';
import { MESSAGES } from './protobuf-messages';

export const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const MAGIC = Buffer.from('k8s\0');

/**
 * A Kubernetes object from its protobuf form, which kubectl uses for some of its own requests whatever the server prefers.
 * Format: magic, then `runtime.Unknown` {1: {1: apiVersion, 2: kind}, 2: raw}; https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
 *
 * @throws ApiError 400 for broken bytes, 415 for kinds and fields that are not known here
 */
export const decodeProtobuf = (body: Buffer): JsonObject => {
  if (!body.subarray(0, 4).equals(MAGIC)) throw badRequest('the body is not a Kubernetes protobuf message');
  const envelope = fieldsOf(body.subarray(4));
  const type = fieldsOf(bytesOf(envelope.find(({ number }) => number === 1)));
  const text = (number: number): string => bytesOf(type.find((each) => each.number === number)).toString('utf8');
  const kind = text(2);
  if (!Object.hasOwn(MESSAGES, kind)) throw notUnderstood();
  const message = decodeMessage(kind, bytesOf(envelope.find(({ number }) => number === 2)));
  return { apiVersion: text(1), kind, ...message };
};

interface WireField {
  readonly number: number;
  readonly value: number | Buffer;
}

const notUnderstood = (): Error => unsupportedMediaType(['application/json', 'application/yaml']);

const bytesOf = (field: WireField | undefined): Buffer =>
  field === undefined || typeof field.value === 'number' ? Buffer.alloc(0) : field.value;

/** The fields of a message on the wire. */
const fieldsOf = (bytes: Buffer): WireField[] => {
  const fields: WireField[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) break;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number(BigInt.asIntN(64, value));
    }
    throw badRequest('unexpected EOF in protobuf');
  };
  while (at < bytes.length) {
    const tag = varint();
    const wireType = tag & 7;
    if (wireType === 0) fields.push({ number: tag >>> 3, value: varint() });
    else if (wireType === 2) {
      const length = varint();
      if (length < 0 || at + length > bytes.length) throw badRequest('unexpected EOF in protobuf');
      fields.push({ number: tag >>> 3, value: bytes.subarray(at, at + length) });
      at += length;
    } else throw notUnderstood();
  }
  return fields;
};

const decodeMessage = (name: string, bytes: Buffer): JsonObject => {
  const out: JsonObject = {};
  for (const field of fieldsOf(bytes)) {
    const known = MESSAGES[name]?.[field.number];
    if (!known) {
      // Go writes every field that is no pointer; an empty one says nothing.
      if (typeof field.value === 'number' ? field.value === 0 : field.value.length === 0) continue;
      throw notUnderstood();
    }
    const [label, type] = known;
    if (type.endsWith('[]')) {
      const list = (out[label] ??= []) as Json[];
      list.push(decodeValue(type.slice(0, -2), field) ?? '');
    } else if (type.startsWith('map<')) {
      const [key, value] = decodeEntry(type.slice(4, -1), bytesOf(field));
      const map = (out[label] ??= {}) as JsonObject;
      if (key !== '__proto__') map[key] = value;
    } else {
      const value = decodeValue(type, field);
      if (!isZero(value, type)) out[label] = value;
    }
  }
  return out;
};

/** Go writes fields that are not pointers even when nothing is in them. */
const isZero = (value: Json | undefined, type: string): boolean => {
  if (value === undefined || value === '') return true;
  if (type === 'int' || type === 'bool') return value === 0 || value === false;
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
};

const decodeEntry = (type: string, bytes: Buffer): [string, Json] => {
  const fields = fieldsOf(bytes);
  const value = fields.find(({ number }) => number === 2) ?? { number: 2, value: Buffer.alloc(0) };
  return [bytesOf(fields.find(({ number }) => number === 1)).toString('utf8'), decodeValue(type, value) ?? ''];
};

const decodeValue = (type: string, field: WireField): Json | undefined => {
  switch (type) {
    case 'unread':
      return undefined;
    case 'string':
      return bytesOf(field).toString('utf8');
    case 'bytes':
      return bytesOf(field).toString('base64');
    case 'int':
    case 'int?':
      return Number(field.value);
    case 'bool':
    case 'bool?':
      return field.value !== 0;
    case 'Quantity':
      return bytesOf(fieldsOf(bytesOf(field))[0]).toString('utf8');
    case 'IntOrString':
      return decodeIntOrString(fieldsOf(bytesOf(field)));
    default:
      return decodeMessage(type, bytesOf(field));
  }
};

/** {1: type (0 int, 1 text), 2: int, 3: text} */
const decodeIntOrString = (fields: readonly WireField[]): Json | undefined => {
  const field = (number: number): WireField | undefined => fields.find((each) => each.number === number);
  if (field(1)?.value === 1) return bytesOf(field(3)).toString('utf8');
  // 0 is what an absent one looks like.
  return Number(field(2)?.value ?? 0) || undefined;
};
