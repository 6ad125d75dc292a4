import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { comparePositions, keysOf, type Position, project } from '@souk/event-sourcing';
import { Child, temporaryFolder } from '@souk/event-sourcing/testing';
import { LmdbEventStore } from '@souk/event-store';
import { connectMongo } from '@souk/mongo';
import { type MongoStandIn, startMongoStandIn } from '@souk/mongo/testing';
import { type AccountEvent, type Balance, balances, closed, moved, opened, toAppend } from '../../test/accounts';
import { LmdbReadStore, ProjectionRunner, rebuildApart } from '..';
import { type MongoReadStore, openMongoReadStore } from './mongo-read-store';
import { recordId } from './stored';

const ACCOUNTS = 30;
const signingKey = randomBytes(32);

describe('read models in MongoDB', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let server: MongoStandIn;
  beforeEach(async () => {
    folder = temporaryFolder();
    server = await startMongoStandIn();
  });
  afterEach(async () => {
    await server.close();
    folder.remove();
  });

  const openEvents = () => LmdbEventStore.open({ directory: join(folder.path, 'events') });
  const openReads = async (): Promise<MongoReadStore> =>
    openMongoReadStore({ connection: await connectMongo({ url: server.url, database: 'reads' }), signingKey });
  const append = (events: LmdbEventStore, account: string, ...happened: AccountEvent[]) =>
    events.append(`account-${account}`, 'any', happened.map(toAppend));

  /** Every version that each document ever had, by the position of the event that made it. */
  const versions = async (events: LmdbEventStore) => {
    const docs = new Map<string, Map<Position, Balance | undefined>>();
    const newest = new Map<string, Balance | undefined>();
    for await (const event of events.readAll()) {
      for (const key of new Set(keysOf(balances, event as never))) {
        const doc = project(balances, newest.get(key), event as never, key);
        newest.set(key, doc);
        docs.set(key, (docs.get(key) ?? new Map<Position, Balance | undefined>()).set(event.position, doc));
      }
    }
    return { docs, newest: new Map([...newest].filter(([, doc]) => doc !== undefined)) };
  };

  it('are whole versions of their documents after a kill -9, no older than what was read, and complete soon after', async () => {
    for (let round = 0; round < 3; round++) {
      const file = join(__dirname, '..', '..', 'test', 'mongo-projector.ts');
      const child = new Child(file, { args: [join(folder.path, 'events'), server.url, `${ACCOUNTS}`] });
      await child.printed(15 + 23 * round);
      await child.kill();
      const seen = child.lines.at(-1)!.slice('seen '.length) as Position;

      const events = await openEvents();
      const reads = await openReads();
      const collection = reads.open<Balance>(balances);
      expect(comparePositions((await collection.checkpoint())!, seen)).toBeGreaterThanOrEqual(0);
      const { docs, newest } = await versions(events);
      for await (const { id, doc, position } of collection.documents()) expect(doc).toEqual(docs.get(id)!.get(position));

      const runner = new ProjectionRunner(events, reads, [balances]);
      await runner.start();
      await runner.waitFor(await events.head(), 10_000);
      for (const index of ['byAmount', 'byOwner']) {
        const { items } = await collection.query({ index, limit: 500 });
        expect(new Map(items.map((doc) => [doc.id, doc]))).toEqual(newest);
      }
      await runner.stop();
      await reads.close();
      await events.close();
    }
  }, 60_000);

  it('are byte by byte those of the embedded store', async () => {
    const events = await openEvents();
    for (let n = 0; n < 40; n++) await append(events, `${n % 9}`, n < 9 ? opened(`owner ${n}`) : moved(`${n % 5}`, n / 3));
    const embedded = await LmdbReadStore.open({ directory: join(folder.path, 'reads'), signingKey });
    const runner = new ProjectionRunner(events, embedded, [balances]);
    await runner.start();
    await runner.waitFor(await events.head(), 10_000);
    await runner.stop();
    const apart = await openReads();
    const compared = await rebuildApart(balances, { eventStore: events, live: embedded, apart });
    expect(compared).toMatchObject({ different: [], documents: 9, digestRebuilt: compared.digest });
    await Promise.all([apart.close(), embedded.close()]);
    await events.close();
  });

  it('are rebuilt while they answer, and found to be other ones where somebody has spoiled them', async () => {
    const events = await openEvents();
    for (let n = 0; n < 300; n++)
      await append(events, `${n % 9}`, n < 9 ? opened('any') : n % 50 === 0 ? closed : moved(`${n % 5}`, 1));
    const connection = await connectMongo({ url: server.url, database: 'reads' });
    const reads = await openMongoReadStore({ connection, signingKey });
    const runner = new ProjectionRunner(events, reads, [balances]);
    await runner.start();
    await runner.waitFor(await events.head(), 10_000);
    const { newest } = await versions(events);
    const [id] = newest.keys();
    await connection.run((db) =>
      db.collection<{ _id: string }>(`${recordId(balances)}.g1`).updateOne({ _id: id! }, { $set: { 'doc.amount': -1 } }),
    );
    expect(await runner.readModel(balances).get(id!)).toMatchObject({ amount: -1 });
    const rebuilt = runner.rebuild('balances', 'request-1');
    await append(events, '3', moved('4', 7));
    expect(await rebuilt.finished).toMatchObject({ status: 'switched', different: 1 });
    await runner.waitFor(await events.head(), 10_000);
    const { items } = await runner.readModel(balances).query({ index: 'byAmount', limit: 500 });
    expect(new Map(items.map((one) => [one.id, one]))).toEqual((await versions(events)).newest);
    await runner.stop();
    await reads.close();
    await events.close();
  });
});
