import { startMongoStandIn, type MongoStandIn } from '@souk/mongo/testing';
import { connectMongo, isDuplicateKey, type MongoConnection, MongoUnavailable, MongoUrlUnusable, writeAll } from '.';

interface Thing {
  readonly _id: string;
  readonly n?: number;
}

describe('a connection to MongoDB', () => {
  let server: MongoStandIn;
  let connection: MongoConnection;
  beforeEach(async () => {
    server = await startMongoStandIn();
    connection = await connectMongo({ url: server.url, database: 'test', timeoutMs: 5000 });
  });
  afterEach(async () => {
    await connection.close();
    await server.close();
  });

  const things = <T>(work: Parameters<MongoConnection['run']>[0]) => connection.run(work) as Promise<T>;
  const insert = (thing: Thing) => things((db) => db.collection<Thing>('things').insertOne(thing));

  it('writes and reads', async () => {
    await insert({ _id: 'a', n: 1 });
    expect(await things((db) => db.collection<Thing>('things').findOne({ _id: 'a' }))).toEqual({ _id: 'a', n: 1 });
  });

  it('says that a key is taken', async () => {
    await insert({ _id: 'a' });
    const error: unknown = await insert({ _id: 'a' }).catch((failure: unknown) => failure);
    expect(isDuplicateKey(error)).toBe(true);
    expect(error).not.toBeInstanceOf(MongoUnavailable);
  });

  it('counts what has taken effect of many writes, a taken key not among them', async () => {
    await insert({ _id: 'a', n: 1 });
    const applied = await connection.run((db) =>
      writeAll(db.collection<Thing>('things'), [
        { insertOne: { document: { _id: 'a', n: 2 } } },
        { insertOne: { document: { _id: 'b', n: 2 } } },
        { replaceOne: { filter: { _id: 'a', n: 1 }, replacement: { n: 3 } } },
        { replaceOne: { filter: { _id: 'a', n: 7 }, replacement: { n: 8 } } },
        { updateOne: { filter: { _id: 'c' }, update: { $max: { n: 4 } }, upsert: true } },
        { deleteOne: { filter: { _id: 'nobody' } } },
      ]),
    );
    expect(applied).toBe(3);
    const all = await connection.run((db) => db.collection<Thing>('things').find().sort({ _id: 1 }).toArray());
    expect(all).toEqual([
      { _id: 'a', n: 3 },
      { _id: 'b', n: 2 },
      { _id: 'c', n: 4 },
    ]);
  });

  it('says that the server is away, and that it is worth trying again, and finds it when it is back', async () => {
    await insert({ _id: 'a' });
    await server.stop();
    const error: unknown = await insert({ _id: 'b' }).catch((failure: unknown) => failure);
    const many = (db: Parameters<Parameters<MongoConnection['run']>[0]>[0]) =>
      writeAll(db.collection<Thing>('things'), [{ insertOne: { document: { _id: 'c' } } }]);
    await expect(connection.run(many)).rejects.toBeInstanceOf(MongoUnavailable);
    expect(error).toBeInstanceOf(MongoUnavailable);
    expect(error).toMatchObject({ code: 'mongo-unavailable', retryable: true, database: 'test' });
    await server.start();
    await insert({ _id: 'b' });
  });

  it('waits for a server that does not answer no longer than it was told', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<'done'>((resolve) => (release = () => resolve('done')));
    server.fate = ({ name }) => (name === 'insert' ? held : 'done');
    await expect(insert({ _id: 'a' })).rejects.toBeInstanceOf(MongoUnavailable);
    release();
  });

  it('is not made to a server that is not there', async () => {
    await server.stop();
    const there = connectMongo({ url: server.url, database: 'test', timeoutMs: 300 });
    await expect(there).rejects.toBeInstanceOf(MongoUnavailable);
  });

  it.each(['http://user:secret@host', 'mongodb://user:secret@host/?nonsense=1', ''])(
    'does not quote an unusable URL',
    async (url) => {
      const error: unknown = await connectMongo({ url, database: 'test' }).catch((failure: unknown) => failure);
      expect(error).toBeInstanceOf(MongoUrlUnusable);
      expect(String((error as Error).stack)).not.toContain('secret');
    },
  );
});
