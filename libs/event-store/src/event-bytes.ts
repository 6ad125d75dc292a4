import type { EventMetadata, RecordedEvent } from '@souk/event-sourcing';

/**
 * An event whose data and metadata are bytes of any kind, as clients of the EventStoreDB protocol write them; they come back exactly so.
 */
export interface EventBytes {
  /** A UUID in lower case. */
  readonly id: string;
  readonly type: string;
  /** The writer calls the data JSON. */
  readonly json: boolean;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
}

/** Length of an id: a UUID as text. */
const ID = 36;
const HEADER = ID + 1 + 4;

/** Id, flags u8 (1: JSON), length of the data u32 little-endian, data, metadata. */
export function encodeBody({ id, json, data, metadata }: EventBytes): Buffer {
  const body = Buffer.allocUnsafe(HEADER + data.length + metadata.length);
  body.write(id, 0, 'latin1');
  body[ID] = json ? 1 : 0;
  body.writeUInt32LE(data.length, ID + 1);
  body.set(data, HEADER);
  body.set(metadata, HEADER + data.length);
  return body;
}

/** Data and metadata are copies: the body may lie in memory that is used again. */
export function decodeBody(body: Buffer): Omit<EventBytes, 'type'> {
  const end = HEADER + body.readUInt32LE(ID + 1);
  return {
    id: idOfBody(body),
    json: body[ID] === 1,
    data: Buffer.from(body.subarray(HEADER, end)),
    metadata: Buffer.from(body.subarray(end)),
  };
}

export function idOfBody(body: Buffer): string {
  return body.toString('latin1', 0, ID);
}

/**
 * What readers of the port see of it. Events of ours that came by that protocol are what they were; those of strangers have a metadata
 * that names no tenant, and their data stands in `bytes` (base64) where it is no JSON object.
 */
export function eventOfBody(body: Buffer): Pick<RecordedEvent, 'id' | 'data' | 'metadata'> {
  const { id, json, data, metadata } = decodeBody(body);
  return {
    id,
    data: (json ? objectOf(data) : undefined) ?? { bytes: Buffer.from(data).toString('base64') },
    metadata: metadataOf(objectOf(metadata)) ?? strangersMetadata(id),
  };
}

function objectOf(bytes: Uint8Array): object | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString());
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function metadataOf(value: object | undefined): EventMetadata | undefined {
  const { commandId, actor, tenants } = (value ?? {}) as Partial<Record<keyof EventMetadata, unknown>>;
  const ours = typeof commandId === 'string' && typeof actor === 'object' && actor !== null && Array.isArray(tenants);
  return ours ? (value as EventMetadata) : undefined;
}

function strangersMetadata(id: string): EventMetadata {
  return {
    commandId: id,
    correlationId: id,
    causationId: id,
    actor: { kind: 'system', id: 'eventstoredb-client' },
    tenants: [],
    schemaVersion: 1,
  };
}
