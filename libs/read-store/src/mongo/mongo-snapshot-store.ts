import { type PointInHistory, type Snapshot, SnapshotStore } from '@souk/event-sourcing';
import { type MongoConnection, type MongoFilter, writeAll } from '@souk/mongo';
import { commandDigest } from '../command-digest';
import { encodeValues } from '../index-key';
import { textOf } from './stored';

/** Snapshots of other versions that one write removes at most. */
const SWEEP = 16;
/** Command ids in one write. */
const SLICE = 500;

interface StoredSnapshot extends Snapshot {
  readonly _id: string;
}

interface StoredRevision {
  readonly _id: string;
  readonly revision: number;
}

type Name = 'snapshots' | 'snapshot-times';

/**
 * Snapshots beside the read models. Ids are keys whose order is that of what they are made of:
 * - snapshots: stream, version, revision
 * - snapshot-times: stream, version, recorded at → revision
 * - snapshot-commands: stream, digest of the command id → first revision
 * Command ids are written before the snapshot that relies on them, and it before its time.
 */
export class MongoSnapshotStore extends SnapshotStore {
  constructor(private readonly connection: MongoConnection) {
    super();
  }

  override async newest(stream: string, version: string, { revision, time }: PointInHistory): Promise<Snapshot | undefined> {
    const byRevision = revision ?? Number.MAX_VALUE;
    const byTime = time === undefined ? byRevision : await this.revisionAt(stream, version, time);
    if (byTime === undefined) return undefined;
    const found = await this.last<StoredSnapshot>('snapshots', stream, version, Math.min(byRevision, byTime));
    if (!found) return undefined;
    const { _id, ...snapshot } = found;
    return snapshot;
  }

  override async put(stream: string, version: string, snapshot: Snapshot, commands: ReadonlyMap<string, number>): Promise<void> {
    const entries = [...commands];
    for (let i = 0; i < entries.length; i += SLICE) await this.putCommands(stream, entries.slice(i, i + SLICE));
    const { revision, recordedAt } = snapshot;
    await this.replace('snapshots', keyOf(stream, version, revision), snapshot);
    await this.replace('snapshot-times', keyOf(stream, version, Date.parse(recordedAt)), { revision });
    for (const name of ['snapshots', 'snapshot-times'] as const) await this.sweep(name, stream, version);
  }

  override async revisionOf(stream: string, commandId: string): Promise<number | undefined> {
    const _id = keyOf(stream, commandDigest(commandId));
    const found = await this.connection.run((db) => db.collection<StoredRevision>('snapshot-commands').findOne({ _id }));
    return found?.revision;
  }

  private async putCommands(stream: string, entries: readonly (readonly [string, number])[]): Promise<void> {
    const operations = entries.map(([commandId, revision]) => ({
      replaceOne: { filter: { _id: keyOf(stream, commandDigest(commandId)) }, replacement: { revision }, upsert: true },
    }));
    await this.connection.run((db) => writeAll(db.collection<StoredRevision>('snapshot-commands'), operations));
  }

  /** Of the newest snapshot that was recorded by then. */
  private async revisionAt(stream: string, version: string, time: string): Promise<number | undefined> {
    return (await this.last<StoredRevision>('snapshot-times', stream, version, Date.parse(time)))?.revision;
  }

  private async last<Stored>(name: Name, stream: string, version: string, at: number): Promise<Stored | undefined> {
    const range = { $gte: keyOf(stream, version, 0), $lte: keyOf(stream, version, at) };
    const [found] = await this.connection.run((db) =>
      db.collection<{ _id: string }>(name).find({ _id: range }).sort({ _id: -1 }).limit(1).toArray(),
    );
    return found as Stored | undefined;
  }

  private async replace(name: Name, _id: string, replacement: object): Promise<void> {
    await this.connection.run((db) => db.collection<{ _id: string }>(name).replaceOne({ _id }, replacement, { upsert: true }));
  }

  /** A few of other versions. Their command ids stay: they are the same in every version. */
  private async sweep(name: Name, stream: string, version: string): Promise<void> {
    const ranges = [
      { $gte: keyOf(stream, ''), $lt: keyOf(stream, version) },
      { $gt: keyOf(stream, version, Number.MAX_VALUE), $lt: keyOf(stream, '\u{10ffff}') },
    ];
    for (const range of ranges) {
      const filter: MongoFilter<{ _id: string }> = { _id: range };
      const found = await this.connection.run((db) =>
        db
          .collection<{ _id: string }>(name)
          .find(filter, { projection: { _id: 1 } })
          .sort({ _id: 1 })
          .limit(SWEEP)
          .toArray(),
      );
      if (found.length === 0) continue;
      const ids = found.map(({ _id }) => _id);
      await this.connection.run((db) => db.collection<{ _id: string }>(name).deleteMany({ _id: { $in: ids } }));
    }
  }
}

function keyOf(...parts: readonly (string | number)[]): string {
  return textOf(encodeValues(parts));
}
