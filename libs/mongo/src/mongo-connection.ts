import type { Db, MongoClient } from 'mongodb';
import { mongoFailure, MongoUnavailable, MongoUrlUnusable } from './mongo-failure';

export interface MongoOptions {
  /** `mongodb://…` or `mongodb+srv://…`; a database in it counts for authentication only. */
  readonly url: string;
  readonly database: string;
  /** After so long a call has failed, whatever the server does or does not do. Default 10 s. */
  readonly timeoutMs?: number;
  /** Shown by the server beside its connections. Default `souk`. */
  readonly applicationName?: string;
}

const TIMEOUT_MS = 10_000;
/** A server that is away is noticed sooner than one that is slow. */
const SELECTION_MS = 5000;
/** Sockets of one process at most. */
const MAX_POOL_SIZE = 20;

/**
 * A connection to one database, after the server has answered once. Loads the driver.
 * @throws MongoUnavailable; MongoUrlUnusable; what the server says to wrong credentials
 */
export async function connectMongo(options: MongoOptions): Promise<MongoConnection> {
  const { MongoClient } = await import('mongodb');
  const { url, database, timeoutMs = TIMEOUT_MS, applicationName = 'souk' } = options;
  let client: MongoClient;
  try {
    client = new MongoClient(url, {
      appName: applicationName,
      serverSelectionTimeoutMS: Math.min(timeoutMs, SELECTION_MS),
      connectTimeoutMS: Math.min(timeoutMs, SELECTION_MS),
      socketTimeoutMS: timeoutMs,
      waitQueueTimeoutMS: timeoutMs,
      maxPoolSize: MAX_POOL_SIZE,
      // What is acknowledged survives the loss of a server, and only that is read: a process never sees something that is undone later.
      writeConcern: { w: 'majority', journal: true, wtimeoutMS: timeoutMs },
      readConcern: { level: 'majority' },
      readPreference: 'primary',
    });
  } catch {
    throw new MongoUrlUnusable();
  }
  const connection = new MongoConnection(client, database, timeoutMs);
  try {
    await connection.run((db) => db.command({ ping: 1 }));
    return connection;
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/**
 * One database of a MongoDB. Writes are fulfilled when a majority of the servers has them on disk; reads see what such writes have left, and
 * never anything older than what this process has seen before: they go to the primary, and the driver follows no primary that another one
 * has replaced.
 */
export class MongoConnection {
  private readonly db: Db;
  private closing: Promise<void> | undefined;

  /** Use {@link connectMongo}. */
  constructor(
    private readonly client: MongoClient,
    readonly database: string,
    private readonly timeoutMs: number,
  ) {
    this.db = client.db(database);
  }

  /**
   * Does some work on the database: a few calls, whose time is limited together.
   * @throws MongoUnavailable; else what the driver throws
   */
  async run<T>(work: (db: Db) => Promise<T>): Promise<T> {
    // The driver's own time-outs are for single steps, and it tries again where it can.
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new MongoUnavailable(this.database, { cause: new Error(`no answer within ${this.timeoutMs} ms`) }));
      }, this.timeoutMs);
    });
    try {
      return await Promise.race([work(this.db), late]);
    } catch (error) {
      throw mongoFailure(this.database, error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The same promise again when called again. Calls under way fail. */
  close(): Promise<void> {
    this.closing ??= this.client.close();
    return this.closing;
  }
}
