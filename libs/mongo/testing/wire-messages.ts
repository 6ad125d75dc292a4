import { BSON, type Document } from 'mongodb';

/** A command as a client has sent it. */
export interface Request {
  readonly id: number;
  /** Its first field is its name; documents that came in sequences beside it stand in it as arrays. */
  readonly body: Document;
  /** The old form, in which drivers say hello. */
  readonly isLegacy: boolean;
  readonly wantsNoAnswer: boolean;
}

const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;
const HEADER_BYTES = 16;
const MORE_TO_COME = 2;
const CHECKSUM_PRESENT = 1;
/** As long as the real server takes them. */
const MAX_MESSAGE_BYTES = 48_000_000;

/** Cuts what a socket yields into messages. */
export class MessageReader {
  private rest: Buffer = Buffer.alloc(0);

  /** The messages that are whole by now. @throws RangeError for what is no message of the protocol */
  read(chunk: Buffer): Request[] {
    this.rest = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    const found: Request[] = [];
    while (this.rest.length >= HEADER_BYTES) {
      const length = this.rest.readInt32LE(0);
      if (length < HEADER_BYTES || length > MAX_MESSAGE_BYTES) throw new RangeError(`a message of ${length} bytes`);
      if (this.rest.length < length) break;
      found.push(parse(this.rest.subarray(0, length)));
      this.rest = this.rest.subarray(length);
    }
    return found;
  }
}

/** The answer to a request, in the form that it was asked in. */
export function answerTo({ id, isLegacy }: Request, body: Document): Buffer {
  const bson = BSON.serialize(body, { ignoreUndefined: true });
  const head = isLegacy ? legacyHead() : Buffer.alloc(5);
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeInt32LE(HEADER_BYTES + head.length + bson.length, 0);
  header.writeInt32LE(id, 8);
  header.writeInt32LE(isLegacy ? OP_REPLY : OP_MSG, 12);
  return Buffer.concat([header, head, bson]);
}

/** Flags, cursor, where it starts, number of documents. */
function legacyHead(): Buffer {
  const head = Buffer.alloc(20);
  head.writeInt32LE(1, 16);
  return head;
}

function parse(message: Buffer): Request {
  const id = message.readInt32LE(4);
  const code = message.readInt32LE(12);
  if (code === OP_QUERY) return { id, body: bodyOfQuery(message), isLegacy: true, wantsNoAnswer: false };
  if (code !== OP_MSG) throw new RangeError(`a message with the operation code ${code}`);
  const flags = message.readUInt32LE(HEADER_BYTES);
  const end = message.length - ((flags & CHECKSUM_PRESENT) !== 0 ? 4 : 0);
  return { id, body: bodyOfMessage(message, end), isLegacy: false, wantsNoAnswer: (flags & MORE_TO_COME) !== 0 };
}

/** Flags, name of the collection, number to skip, number to return, document. */
function bodyOfQuery(message: Buffer): Document {
  const nameEnd = message.indexOf(0, HEADER_BYTES + 4);
  return documentAt(message, nameEnd + 1 + 8).document;
}

function bodyOfMessage(message: Buffer, end: number): Document {
  let body: Document = {};
  const sequences: Document = {};
  for (let at = HEADER_BYTES + 4; at < end;) {
    const kind = message[at]!;
    if (kind === 0) {
      const found = documentAt(message, at + 1);
      body = found.document;
      at = found.end;
      continue;
    }
    const sectionEnd = at + 1 + message.readInt32LE(at + 1);
    const nameEnd = message.indexOf(0, at + 5);
    const documents: Document[] = [];
    for (let next = nameEnd + 1; next < sectionEnd;) {
      const found = documentAt(message, next);
      documents.push(found.document);
      next = found.end;
    }
    sequences[message.toString('utf8', at + 5, nameEnd)] = documents;
    at = sectionEnd;
  }
  return { ...body, ...sequences };
}

function documentAt(message: Buffer, at: number): { readonly document: Document; readonly end: number } {
  const end = at + message.readInt32LE(at);
  return { document: BSON.deserialize(message.subarray(at, end)), end };
}
