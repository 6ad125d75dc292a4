import { EventTooLarge, type EventToAppend, MAX_EVENT_BYTES, type Position, type RecordedEvent } from '@souk/event-sourcing';
import { decodeBody, encodeBody, type EventBytes, eventOfBody, idOfBody } from './event-bytes';

/**
 * An event as bytes, somewhere in a block of them. What a filter or the index needs stands outside the body:
 * length of all u32, flags u8 (1: all ASCII, 2: the body is not JSON of ours), stream length u16, type length u8, revision u32,
 * recorded at f64 (ms), stream, type, and the body: JSON {id, data, metadata}, or as `event-bytes.ts` writes it.
 * Numbers are little-endian, lengths in bytes.
 */
const HEADER = 20;
const ASCII = 1;
const BYTES = 2;

/** Longest name of a stream, in bytes of UTF-8: it is part of a key. */
export const MAX_STREAM_BYTES = 512;
const MAX_TYPE_BYTES = 255;
/** What `"type":"",` adds to the JSON of an event. */
const TYPE_FRAME_BYTES = 10;

/** An event that has no place yet. */
export interface EncodedEvent {
  readonly id: string;
  /** Of the record that it will be. */
  readonly bytes: number;
  readonly flags: number;
  /** Stream, type and JSON; of an event of bytes only stream and type. */
  readonly text: string;
  readonly streamBytes: number;
  readonly typeBytes: number;
  readonly body: Buffer | undefined;
}

/** An event as it stands in the log, in bytes. */
export interface RecordedBytes extends EventBytes {
  readonly stream: string;
  readonly revision: number;
  /** In milliseconds since 1970. */
  readonly recordedAt: number;
}

/** The name of a stream or a type is empty or too long. */
export class InvalidName extends TypeError {
  readonly code = 'invalid-name';
}

/** @throws EventTooLarge, InvalidName */
export function encodeEvent(stream: string, { id, type, data, metadata }: EventToAppend): EncodedEvent {
  const text = stream + type + JSON.stringify({ id, data, metadata });
  const bytes = Buffer.byteLength(text);
  const ascii = bytes === text.length;
  const streamBytes = ascii ? stream.length : Buffer.byteLength(stream);
  const typeBytes = ascii ? type.length : Buffer.byteLength(type);
  assertNames(streamBytes, typeBytes);
  const size = bytes - streamBytes + TYPE_FRAME_BYTES;
  if (size > MAX_EVENT_BYTES) throw new EventTooLarge(type, size, MAX_EVENT_BYTES);
  return { id, bytes: HEADER + bytes, flags: ascii ? ASCII : 0, text, streamBytes, typeBytes, body: undefined };
}

/** As {@link encodeEvent}, without a limit of its own. @throws InvalidName */
export function encodeBytes(stream: string, event: EventBytes): EncodedEvent {
  const text = stream + event.type;
  const streamBytes = Buffer.byteLength(stream);
  const typeBytes = Buffer.byteLength(event.type);
  assertNames(streamBytes, typeBytes);
  const body = encodeBody(event);
  const flags = streamBytes + typeBytes === text.length ? ASCII | BYTES : BYTES;
  return { id: event.id, bytes: HEADER + streamBytes + typeBytes + body.length, flags, text, streamBytes, typeBytes, body };
}

function assertNames(streamBytes: number, typeBytes: number): void {
  if (streamBytes === 0 || streamBytes > MAX_STREAM_BYTES)
    throw new InvalidName(`name of a stream: 1 to ${MAX_STREAM_BYTES} bytes, not ${streamBytes}`);
  if (typeBytes === 0 || typeBytes > MAX_TYPE_BYTES)
    throw new InvalidName(`type of an event: 1 to ${MAX_TYPE_BYTES} bytes, not ${typeBytes}`);
}

/** Writes the record into a block, where there is room for it. `recordedAt` in milliseconds since 1970. */
export function writeRecord(event: EncodedEvent, revision: number, recordedAt: number, block: Buffer, at: number): void {
  block.writeUInt32LE(event.bytes, at);
  block[at + 4] = event.flags;
  block[at + 5] = event.streamBytes & 255;
  block[at + 6] = event.streamBytes >> 8;
  block[at + 7] = event.typeBytes;
  block.writeUInt32LE(revision, at + 8);
  block.writeDoubleLE(recordedAt, at + 12);
  block.write(event.text, at + HEADER, event.flags & ASCII ? 'latin1' : 'utf8');
  if (event.body) block.set(event.body, at + HEADER + event.streamBytes + event.typeBytes);
}

/** Where the next record of the block starts. */
export function endOf(block: Buffer, at: number): number {
  return at + block.readUInt32LE(at);
}

export function streamOf(block: Buffer, at: number): string {
  return textOf(block, at, at + HEADER, typeStart(block, at));
}

export function typeOf(block: Buffer, at: number): string {
  return textOf(block, at, typeStart(block, at), bodyStart(block, at));
}

export function revisionOf(block: Buffer, at: number): number {
  return block.readUInt32LE(at + 8);
}

export function recordedAtOf(block: Buffer, at: number): number {
  return block.readDoubleLE(at + 12);
}

/** Without parsing: the id is the first thing in the body. */
export function hasId(block: Buffer, at: number, id: string): boolean {
  if (ofBytes(block, at)) return idOfBody(bodyOf(block, at)) === id;
  const expected = Buffer.from(`{"id":${JSON.stringify(id)},`);
  const start = bodyStart(block, at);
  return block.subarray(start, start + expected.length).equals(expected);
}

export function decodeRecord(block: Buffer, at: number, position: Position): RecordedEvent {
  const { id, data, metadata } = ofBytes(block, at) ? eventOfBody(bodyOf(block, at)) : jsonBody(block, at);
  return {
    id,
    stream: streamOf(block, at),
    revision: revisionOf(block, at),
    position,
    type: typeOf(block, at),
    data,
    metadata,
    recordedAt: isoTime(recordedAtOf(block, at)),
  };
}

/** The same record in bytes: an event of ours as the JSON that it is. */
export function decodeBytes(block: Buffer, at: number): RecordedBytes {
  return {
    ...(ofBytes(block, at)
      ? decodeBody(bodyOf(block, at))
      : (partsOfJson(bodyOf(block, at)) ?? bytesOfJson(jsonBody(block, at)))),
    stream: streamOf(block, at),
    revision: revisionOf(block, at),
    type: typeOf(block, at),
    recordedAt: recordedAtOf(block, at),
  };
}

function ofBytes(block: Buffer, at: number): boolean {
  return (block[at + 4]! & BYTES) !== 0;
}

function bodyOf(block: Buffer, at: number): Buffer {
  return block.subarray(bodyStart(block, at), endOf(block, at));
}

type JsonBody = Pick<RecordedEvent, 'id' | 'data' | 'metadata'>;

function jsonBody(block: Buffer, at: number): JsonBody {
  return JSON.parse(textOf(block, at, bodyStart(block, at), endOf(block, at))) as JsonBody;
}

const DATA = Buffer.from('","data":');
const METADATA = Buffer.from(',"metadata":');
const ID_START = '{"id":"'.length;

/** Without parsing, where it is clear what begins where: as soon as an event has a field `metadata` within, it is not. */
function partsOfJson(body: Buffer): Omit<EventBytes, 'type'> | undefined {
  const data = body.indexOf(DATA);
  const metadata = body.lastIndexOf(METADATA);
  if (data < 0 || body.indexOf(METADATA, data) !== metadata) return undefined;
  return {
    id: body.toString('utf8', ID_START, data),
    json: true,
    data: Buffer.from(body.subarray(data + DATA.length, metadata)),
    metadata: Buffer.from(body.subarray(metadata + METADATA.length, body.length - 1)),
  };
}

function bytesOfJson({ id, data, metadata }: JsonBody): Omit<EventBytes, 'type'> {
  return { id, json: true, data: Buffer.from(JSON.stringify(data)), metadata: Buffer.from(JSON.stringify(metadata)) };
}

function typeStart(block: Buffer, at: number): number {
  return at + HEADER + (block[at + 5]! | (block[at + 6]! << 8));
}

function bodyStart(block: Buffer, at: number): number {
  return typeStart(block, at) + block[at + 7]!;
}

/** Latin-1 is several times faster than UTF-8 to decode, and the same where all is ASCII. */
function textOf(block: Buffer, at: number, start: number, end: number): string {
  return block.toString(block[at + 4]! & ASCII ? 'latin1' : 'utf8', start, end);
}

let lastTime = NaN;
let lastIso = '';

/** Neighbours in the log often share their millisecond. */
function isoTime(time: number): string {
  if (time !== lastTime) {
    lastIso = new Date(time).toISOString();
    lastTime = time;
  }
  return lastIso;
}
