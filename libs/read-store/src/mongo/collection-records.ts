import type { CollectionSpec, Position } from '@souk/event-sourcing';
import { type MongoCollection, type MongoConnection, MongoUnavailable } from '@souk/mongo';
import { type CollectionRecord, type GenerationRecord, numberOf, RECORDS, recordId } from './stored';

/** How long readers of other processes may go on with a generation that was replaced; much longer than they know a record by heart. */
export const KEEP_DROPPED_MS = 60_000;
/** Data of another version that nobody has written to for so long is removed: in an upgrade, both versions are at work for a while. */
const KEEP_VERSIONS_MS = 24 * 60 * 60_000;
const MAX_ATTEMPTS = 10;

/**
 * The record of one collection: which generation serves, how far it is, which one is being built. Every change is one update, guarded by what
 * it was worked out on; so of two who change it at the same time, one has to look again.
 */
export class CollectionRecords {
  readonly id: string;

  constructor(
    private readonly connection: MongoConnection,
    private readonly spec: CollectionSpec,
  ) {
    this.id = recordId(spec);
  }

  async read(): Promise<CollectionRecord | undefined> {
    return (await this.on((records) => records.findOne({ _id: this.id }))) ?? undefined;
  }

  /** The record, made where there is none. */
  async made(): Promise<CollectionRecord> {
    const found = await this.read();
    if (found) return found;
    const { name, version } = this.spec;
    const fresh = { name, version, serving: { number: 1 }, next: 2, dropped: [] };
    await this.on((records) => records.updateOne({ _id: this.id }, { $setOnInsert: fresh }, { upsert: true }));
    return (await this.read())!;
  }

  /** Moves it forwards, or leaves it where it is farther. `false` where that generation has not this place any more. */
  async moveCheckpoint(place: 'serving' | 'building', number: number, checkpoint: Position): Promise<boolean> {
    const path = `${place}.checkpoint`;
    const isBehind = [{ [path]: { $exists: false } }, { [path]: { $lt: checkpoint } }];
    const moved = await this.change(
      { [`${place}.number`]: number, $or: isBehind },
      { $set: { [path]: checkpoint }, $currentDate: { touchedAt: true } },
    );
    return moved || (await this.read())?.[place]?.number === number;
  }

  /** A number for a generation that is being built from now on; the one before is dropped. */
  startBuilding(): Promise<number> {
    return this.untilDone(async ({ next, building }) => {
      const change = { $set: { building: { number: next }, next: next + 1 }, ...dropping(building) };
      return (await this.change({ next, ...guard('building', building) }, change)) ? next : undefined;
    });
  }

  /** An empty generation serves from now on. Answers its number. */
  serveEmpty(): Promise<number> {
    return this.untilDone(async ({ next, serving }) => {
      const change = { $set: { serving: { number: next }, next: next + 1 }, ...dropping(serving) };
      return (await this.change({ next, 'serving.number': serving.number }, change)) ? next : undefined;
    });
  }

  /** The switch. `false` where one of both is not any more what it was. */
  serve(building: GenerationRecord, serving: GenerationRecord): Promise<boolean> {
    return this.change(
      { ...guard('building', building), ...guard('serving', serving) },
      { $set: { serving: building }, $unset: { building: '' }, ...dropping(serving) },
    );
  }

  /** Gives up what is being built, if it is that one (any, where none is said). */
  async dropBuilding(number?: number): Promise<void> {
    const building = (await this.read())?.building;
    if (!building || (number !== undefined && building.number !== number)) return;
    await this.change({ 'building.number': building.number }, { $unset: { building: '' }, ...dropping(building) });
  }

  /** Works on the record as it stands, again where somebody was faster. */
  async untilDone<T>(work: (record: CollectionRecord) => Promise<T | undefined>): Promise<T> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const answer = await work(await this.made());
      if (answer !== undefined) return answer;
    }
    throw new MongoUnavailable(this.connection.database, { cause: new Error(`others go on changing the record of ${this.id}`) });
  }

  /**
   * Removes what nobody reads any more: generations that were dropped some time ago, or that were made anew by somebody late; versions that
   * nobody has written to for a day.
   */
  async sweep(now: number): Promise<void> {
    const names = await this.namesOf(this.id);
    const record = await this.read();
    if (!record) return;
    const { serving, building, dropped, next } = record;
    const recently = dropped.filter(({ at }) => at.getTime() > now - KEEP_DROPPED_MS).map(({ number }) => number);
    const kept = new Set([serving.number, building?.number, ...recently]);
    for (const name of names) {
      const number = numberOf(this.id, name);
      if (number !== undefined && number < next && !kept.has(number)) await this.drop(name);
    }
    for (const { number } of dropped) if (!kept.has(number)) await this.change({}, { $pull: { dropped: { number } } });
    await this.sweepVersions(now);
  }

  private async sweepVersions(now: number): Promise<void> {
    const untouched = { name: this.spec.name, _id: { $ne: this.id }, touchedAt: { $lt: new Date(now - KEEP_VERSIONS_MS) } };
    for (const { _id } of await this.on((records) => records.find(untouched).limit(100).toArray())) {
      for (const name of await this.namesOf(_id)) await this.drop(name);
      await this.on((records) => records.deleteOne({ _id }));
    }
  }

  /** Names of the collections of all its generations. */
  private async namesOf(id: string): Promise<string[]> {
    const found = await this.connection.run((db) => db.listCollections({}, { nameOnly: true }).toArray());
    return found.map(({ name }) => name).filter((name) => numberOf(id, name) !== undefined);
  }

  private async drop(name: string): Promise<void> {
    await this.connection.run((db) => db.dropCollection(name));
  }

  private async change(filter: object, change: object): Promise<boolean> {
    const { matchedCount } = await this.on((records) => records.updateOne({ _id: this.id, ...filter }, change));
    return matchedCount === 1;
  }

  private on<T>(work: (records: MongoCollection<CollectionRecord>) => Promise<T>): Promise<T> {
    return this.connection.run((db) => work(db.collection<CollectionRecord>(RECORDS)));
  }
}

/** As it was seen: that number with that checkpoint, or none. */
function guard(place: 'serving' | 'building', seen: GenerationRecord | undefined): object {
  const missing = { $exists: false };
  return { [`${place}.number`]: seen?.number ?? missing, [`${place}.checkpoint`]: seen?.checkpoint ?? missing };
}

function dropping(generation: GenerationRecord | undefined): object {
  return generation ? { $push: { dropped: { number: generation.number, at: new Date() } } } : {};
}
