import { createHash } from 'node:crypto';
import type { CollectionSpec, Document, Position } from '@souk/event-sourcing';

/** A document as it lies in MongoDB. */
export interface StoredDocument {
  readonly _id: string;
  /** The document; absent in a tombstone, and where `json` is. */
  readonly doc?: Document;
  /** The document as text, where BSON could not hold it or drivers would take a part of it for something else. */
  readonly json?: string;
  /** Length of its JSON. */
  readonly bytes: number;
  /** Of the last event in it. */
  readonly position: Position;
  /** Its index entries, without the id: number of the index and values, one character for each byte. */
  readonly entries: readonly string[];
  /** Of a tombstone: when MongoDB removes it. */
  readonly expireAt?: Date;
}

/**
 * That a document has certain values in an index. Its id is the entry's key (see `index-key.ts`), one character for each byte: so MongoDB's own
 * order of ids, by bytes, is the order of the index.
 */
export interface StoredEntry {
  readonly _id: string;
  /** Of the version of the document that came to have these values. */
  readonly position: Position;
}

export interface GenerationRecord {
  readonly number: number;
  readonly checkpoint?: Position;
}

/** What is known of a collection beside its documents. Another version of it, or with other indexes, has a record of its own. */
export interface CollectionRecord {
  readonly _id: string;
  readonly name: string;
  readonly version: number;
  readonly serving: GenerationRecord;
  readonly building?: GenerationRecord;
  /** Number that the next generation gets. */
  readonly next: number;
  /** Generations that nobody starts to read any more. */
  readonly dropped: readonly { readonly number: number; readonly at: Date }[];
  /** When its checkpoint moved. */
  readonly touchedAt?: Date;
}

/** All records. */
export const RECORDS = 'collections';

/** Id of the record, and beginning of the names of all that belongs to it: `apps.v3.5d41402a`. */
export function recordId({ name, version, indexes }: CollectionSpec): string {
  const digest = createHash('sha256').update(JSON.stringify(indexes)).digest('hex').slice(0, 8);
  return `${name}.v${version}.${digest}`;
}

export function documentsName(record: string, number: number): string {
  return `${record}.g${number}`;
}

export function entriesName(record: string, number: number): string {
  return `${documentsName(record, number)}.entries`;
}

/** The generation that a collection of MongoDB belongs to. */
export function numberOf(record: string, name: string): number | undefined {
  const rest = name.startsWith(`${record}.g`) ? /^(\d+)(\.entries)?$/.exec(name.slice(record.length + 2)) : undefined;
  return rest ? Number(rest[1]) : undefined;
}

/** One character for each byte. Such texts are in the order of the bytes, in JavaScript and in UTF-8. */
export function textOf(key: Buffer): string {
  return key.toString('latin1');
}

export function bytesOf(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}
