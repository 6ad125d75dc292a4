import type { CollectionSpec, Document, IndexedValue, Position } from '@souk/event-sourcing';

/** `from` inclusive, `to` exclusive. */
export interface ValueRange {
  readonly from?: IndexedValue;
  readonly to?: IndexedValue;
}

/** What a query may ask of a collection; answered in the order of the index, ties by document id. */
export interface Query<Doc extends Document> {
  readonly index: string;
  /** Equal values for the first fields of the index, by field name; for an array field: one of its elements. */
  readonly where?: Readonly<Record<string, IndexedValue>>;
  /** A range over the field that follows those in `where`. */
  readonly range?: ValueRange;
  /**
   * Instead of `range`, over an array field: each of these ranges holds one of its elements. Put those first that few documents lie in: the
   * store walks over the narrowest of the first {@link MAX_CHOICES}, as far as it can tell, and answers in the order of that one.
   */
  readonly ranges?: readonly ValueRange[];
  readonly order?: 'ascending' | 'descending';
  /** Documents in a page, 1–500. Default 50. */
  readonly limit?: number;
  /** The `next` of an earlier page of the same query and the same audience. */
  readonly cursor?: string;
  /** Whom a cursor is for (the tenant): another's cursor is refused. */
  readonly audience?: string;
  /** What the index cannot express. Scans on until the page is full or {@link MAX_SCANNED} entries were looked at. */
  readonly filter?: (doc: Doc) => boolean;
}

/**
 * Entries of the index that one page looks at: not all of them pass the `filter` or lie in all of the `ranges`, and a document may come by
 * with each of its elements. A page may then be short and still have a `next`.
 */
export const MAX_SCANNED = 1000;
/** Bytes of JSON after which a page ends, though it has fewer documents than asked for: what it takes to read it is bounded. */
export const MAX_PAGE_BYTES = 1 << 20;
/** Of `ranges`: among how many the narrowest is looked for. */
export const MAX_CHOICES = 8;

export interface Page<Doc extends Document> {
  readonly items: readonly Doc[];
  /** Signed and bound to query and audience; absent on the last page. */
  readonly next?: string;
}

/** A collection of documents as its service reads it. */
export interface Collection<Doc extends Document> {
  readonly spec: CollectionSpec;
  get(id: string): Promise<Doc | undefined>;
  /** @throws UncoveredQuery where no declared index covers it; InvalidCursor */
  query(query: Query<Doc>): Promise<Page<Doc>>;
  /** Position up to which events are in; `undefined` before the first. */
  checkpoint(): Promise<Position | undefined>;
}

/** What one batch of events did to a collection. `doc: undefined` deletes. */
export interface Change {
  readonly id: string;
  readonly doc: Document | undefined;
  /** Position of the last event folded into this document. */
  readonly position: Position;
}

/** A document as it stands, with the position of the last event in it. */
export interface PositionedDocument<Doc extends Document> {
  readonly id: string;
  readonly doc: Doc;
  readonly position: Position;
}

/** The writing side, for the projector alone: documents of one generation. */
export interface GenerationWriter<Doc extends Document> extends Collection<Doc> {
  /**
   * Whether another process may write here, too, perhaps late: one that was frozen, and does not know yet that it is not its turn any more. Then
   * a document that came and went between two commits is deleted all the same, so that its tombstone holds off who would still make it.
   */
  readonly shared?: boolean;
  /**
   * Document with the position of the last event in it (also of a tombstone: `doc` is undefined then). Nobody changes it: the next one who asks may
   * get the same object.
   */
  getForUpdate(id: string): Promise<{ readonly doc: Doc | undefined; readonly position: Position } | undefined>;
  /**
   * Writes changes and checkpoint so that the checkpoint is never ahead of the documents. A change at or below a document's
   * position is a no-op; a delete leaves a tombstone until the checkpoint has passed it, or a little longer: a commit has bounded work.
   */
  commit(changes: readonly Change[], checkpoint: Position): Promise<void>;
  /** Everything gone, checkpoint included. */
  clear(): Promise<void>;
  /** All documents, by the bytes of their ids. One that is there all the time is seen exactly once, whatever is written meanwhile. */
  documents(): AsyncIterable<PositionedDocument<Doc>>;
}

/** A collection as it serves. What is written here goes into the generation that serves at that moment. */
export interface CollectionWriter<Doc extends Document> extends GenerationWriter<Doc> {
  /** An empty generation beside the one that serves. One that was being built before is dropped. */
  startGeneration(): Promise<BuildingGeneration<Doc>>;
}

/** A generation on its way: nobody reads it but who builds it. */
export interface BuildingGeneration<Doc extends Document> extends GenerationWriter<Doc> {
  /**
   * From now on this one serves, and the one that did is dropped: one write, all or nothing.
   * @throws GenerationBehind while its checkpoint is before that of the one that serves; GenerationGone
   */
  serve(): Promise<void>;
  /** Gives it up. Nothing happens where it serves, or was dropped. */
  drop(): Promise<void>;
}

/**
 * Documents derived from events, with declared indexes. Its laws, checked for every adapter by `readStoreContract`:
 * - the checkpoint is never ahead of the documents, and both survive kill -9 together;
 * - an event at or below a document's position is a no-op;
 * - deletes leave a tombstone until the checkpoint has passed;
 * - a query that no declared index covers is an error;
 * - cursors are stable: a document that was there all the time is seen exactly once, whatever is written meanwhile;
 *   a forged cursor, or one of another query or audience, is refused;
 * - a collection of another `version` starts empty;
 * - one generation serves, at most one is being built: the one that serves answers and takes commits until the other one, no less far
 *   than it, takes its place in one write. Whenever the process is killed, one of the two serves afterwards, whole; a half-built one is
 *   gone. Cursors go on over the switch: ids and index keys are the same in both;
 * - of all who claim a key, in whatever process, one gets it, until about its time is over.
 */
export abstract class ReadStore {
  /** Whether other processes may have it open, too. */
  abstract readonly shared: boolean;

  /** The same collection may be opened again (same spec); all are known before the first read. */
  abstract open<Doc extends Document>(spec: CollectionSpec): CollectionWriter<Doc>;

  /** Small durable values of infrastructure (checkpoints of consumers). Keys are `a-z0-9-/:._` text. */
  abstract getValue(key: string): Promise<unknown>;
  abstract putValues(values: Readonly<Record<string, unknown>>): Promise<void>;

  /**
   * `true` for one caller for each key, until about `ttlMs` have passed since; for what must happen once. As durable as the store is. Where a call
   * fails, either that caller has it or nobody. Keys as those of values.
   */
  abstract claim(key: string, ttlMs: number): Promise<boolean>;
}

/** No declared index covers the query. A mistake in the code, found by its first call. */
export class UncoveredQuery extends Error {
  readonly code = 'uncovered-query';
  constructor(collection: string, index: string, detail: string) {
    super(`collection "${collection}": index "${index}" ${detail}`);
    this.name = new.target.name;
  }
}

/** A cursor that was not handed out for this query and audience. */
export class InvalidCursor extends Error {
  readonly code = 'invalid-cursor';
  constructor() {
    super('the cursor was not handed out for this query');
    this.name = new.target.name;
  }
}

/** A generation that has seen less than the one it is to replace. */
export class GenerationBehind extends Error {
  readonly code = 'generation-behind';
  constructor(collection: string, building: Position | undefined, serving: Position) {
    super(
      `collection "${collection}": the new generation is at ${building ?? 'the beginning'}, the one that serves at ${serving}`,
    );
    this.name = new.target.name;
  }
}

/** A generation that was dropped, or serves by now: it is written to through its collection, if at all. */
export class GenerationGone extends Error {
  readonly code = 'generation-gone';
  constructor(collection: string) {
    super(`collection "${collection}": this generation is not being built any more`);
    this.name = new.target.name;
  }
}
