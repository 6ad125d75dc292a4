import type { Document, Position } from '@souk/event-sourcing';
import type { Page, Query } from './read-store.port';

/** What a commit of a read model touched. */
export interface ModelChange {
  /** Ids of documents that were written or deleted, each once. */
  readonly keys: readonly string[];
  /** The model's checkpoint from now on. */
  readonly position: Position;
}

/** A read model as its service reads it: documents, and how far they are. */
export interface ReadModel<Doc extends Document> {
  get(id: string): Promise<Doc | undefined>;
  /** @throws UncoveredQuery, InvalidCursor, RangeError as `Collection.query` */
  query(query: Query<Doc>): Promise<Page<Doc>>;
  /** Position up to which all events can be seen here; `undefined` before the first. */
  checkpoint(): Position | undefined;
  /**
   * Read-your-writes: fulfilled as soon as the checkpoint is at or after the position, at once where it is.
   * @throws ReadModelBehind after `timeoutMs`, or when the model was stopped meanwhile
   */
  waitFor(position: Position, timeoutMs: number): Promise<void>;
  /**
   * Fulfilled when listeners are told of everything that happens from now on. Where processes share the read store, what was read before may
   * have become another since, by somebody else and without a word here: whoever keeps it looks once more.
   */
  readonly listening: Promise<void>;
  /** Calls back after each commit that touched documents, and after a rebuild that changed some, until the answered function is called. */
  changes(listener: (change: ModelChange) => void): () => void;
}

/**
 * - `idle`: not started, or stopped
 * - `catching-up`: behind where the store's end was when it was started
 * - `live`
 * - `following`: another process folds, this one reads what it commits
 * - `retrying`: store or read store failed; tried again by itself
 * - `failed`: the projection threw, which is a bug: it stands before that event until it is rebuilt, or started again
 */
export type ModelStatus = 'idle' | 'catching-up' | 'live' | 'following' | 'retrying' | 'failed';

export interface ModelHealth {
  readonly projection: string;
  readonly status: ModelStatus;
  /** Why it is failed or retrying. */
  readonly error?: unknown;
}

/** For metrics. */
export interface ModelStats {
  readonly projection: string;
  readonly version: number;
  readonly status: ModelStatus;
  readonly position: Position | undefined;
  /** Events that touched it, and commits of this process, since the start. */
  readonly events: number;
  readonly commits: number;
  /** From the recording of the newest event in it to the moment it could be read, in milliseconds. */
  readonly lagMs: number;
}

/** Something went wrong in a projection, or around it (then without event). */
export interface ProjectionFailure {
  readonly projection: string;
  readonly error: unknown;
  /** The event that could not be folded. Its data is not here: it may be personal. */
  readonly event?: { readonly id: string; readonly type: string; readonly position: Position };
}

/** The read model did not get as far as the reader asked for, in the time it gave. */
export class ReadModelBehind extends Error {
  readonly code = 'read-model-behind';
  constructor(
    readonly projection: string,
    readonly wanted: Position,
    readonly actual: Position | undefined,
  ) {
    super(`read model "${projection}" is at ${actual ?? 'the beginning'}, the reader asked for ${wanted}`);
    this.name = new.target.name;
  }
}
