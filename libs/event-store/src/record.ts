import { EventTooLarge, type EventToAppend, MAX_EVENT_BYTES, type Position, type RecordedEvent } from '@souk/event-sourcing';

/**
 * An event as bytes, somewhere in a block of them. What a filter or the index needs stands outside the JSON:
 * length of all u32, flags u8 (1: all ASCII), stream length u16, type length u8, revision u32, recorded at f64 (ms), stream, type,
 * JSON {id, data, metadata}. Numbers are little-endian, lengths in bytes.
 */
const HEADER = 20;
const ASCII = 1;

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
  readonly text: string;
  readonly streamBytes: number;
  readonly typeBytes: number;
}

/** @throws EventTooLarge; TypeError for a stream or type whose name is empty or too long */
export function encodeEvent(stream: string, { id, type, data, metadata }: EventToAppend): EncodedEvent {
  const text = stream + type + JSON.stringify({ id, data, metadata });
  const bytes = Buffer.byteLength(text);
  const ascii = bytes === text.length;
  const streamBytes = ascii ? stream.length : Buffer.byteLength(stream);
  const typeBytes = ascii ? type.length : Buffer.byteLength(type);
  if (streamBytes === 0 || streamBytes > MAX_STREAM_BYTES)
    throw new TypeError(`name of a stream: 1 to ${MAX_STREAM_BYTES} bytes, not ${streamBytes}`);
  if (typeBytes === 0 || typeBytes > MAX_TYPE_BYTES)
    throw new TypeError(`type of an event: 1 to ${MAX_TYPE_BYTES} bytes, not ${typeBytes}`);
  const size = bytes - streamBytes + TYPE_FRAME_BYTES;
  if (size > MAX_EVENT_BYTES) throw new EventTooLarge(type, size, MAX_EVENT_BYTES);
  return { id, bytes: HEADER + bytes, text, streamBytes, typeBytes };
}

/** Writes the record into a block, where there is room for it. `recordedAt` in milliseconds since 1970. */
export function writeRecord(event: EncodedEvent, revision: number, recordedAt: number, block: Buffer, at: number): void {
  const ascii = event.bytes === HEADER + event.text.length;
  block.writeUInt32LE(event.bytes, at);
  block[at + 4] = ascii ? ASCII : 0;
  block[at + 5] = event.streamBytes & 255;
  block[at + 6] = event.streamBytes >> 8;
  block[at + 7] = event.typeBytes;
  block.writeUInt32LE(revision, at + 8);
  block.writeDoubleLE(recordedAt, at + 12);
  block.write(event.text, at + HEADER, ascii ? 'latin1' : 'utf8');
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

/** Without parsing: the id is the first thing in the JSON. */
export function hasId(block: Buffer, at: number, id: string): boolean {
  const expected = Buffer.from(`{"id":${JSON.stringify(id)},`);
  const start = bodyStart(block, at);
  return block.subarray(start, start + expected.length).equals(expected);
}

export function decodeRecord(block: Buffer, at: number, position: Position): RecordedEvent {
  const body = textOf(block, at, bodyStart(block, at), endOf(block, at));
  const { id, data, metadata } = JSON.parse(body) as Pick<RecordedEvent, 'id' | 'data' | 'metadata'>;
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

function typeStart(block: Buffer, at: number): number {
  return at + HEADER + (block[at + 5]! | (block[at + 6]! << 8));
}

function bodyStart(block: Buffer, at: number): number {
  return typeStart(block, at) + block[at + 7]!;
}

/** Latin-1 is several times faster than UTF-8 to decode, and the same where all is ASCII. */
function textOf(block: Buffer, at: number, start: number, end: number): string {
  return block.toString(block[at + 4] === ASCII ? 'latin1' : 'utf8', start, end);
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
