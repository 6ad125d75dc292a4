import type { Document, Position } from '@souk/event-sourcing';

/**
 * A document as it lies in the store: the position of the last event in it, the index entries that were made for it (so that exactly
 * those can be removed later), and its JSON, empty for a tombstone.
 *
 *     u8 length of position | position | u32 length of entries | (u16 length | entry)* | JSON
 */
export interface StoredDocument {
  readonly position: Position;
  readonly entries: readonly Buffer[];
  /** Not parsed: most writes need only the rest. */
  readonly json: Buffer;
}

export function packDocument(position: Position, entries: readonly Buffer[], doc: Document | undefined): Buffer {
  const json = doc === undefined ? '' : JSON.stringify(doc);
  const jsonBytes = Buffer.byteLength(json);
  const entryBytes = entries.reduce((sum, entry) => sum + 2 + entry.length, 0);
  const packed = Buffer.allocUnsafe(1 + position.length + 4 + entryBytes + jsonBytes);
  let at = packed.writeUInt8(position.length, 0);
  at += packed.write(position, at, 'latin1');
  at = packed.writeUInt32BE(entryBytes, at);
  for (const entry of entries) {
    at = packed.writeUInt16BE(entry.length, at);
    at += entry.copy(packed, at);
  }
  packed.write(json, at, 'utf8');
  return packed;
}

export function unpackDocument(packed: Buffer): StoredDocument {
  const positionEnd = 1 + packed.readUInt8(0);
  const entriesEnd = positionEnd + 4 + packed.readUInt32BE(positionEnd);
  const entries: Buffer[] = [];
  for (let at = positionEnd + 4; at < entriesEnd;) {
    const end = at + 2 + packed.readUInt16BE(at);
    entries.push(packed.subarray(at + 2, end));
    at = end;
  }
  return { position: packed.toString('latin1', 1, positionEnd) as Position, entries, json: packed.subarray(entriesEnd) };
}

/**
 * Calls back with where each of its index entries starts and ends, until that answers `false`; nothing is copied. Answers whether it
 * came to the end.
 */
export function everyEntry(packed: Buffer, visit: (start: number, end: number) => boolean): boolean {
  const positionEnd = 1 + packed[0]!;
  const entriesEnd = positionEnd + 4 + packed.readUInt32BE(positionEnd);
  for (let at = positionEnd + 4; at < entriesEnd;) {
    const end = at + 2 + ((packed[at]! << 8) | packed[at + 1]!);
    if (!visit(at + 2, end)) return false;
    at = end;
  }
  return true;
}

/** `undefined` for a tombstone. */
export function parseDocument<Doc extends Document>({ json }: StoredDocument): Doc | undefined {
  return json.length === 0 ? undefined : (JSON.parse(json.toString('utf8')) as Doc);
}
