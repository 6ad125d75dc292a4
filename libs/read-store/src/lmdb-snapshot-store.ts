import { type PointInHistory, type Snapshot, SnapshotStore } from '@souk/event-sourcing';
import type { LmdbEnvironment, LmdbTable } from '@souk/lmdb';
import { commandDigest } from './command-digest';

/** Snapshots of other versions that one write removes at most. */
const SWEEP = 16;
/** Streams that are known to have none. */
const REMEMBERED = 10_000;
/** Command ids in one write: few enough not to hold up the event loop. */
const SLICE = 500;
/** What a command id takes: the name of the stream, a digest, a revision. */
const BYTES_OF_A_COMMAND = 256;

/** Stream, version, and a revision or a recorded time. */
type Key = readonly [stream: string, version: string, at: number];

/**
 * Snapshots beside the read models, and as durable: after a power failure the last writes may be missing, the newest first. Command ids are
 * written before the snapshot that relies on them.
 * - snapshots: stream, version, revision → all but the state as JSON, a line feed, the state
 * - snapshot-times: stream, version, recorded at → revision
 * - snapshot-commands: stream, digest of the command id → first revision
 */
export class LmdbSnapshotStore extends SnapshotStore {
  private readonly snapshots: LmdbTable<Key, string>;
  private readonly times: LmdbTable<Key, number>;
  private readonly commands: LmdbTable<readonly [string, string], number>;
  /** Streams without any snapshot: most are short and have none, and are asked for again and again. */
  private readonly without = new Set<string>();

  constructor(private readonly environment: LmdbEnvironment) {
    super();
    this.snapshots = environment.openTable('snapshots', { encoding: 'text' });
    this.times = environment.openTable('snapshot-times', { encoding: 'json' });
    this.commands = environment.openTable('snapshot-commands', { encoding: 'json' });
  }

  override async newest(stream: string, version: string, { revision, time }: PointInHistory): Promise<Snapshot | undefined> {
    if (this.without.has(stream)) return undefined;
    const byRevision = revision ?? Number.MAX_VALUE;
    const byTime = time === undefined ? byRevision : this.revisionAt(stream, version, time);
    if (byTime === undefined) return undefined;
    for (const { value } of this.snapshots.entries(upTo(stream, version, Math.min(byRevision, byTime)))) return parse(value);
    this.rememberIfWithout(stream);
    return undefined;
  }

  override async put(stream: string, version: string, snapshot: Snapshot, commands: ReadonlyMap<string, number>): Promise<void> {
    const entries = [...commands];
    for (let i = 0; i < entries.length; i += SLICE) await this.putCommands(stream, entries.slice(i, i + SLICE));
    const outdated = this.outdated(stream, version);
    const text = format(snapshot);
    const change = () => {
      this.snapshots.put([stream, version, snapshot.revision], text);
      this.times.put([stream, version, Date.parse(snapshot.recordedAt)], snapshot.revision);
      for (const { table, key } of outdated) table.remove(key);
    };
    await this.environment.writeBlind(change, { keys: 2 + outdated.length, bytes: Buffer.byteLength(text) });
    this.without.delete(stream);
  }

  override async revisionOf(stream: string, commandId: string): Promise<number | undefined> {
    return this.commands.get([stream, commandDigest(commandId)]);
  }

  private rememberIfWithout(stream: string): void {
    for (const _ of this.snapshots.keys({ gte: [stream, '', 0], lt: [stream, '\uffff', 0], limit: 1 })) return;
    if (this.without.size >= REMEMBERED) this.without.clear();
    this.without.add(stream);
  }

  private async putCommands(stream: string, entries: readonly (readonly [string, number])[]): Promise<void> {
    const change = () => {
      for (const [commandId, revision] of entries) this.commands.put([stream, commandDigest(commandId)], revision);
    };
    await this.environment.writeBlind(change, { keys: entries.length, bytes: entries.length * BYTES_OF_A_COMMAND });
  }

  /** Of the newest snapshot that was recorded by then. */
  private revisionAt(stream: string, version: string, time: string): number | undefined {
    for (const { value } of this.times.entries(upTo(stream, version, Date.parse(time)))) return value;
    return undefined;
  }

  /** A few keys of other versions. Their command ids stay: they are the same in every version. */
  private outdated(stream: string, version: string): { table: LmdbTable<Key, unknown>; key: Key }[] {
    return [this.snapshots, this.times].flatMap((table: LmdbTable<Key, unknown>) =>
      [
        { gte: [stream, '', 0] as const, lt: [stream, version, 0] as const },
        { gt: [stream, version, Number.MAX_VALUE] as const, lt: [stream, '\uffff', 0] as const },
      ].flatMap((range) => [...table.keys({ ...range, limit: SWEEP })].map((key) => ({ table, key }))),
    );
  }
}

function upTo(stream: string, version: string, at: number) {
  return { gte: [stream, version, 0], lte: [stream, version, at], reverse: true, limit: 1 } as const;
}

function format({ state, ...facts }: Snapshot): string {
  return `${JSON.stringify(facts)}\n${state}`;
}

function parse(text: string): Snapshot {
  const end = text.indexOf('\n');
  return { ...(JSON.parse(text.slice(0, end)) as Omit<Snapshot, 'state'>), state: text.slice(end + 1) };
}
