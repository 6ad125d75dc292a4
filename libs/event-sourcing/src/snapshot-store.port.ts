import type { Position } from './event';

/** The state of a stream as of one of its events. */
export interface Snapshot {
  /** Last revision folded in. */
  readonly revision: number;
  /** Which event that is. Another history of the stream (a store that was restored, or another one) has another event there. */
  readonly eventId: string;
  readonly position: Position;
  /** When it was recorded: ISO 8601, UTC, milliseconds. */
  readonly recordedAt: string;
  /** JSON text, read by none but the aggregate. */
  readonly state: string;
}

/**
 * A cache of states, so that a long stream is not read from its start: several for each stream and version of its `evolve`. Whoever reads it
 * checks what it gets, and does without what is missing, foreign, or not to be read. Its laws, checked for every adapter by
 * `snapshotStoreContract`:
 * - `newest` answers the one with the highest revision among those that were put for this stream and this version, at or before the point;
 * - a snapshot is there only when all command ids that came with it are, and those outlive it (the whole cache may be thrown away any time);
 * - nothing is read through in order to find one thing: the time does not grow with the number of streams, and hardly with that of snapshots.
 */
export abstract class SnapshotStore {
  /** `upTo`: a revision, a recorded time (ISO 8601 UTC), both inclusive, or both of them; without: the newest of all. */
  abstract newest(stream: string, version: string, upTo: PointInHistory): Promise<Snapshot | undefined>;

  /**
   * Replaces one of the same stream, version and revision. Snapshots of other versions may be forgotten by and by.
   * @param commands first revision of every command since an earlier snapshot of the stream, or since its start
   */
  abstract put(stream: string, version: string, snapshot: Snapshot, commands: ReadonlyMap<string, number>): Promise<void>;

  /** First revision of that command among those that came with the snapshots of the stream, of any version. */
  abstract revisionOf(stream: string, commandId: string): Promise<number | undefined>;
}

/** Both inclusive; the earlier one counts; without either: the end. */
export interface PointInHistory {
  readonly revision?: number;
  /** Recorded time, ISO 8601 UTC. */
  readonly time?: string;
}
