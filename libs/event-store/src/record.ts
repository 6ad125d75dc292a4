import { EventTooLarge, type EventToAppend, MAX_EVENT_BYTES, type Position, type RecordedEvent } from '@souk/event-sourcing';

/**
 * An event as bytes. What a filter or the index needs stands outside the JSON:
 * flags u8 (1: all ASCII), stream length u16, type length u8, revision u32, recorded at f64 (ms), stream, type, JSON {id, data, metadata}.
 * Numbers are little-endian, lengths in bytes.
 */
export type RecordBytes = Buffer;

const HEADER = 16;
const ASCII = 1;

/** Longest name of a stream, in bytes of UTF-8: it is part of a key. */
export const MAX_STREAM_BYTES = 512;
const MAX_TYPE_BYTES = 255;
/** What `"type":"",` adds to the JSON of an event. */
const TYPE_FRAME_BYTES = 10;

/**
 * The bytes of an event, without revision and time: see {@link stampRecord}.
 * @throws EventTooLarge; TypeError for a stream or type whose name is empty or too long
 */
export function encodeRecord(stream: string, event: EventToAppend): RecordBytes {
  const { type } = event;
  const text = stream + type + JSON.stringify({ id: event.id, data: event.data, metadata: event.metadata });
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

  const record = Buffer.allocUnsafe(HEADER + bytes);
  record[0] = ascii ? ASCII : 0;
  record[1] = streamBytes & 255;
  record[2] = streamBytes >> 8;
  record[3] = typeBytes;
  record.write(text, HEADER, ascii ? 'latin1' : 'utf8');
  return record;
}

/** Enters what is known only when the event gets its place. `recordedAt` in milliseconds since 1970. */
export function stampRecord(record: RecordBytes, revision: number, recordedAt: number): void {
  record.writeUInt32LE(revision, 4);
  record.writeDoubleLE(recordedAt, 8);
}

export function streamOf(record: RecordBytes): string {
  const end = HEADER + streamLength(record);
  return textOf(record, HEADER, end);
}

export function typeOf(record: RecordBytes): string {
  const start = HEADER + streamLength(record);
  return textOf(record, start, start + record[3]!);
}

export function revisionOf(record: RecordBytes): number {
  return record.readUInt32LE(4);
}

export function recordedAtOf(record: RecordBytes): number {
  return record.readDoubleLE(8);
}

/** Without parsing: the id is the first thing in the JSON. */
export function hasId(record: RecordBytes, id: string): boolean {
  const expected = Buffer.from(`{"id":${JSON.stringify(id)},`);
  const start = bodyStart(record);
  return record.subarray(start, start + expected.length).equals(expected);
}

export function decodeRecord(record: RecordBytes, position: Position): RecordedEvent {
  const { id, data, metadata } = body(record);
  return {
    id,
    stream: streamOf(record),
    revision: revisionOf(record),
    position,
    type: typeOf(record),
    data,
    metadata,
    recordedAt: isoTime(recordedAtOf(record)),
  };
}

function streamLength(record: RecordBytes): number {
  return record[1]! | (record[2]! << 8);
}

function bodyStart(record: RecordBytes): number {
  return HEADER + streamLength(record) + record[3]!;
}

function body(record: RecordBytes): Pick<RecordedEvent, 'id' | 'data' | 'metadata'> {
  return JSON.parse(textOf(record, bodyStart(record), record.length)) as Pick<RecordedEvent, 'id' | 'data' | 'metadata'>;
}

/** Latin-1 is several times faster than UTF-8 to decode, and the same where all is ASCII. */
function textOf(record: RecordBytes, start: number, end: number): string {
  return record.toString(record[0] === ASCII ? 'latin1' : 'utf8', start, end);
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
