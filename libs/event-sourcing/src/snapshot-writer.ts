import type { Snapshot, SnapshotStore } from './snapshot-store.port';

/** A snapshot that is to be made and kept. */
export interface SnapshotToWrite {
  readonly stream: string;
  readonly version: string;
  readonly revision: number;
  /** Both are called when its turn has come. `undefined` where the state has more characters than `most`. */
  readonly make: (most: number) => Snapshot | undefined;
  readonly commands: () => ReadonlyMap<string, number>;
}

/** Streams that may wait at a time: beyond that, the next reader of a stream offers its snapshot again. */
const MAX_WAITING = 1000;
/** Characters of a state that is kept; a larger one would hold up the event loop whenever it is made or read. */
const MAX_STATE = 200_000;

/**
 * Writes snapshots behind everybody's back: one at a time, the last one offered of each stream, with a turn of the event loop before each.
 * Nobody waits for it, and what fails is not tried again.
 */
export class SnapshotWriter {
  private readonly waiting = new Map<string, SnapshotToWrite>();
  /** Revisions at which states were too large to be kept: until a stream is twice as long, it is not tried again. */
  private readonly tooLarge = new Map<string, number>();
  private working: Promise<void> | undefined;
  private failing = false;

  /** @param onFailure called again only after a snapshot was kept in between */
  constructor(
    private readonly store: SnapshotStore,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  offer(snapshot: SnapshotToWrite): void {
    if (this.waiting.size >= MAX_WAITING && !this.waiting.has(snapshot.stream)) return;
    if (snapshot.revision < 2 * (this.tooLarge.get(snapshot.stream) ?? 0)) return;
    this.waiting.set(snapshot.stream, snapshot);
    this.working ??= this.work();
  }

  /** Fulfilled when nothing waits and nothing is under way. */
  async idle(): Promise<void> {
    await this.working;
  }

  private async work(): Promise<void> {
    do {
      await new Promise(setImmediate);
      for (const [stream, next] of this.waiting) {
        this.waiting.delete(stream);
        await this.write(next);
        break;
      }
    } while (this.waiting.size > 0);
    this.working = undefined;
  }

  private async write({ stream, version, revision, make, commands }: SnapshotToWrite): Promise<void> {
    try {
      const snapshot = make(MAX_STATE);
      if (!snapshot) {
        if (this.tooLarge.size >= MAX_WAITING) this.tooLarge.clear();
        this.tooLarge.set(stream, revision);
        return;
      }
      await this.store.put(stream, version, snapshot, commands());
      this.failing = false;
    } catch (error) {
      if (!this.failing) this.onFailure(error);
      this.failing = true;
    }
  }
}
