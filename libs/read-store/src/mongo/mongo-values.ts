import { isDuplicateKey, type MongoConnection, writeAll } from '@souk/mongo';
import { plainValue } from './plain-value';

interface StoredValue {
  readonly _id: string;
  readonly value?: unknown;
  readonly json?: string;
}

interface Claim {
  readonly _id: string;
  readonly expireAt: Date;
}

interface Waiting {
  readonly values: Map<string, unknown>;
  readonly done: Promise<void>;
}

/** Small values of infrastructure, and claims. Values that come while others are being written are written together, the last one of each key. */
export class MongoValues {
  private waiting: Waiting | undefined;
  private writing: Promise<void> = Promise.resolve();

  constructor(private readonly connection: MongoConnection) {}

  /** Where claims lie, MongoDB removes those that are over. */
  async prepare(): Promise<void> {
    await this.connection.run((db) =>
      db.collection<Claim>('claims').createIndex({ expireAt: 1 }, { name: 'expireAt', expireAfterSeconds: 0 }, {}),
    );
  }

  async get(key: string): Promise<unknown> {
    const found = await this.connection.run((db) => db.collection<StoredValue>('values').findOne({ _id: key }));
    return found?.json === undefined ? found?.value : JSON.parse(found.json);
  }

  put(values: Readonly<Record<string, unknown>>): Promise<void> {
    this.waiting ??= this.wait();
    for (const [key, value] of Object.entries(values)) this.waiting.values.set(key, value);
    return this.waiting.done;
  }

  /** Another process's claim counts until its time is over by this one's clock, or until MongoDB has removed it. */
  async claim(key: string, ttlMs: number): Promise<boolean> {
    const now = Date.now();
    try {
      await this.connection.run((db) =>
        db
          .collection<Claim>('claims')
          .updateOne(
            { _id: key, expireAt: { $lte: new Date(now) } },
            { $set: { expireAt: new Date(now + ttlMs) } },
            { upsert: true },
          ),
      );
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.writing;
  }

  private wait(): Waiting {
    const values = new Map<string, unknown>();
    const done = this.writing.then(() => {
      this.waiting = undefined;
      return this.write(values);
    });
    this.writing = done.catch(() => undefined);
    return { values, done };
  }

  private async write(values: ReadonlyMap<string, unknown>): Promise<void> {
    const operations = [...values].map(([key, value]) => ({
      replaceOne: { filter: { _id: key }, replacement: stored(value), upsert: true },
    }));
    await this.connection.run((db) => writeAll(db.collection<StoredValue>('values'), operations));
  }
}

function stored(value: unknown): Omit<StoredValue, '_id'> {
  const found = plainValue(JSON.stringify(value));
  return 'json' in found ? found : { value: found.plain };
}
