import { connectMongo, type MongoConnection, type MongoDatabase } from '@souk/mongo';
import { Child } from '@souk/event-sourcing/testing';
import { join } from 'node:path';
import { mongoServers, temporaryDatabase } from '.';

interface Thing {
  readonly _id: string | number;
  readonly [field: string]: unknown;
}

/** What Souk asks of MongoDB, on the stand-in and, where there is one, on a real server: so that the one stands for the other. */
describe.each(mongoServers().map((server) => ({ name: server.name, server })))('MongoDB ($name)', ({ server }) => {
  let database: Awaited<ReturnType<typeof temporaryDatabase>>;
  let connection: MongoConnection;
  beforeAll(() => server.url(), 120_000);
  beforeEach(async () => {
    database = await temporaryDatabase(await server.url());
    connection = await database.connect();
  });
  afterEach(async () => {
    await connection.close();
    await database.remove();
  });
  afterAll(() => server.stop());

  const things = (db: MongoDatabase) => db.collection<Thing>('things');
  const insert = (...documents: readonly Thing[]) => connection.run((db) => things(db).insertMany([...documents]));
  const find = (filter: object, sort: object = { _id: 1 }, limit = 0) =>
    connection.run((db) =>
      things(db)
        .find(filter, { sort: { ...sort }, limit })
        .toArray(),
    );
  const ids = async (filter: object, sort?: object, limit?: number) => (await find(filter, sort, limit)).map(({ _id }) => _id);
  const update = (filter: object, change: object, upsert = false) =>
    connection.run((db) => things(db).updateOne(filter, change, { upsert }));

  it('orders ids by their bytes in UTF-8, and takes any characters in them', async () => {
    const inOrder = ['', '\0', '\0\0', '\x01', 'A', 'a', 'a\0', 'aa', '\x7f', '\x80', 'ÿ', '狮', '\uffee', '🦁'];
    await insert(...[...inOrder].reverse().map((_id) => ({ _id })));
    expect(await ids({})).toEqual(inOrder);
    expect(await ids({}, { _id: -1 })).toEqual([...inOrder].reverse());
    expect(await ids({ _id: { $gt: 'a', $lte: '狮' } })).toEqual(inOrder.slice(6, 12));
    expect(await ids({ _id: { $gte: 'a', $lt: '狮' } }, { _id: -1 }, 2)).toEqual(['ÿ', '\x80']);
    expect(await ids({ _id: { $in: ['🦁', 'a', 'nobody'] } })).toEqual(['a', '🦁']);
  });

  it('answers more than fits into one message in several', async () => {
    const text = 'x'.repeat(3 << 20);
    for (let n = 0; n < 7; n++) await insert({ _id: n, text });
    await insert(...Array.from({ length: 500 }, (_, n) => ({ _id: n + 7 })));
    expect(await ids({})).toEqual(Array.from({ length: 507 }, (_, n) => n));
  });

  it('takes conditions on other fields', async () => {
    await insert({ _id: 1, a: 1, at: 'x1' }, { _id: 2, a: 2, at: 'x2', gone: true }, { _id: 3, b: { c: 3 } });
    expect(await ids({ at: { $lt: 'x2' } })).toEqual([1]);
    expect(await ids({ gone: { $exists: false } })).toEqual([1, 3]);
    expect(await ids({ $or: [{ a: { $exists: false } }, { a: { $lt: 2 } }] })).toEqual([1, 3]);
    expect(await ids({ 'b.c': 3 })).toEqual([3]);
    expect(await ids({ a: { $ne: 1 } })).toEqual([2, 3]);
  });

  it('updates what fulfils the condition, and says whether there was anything', async () => {
    await insert({ _id: 1, n: 1, inner: { a: 1 }, list: [{ n: 1 }] });
    expect(await update({ _id: 1, n: 2 }, { $set: { n: 3 } })).toMatchObject({ matchedCount: 0, modifiedCount: 0 });
    const change = { $set: { 'inner.b': 2 }, $unset: { 'inner.a': '' }, $inc: { n: 4 }, $push: { list: { n: 2 } } };
    expect(await update({ _id: 1, n: 1 }, change)).toMatchObject({ matchedCount: 1, modifiedCount: 1 });
    expect(await find({})).toEqual([{ _id: 1, n: 5, inner: { b: 2 }, list: [{ n: 1 }, { n: 2 }] }]);
    expect(await update({ _id: 1 }, { $pull: { list: { n: 1 } }, $max: { n: 4 } })).toMatchObject({ modifiedCount: 1 });
    expect(await update({ _id: 1 }, { $set: { n: 5 } })).toMatchObject({ matchedCount: 1, modifiedCount: 0 });
    await update({ _id: 1 }, { $max: { n: 6, fresh: 'a' }, $currentDate: { at: true } });
    expect(await find({})).toEqual([
      { _id: 1, n: 6, inner: { b: 2 }, list: [{ n: 2 }], fresh: 'a', at: expect.any(Date) as Date },
    ]);
  });

  it('makes what is not there of the condition and the update, unless its id is taken', async () => {
    const upserted = await update({ _id: 'a', n: { $lt: 5 } }, { $set: { n: 5 }, $setOnInsert: { made: true } }, true);
    expect(upserted).toMatchObject({ matchedCount: 0, upsertedCount: 1, upsertedId: 'a' });
    expect(await find({})).toEqual([{ _id: 'a', n: 5, made: true }]);
    await expect(update({ _id: 'a', n: { $lt: 5 } }, { $set: { n: 6 } }, true)).rejects.toMatchObject({ code: 11000 });
    await connection.run((db) => things(db).replaceOne({ _id: 'b' }, { n: 7 }, { upsert: true }));
    await connection.run((db) => things(db).replaceOne({ _id: 'a' }, { other: 1 }));
    expect(await find({})).toEqual([
      { _id: 'a', other: 1 },
      { _id: 'b', n: 7 },
    ]);
  });

  it('deletes, counts, lists and drops', async () => {
    await insert({ _id: 1, a: 1 }, { _id: 2, a: 1 }, { _id: 3, a: 2 });
    expect(await connection.run((db) => things(db).countDocuments({ a: 1 }))).toBe(2);
    expect(await connection.run((db) => things(db).deleteOne({ a: 1 }))).toMatchObject({ deletedCount: 1 });
    expect(await connection.run((db) => things(db).deleteMany({ a: { $gte: 1 } }))).toMatchObject({ deletedCount: 2 });
    await connection.run((db) => things(db).createIndex({ at: 1 }, { name: 'at', expireAfterSeconds: 0 }, {}));
    const indexes = await connection.run((db) => things(db).listIndexes().toArray());
    expect(indexes).toMatchObject([
      { name: '_id_', key: { _id: 1 } },
      { name: 'at', key: { at: 1 }, expireAfterSeconds: 0 },
    ]);
    const names = () => connection.run((db) => db.listCollections({}, { nameOnly: true }).toArray());
    expect((await names()).map(({ name }) => name)).toEqual(['things']);
    await connection.run((db) => db.dropCollection('things'));
    await connection.run((db) => db.dropCollection('never there').catch(() => false));
    expect(await names()).toEqual([]);
  });

  it('says that it does not know a command', async () => {
    await expect(connection.run((db) => db.command({ flyToTheMoon: 1 }))).rejects.toMatchObject({
      code: 59,
      codeName: 'CommandNotFound',
    });
  });
});

describe('the stand-in as a process', () => {
  it('says what it is, serves, and ends when it is told to', async () => {
    const child = new Child(join(__dirname, 'main.ts'), { args: ['--port', '0'] });
    await child.line('This is a stand-in for MongoDB');
    const url = (await child.line('listening on ')).slice('listening on '.length);
    const connection = await connectMongo({ url, database: 'test' });
    await connection.run((db) => db.collection('things').insertOne({ a: 1 }));
    expect(await connection.run((db) => db.collection('things').findOne())).toMatchObject({ a: 1 });
    await connection.close();
    process.kill(child.pid, 'SIGTERM');
    await child.end();
  });
});
