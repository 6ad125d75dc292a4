import { setTimeout as after } from 'node:timers/promises';
import { alwaysActive, type Document, positionOf } from '@souk/event-sourcing';
import { Child, temporaryFolder } from '@souk/event-sourcing/testing';
import { LmdbEventStore } from '@souk/event-store';
import { connectMongo, type MongoConnection, MongoUnavailable } from '@souk/mongo';
import { type Fate, type MongoStandIn, startMongoStandIn } from '@souk/mongo/testing';
import { join } from 'node:path';
import { balances, closed, moved, opened, toAppend } from '../../test/accounts';
import { GenerationGone, LmdbReadStore, MAX_PAGE_BYTES, ProjectionRunner, UnindexableDocument } from '..';
import { CollectionRecords, KEEP_DROPPED_MS } from './collection-records';
import { type MongoReadStore, openMongoReadStore } from './mongo-read-store';

interface Thing {
  readonly colour: unknown;
  readonly [name: string]: unknown;
}

const signingKey = Buffer.alloc(32, 7);
const spec = { name: 'things', version: 1, indexes: { byColour: ['colour'] } };
const at = (ordinal: number) => positionOf('mongotest', ordinal);
const change = (id: string, doc: Thing | undefined, ordinal: number) => ({ id, doc, position: at(ordinal) });

describe('MongoReadStore', () => {
  let server: MongoStandIn;
  let stores: MongoReadStore[];
  let connection: MongoConnection;
  beforeEach(async () => {
    server = await startMongoStandIn();
    stores = [];
    connection = await connectMongo({ url: server.url, database: 'reads' });
  });
  afterEach(async () => {
    server.fate = () => 'done';
    await Promise.all(stores.map((store) => store.close()));
    await connection.close();
    await server.close();
  });

  /** The store as one more process has it. */
  const another = async (timeoutMs = 10_000): Promise<MongoReadStore> => {
    const own = await connectMongo({ url: server.url, database: 'reads', timeoutMs });
    const store = await openMongoReadStore({ connection: own, signingKey });
    stores.push(store);
    return store;
  };
  const things = async () => (await another()).open<Thing>(spec);
  const ids = (page: { readonly items: readonly Document[] }) => page.items.map((doc) => (doc as { id: string }).id);
  const names = async () =>
    (await connection.run((db) => db.listCollections().toArray())).map(({ name }) => name).filter((name) => name.includes('.v'));
  const entries = () => connection.run((db) => db.collection(entriesName).find().toArray());
  const documentsName = `${new CollectionRecords(undefined as never, spec).id}.g1`;
  const entriesName = `${documentsName}.entries`;

  /** Holds back the next command of that name to that collection; everything else goes on. */
  const holdNext = (name: string, collection: string) => {
    let release: (fate: Fate) => void = () => undefined;
    const released = new Promise<Fate>((resolve) => (release = resolve));
    const arrived = new Promise<void>((resolve) => {
      let held = false;
      server.fate = (command) => {
        if (held || command.name !== name || command.body[name] !== collection) return 'done';
        held = true;
        resolve();
        return released;
      };
    });
    return { arrived, release };
  };

  it('takes no signing key of less than 32 bytes', async () => {
    await expect(openMongoReadStore({ connection, signingKey: Buffer.alloc(31) })).rejects.toBeInstanceOf(RangeError);
  });

  it('takes cursors of the embedded store, and gives such', async () => {
    const folder = temporaryFolder();
    const embedded = await LmdbReadStore.open({ directory: folder.path, signingKey });
    const both = [embedded.open<Thing>(spec), await things()] as const;
    const changes = ['a', 'b', 'c', 'd'].map((id) => change(id, { id, colour: [id, 'x'] }, 1));
    for (const collection of both) await collection.commit(changes, at(1));
    const cursors = await Promise.all(both.map(async (one) => (await one.query({ index: 'byColour', limit: 2 })).next!));
    expect(cursors[0]).toBe(cursors[1]);
    await embedded.close();
    folder.remove();
  });

  it('shows documents as they are to whoever looks into the database', async () => {
    const collection = await things();
    await collection.commit([change('a', { id: 'a', colour: 'red', size: { width: 2 } }, 1)], at(1));
    const [stored] = await connection.run((db) => db.collection(documentsName).find({ 'doc.size.width': 2 }).toArray());
    expect(stored).toMatchObject({ _id: 'a', position: at(1), doc: { id: 'a', colour: 'red', size: { width: 2 } } });
  });

  it('answers documents as they were committed, whatever is in them', async () => {
    const collection = await things();
    let deep: unknown = 'bottom';
    for (let n = 0; n < 150; n++) deep = [deep];
    const docs: Thing[] = [
      { colour: 1, $ref: '#/definitions/x', $id: 'y' },
      { colour: 1, nested: { 'a.b': 1, $set: 2 } },
      { colour: 1, text: 'a\0b', 'na\0me': 1 },
      { colour: 1, deep },
      JSON.parse('{ "colour": 1, "__proto__": { "x": 1 } }') as Thing,
      { colour: 1, 10: 'ten', 2: 'two', z: 1, a: -0 },
      { colour: 1, left: undefined, big: 2 ** 53, small: 1e-300, list: [undefined, NaN] },
    ];
    await collection.commit(
      docs.map((doc, n) => change(`${n}`, doc, 1)),
      at(1),
    );
    for (const [n, doc] of docs.entries()) expect(JSON.stringify(await collection.get(`${n}`))).toBe(JSON.stringify(doc));
  });

  it('writes nothing of a commit with a document that it cannot index, or that is too large', async () => {
    const collection = await things();
    for (const bad of [
      change('bad', { colour: { red: 1 } }, 2),
      change('x'.repeat(600), { colour: 1 }, 2),
      change('large', { colour: 1, text: 'x'.repeat(13 << 20) }, 2),
    ])
      await expect(collection.commit([change('good', { colour: 1 }, 1), bad], at(2))).rejects.toBeInstanceOf(UnindexableDocument);
    expect(await collection.get('good')).toBeUndefined();
    expect(await collection.checkpoint()).toBeUndefined();
  });

  it('ends a page by the size of its documents, before it has read many of them', async () => {
    const collection = await things();
    const text = 'x'.repeat(MAX_PAGE_BYTES / 2);
    for (let n = 0; n < 6; n++) await collection.commit([change(`${n}`, { id: `${n}`, colour: 1, text }, n + 1)], at(n + 1));
    expect((await collection.query({ index: 'byColour', limit: 500 })).items).toHaveLength(2);
  });

  describe('where another process writes, too', () => {
    it('takes a late commit of the one before for nothing where there is something newer', async () => {
      const [late, now] = [await things(), await things()];
      await late.commit([change('a', { colour: 'red' }, 1)], at(1));
      const { arrived, release } = holdNext('update', documentsName);
      const commit = late.commit([change('a', { colour: 'blue' }, 2)], at(2));
      await arrived;
      await now.commit([change('a', { colour: 'green' }, 3)], at(3));
      release('done');
      await commit;
      expect(await now.getForUpdate('a')).toEqual({ doc: { colour: 'green' }, position: at(3) });
      expect(await late.checkpoint()).toBe(at(3));
      for (const collection of [late, now]) {
        expect((await collection.query({ index: 'byColour', where: { colour: 'green' } })).items).toHaveLength(1);
        expect((await collection.query({ index: 'byColour' })).items).toHaveLength(1);
      }
    });

    it('makes nothing again that was deleted meanwhile', async () => {
      const [late, now] = [await things(), await things()];
      const { arrived, release } = holdNext('insert', documentsName);
      const commit = late.commit([change('a', { colour: 'red' }, 2)], at(2));
      await arrived;
      await now.commit([change('a', undefined, 3)], at(3));
      release('done');
      await commit;
      expect(await now.get('a')).toBeUndefined();
      expect(await now.query({ index: 'byColour' })).toEqual({ items: [] });
    });

    it('loses no entry of the index to the late end of a commit', async () => {
      const [late, now] = [await things(), await things()];
      await late.commit([change('a', { colour: 'red' }, 1)], at(1));
      const { arrived, release } = holdNext('delete', entriesName);
      const commit = late.commit([change('a', { colour: 'blue' }, 2)], at(2));
      await arrived;
      await now.commit([change('a', { id: 'a', colour: 'red' }, 3)], at(3));
      release('done');
      await commit;
      expect(ids(await now.query({ index: 'byColour', where: { colour: 'red' } }))).toEqual(['a']);
      expect(ids(await now.query({ index: 'byColour' }))).toEqual(['a']);
    });

    it('refuses a commit to documents that another process has replaced', async () => {
      const [late, now] = [await things(), await things()];
      await late.commit([change('a', { colour: 'red' }, 1)], at(1));
      await now.clear();
      await now.commit([change('a', { colour: 'new' }, 1)], at(1));
      await expect(late.commit([change('a', { colour: 'old' }, 2)], at(2))).rejects.toBeInstanceOf(GenerationGone);
      expect([await now.get('a'), await now.checkpoint()]).toEqual([{ colour: 'new' }, at(1)]);
      await late.commit([change('a', { colour: 'next' }, 2)], at(2));
      expect(await now.get('a')).toEqual({ colour: 'next' });
    });

    it('refuses a generation whose place another process has taken', async () => {
      const [late, now] = [await things(), await things()];
      await late.commit([], at(1));
      const generation = await late.startGeneration();
      await now.commit([], at(2));
      await expect(generation.commit([], at(2))).rejects.toBeInstanceOf(GenerationGone);
      await expect(generation.serve()).rejects.toBeInstanceOf(GenerationGone);
    });
  });

  describe('where another process reads', () => {
    it('shows it the new generation soon, and never nothing', async () => {
      const [writer, reader] = [await things(), await things()];
      await writer.commit([change('a', { colour: 'old' }, 1)], at(1));
      const colour = async () => (await reader.query({ index: 'byColour' })).items[0]?.colour;
      expect(await colour()).toBe('old');
      const generation = await writer.startGeneration();
      await generation.commit([change('a', { colour: 'new' }, 1)], at(1));
      await generation.serve();
      for (let seen = await colour(); seen !== 'new'; seen = await colour()) {
        expect(seen).toBe('old');
        await after(20);
      }
      expect(await reader.get('a')).toEqual({ colour: 'new' });
    });

    it('shows a document that moves in the index while its page is read', async () => {
      const [writer, reader] = [await things(), await things()];
      await writer.commit([change('a', { id: 'a', colour: 2 }, 1), change('b', { id: 'b', colour: 3 }, 1)], at(1));
      const { arrived, release } = holdNext('find', documentsName);
      const page = reader.query({ index: 'byColour' });
      await arrived;
      await writer.commit([change('b', { id: 'b', colour: 1 }, 2)], at(2));
      release('done');
      expect(ids(await page)).toEqual(['b', 'a']);
    });
  });

  describe('when it is cut short', () => {
    it.each([
      ['update', entriesName],
      ['insert', documentsName],
      ['update', 'collections'],
    ])(
      'before the %s of %s, says that it is worth trying again, and the same commit again completes it',
      async (name, collection) => {
        const writer = await things();
        await writer.commit([], at(1));
        const { release } = holdNext(name, collection);
        release('lost');
        const changes = [change('a', { id: 'a', colour: 'red' }, 2)];
        const error: unknown = await writer.commit(changes, at(2)).catch((failure: unknown) => failure);
        expect(error).toBeInstanceOf(MongoUnavailable);
        expect(error).toMatchObject({ retryable: true });
        expect(await writer.checkpoint()).toBe(at(1));
        await writer.commit(changes, at(2));
        expect([await writer.getForUpdate('a'), await writer.checkpoint()]).toEqual([
          { doc: { id: 'a', colour: 'red' }, position: at(2) },
          at(2),
        ]);
        expect(ids(await writer.query({ index: 'byColour' }))).toEqual(['a']);
      },
    );

    it('before old entries are gone, does not show them, and removes them when it comes across them', async () => {
      const writer = await things();
      await writer.commit([change('a', { id: 'a', colour: 'red' }, 1)], at(1));
      const { release } = holdNext('delete', entriesName);
      release('lost');
      await expect(writer.commit([change('a', { id: 'a', colour: 'blue' }, 2)], at(2))).rejects.toBeInstanceOf(MongoUnavailable);
      expect(await entries()).toHaveLength(2);
      expect(await writer.query({ index: 'byColour', where: { colour: 'red' } })).toEqual({ items: [] });
      expect(ids(await writer.query({ index: 'byColour' }))).toEqual(['a']);
      while ((await entries()).length > 1) await after(5);
    });
  });

  describe('removes in the end', () => {
    const sweep = (ms: number) => new CollectionRecords(connection, spec).sweep(Date.now() + ms);

    it('generations that were replaced, but not as long as others may read them', async () => {
      const collection = await things();
      await collection.commit([change('a', { colour: 1 }, 1)], at(1));
      const generation = await collection.startGeneration();
      await generation.commit([change('a', { colour: 1 }, 1)], at(1));
      await generation.serve();
      await sweep(0);
      expect(await names()).toContain(documentsName);
      await sweep(2 * KEEP_DROPPED_MS);
      expect((await names()).filter((name) => name.startsWith(documentsName))).toEqual([]);
      expect(await collection.get('a')).toEqual({ colour: 1 });
    });

    it('what a late writer has made again', async () => {
      const collection = await things();
      await collection.commit([change('a', { colour: 1 }, 1)], at(1));
      await collection.clear();
      await sweep(2 * KEEP_DROPPED_MS);
      await connection.run((db) => db.collection<{ _id: string }>(documentsName).insertOne({ _id: 'ghost' }));
      await sweep(3 * KEEP_DROPPED_MS);
      expect(await names()).not.toContain(documentsName);
    });

    it('another version, when nobody has written to it for a day', async () => {
      await (await things()).commit([change('a', { colour: 1 }, 1)], at(1));
      const next = (await another()).open<Thing>({ ...spec, version: 2 });
      await next.commit([change('a', { colour: 2 }, 1)], at(1));
      const records = new CollectionRecords(connection, { ...spec, version: 2 });
      await records.sweep(Date.now() + 60_000);
      expect(await names()).toContain(documentsName);
      await records.sweep(Date.now() + 25 * 60 * 60_000);
      expect(await names()).not.toContain(documentsName);
      expect(await next.get('a')).toEqual({ colour: 2 });
    });

    it('tombstones, a day later', async () => {
      const collection = await things();
      await collection.commit([change('a', { colour: 1 }, 1)], at(1));
      await collection.commit([change('a', undefined, 2)], at(2));
      server.expire(new Date(Date.now() + 60 * 60_000));
      expect(await collection.getForUpdate('a')).toEqual({ doc: undefined, position: at(2) });
      server.expire(new Date(Date.now() + 25 * 60 * 60_000));
      expect(await collection.getForUpdate('a')).toBeUndefined();
    });
  });

  describe('under a ProjectionRunner', () => {
    let folder: ReturnType<typeof temporaryFolder>;
    let events: LmdbEventStore;
    beforeEach(async () => {
      folder = temporaryFolder();
      events = await LmdbEventStore.open({ directory: folder.path });
    });
    afterEach(async () => {
      await events.close();
      folder.remove();
    });
    const append = (account: string, ...happened: Parameters<typeof toAppend>[0][]) =>
      events.append(`account-${account}`, 'any', happened.map(toAppend));

    it('leaves a tombstone also of what came and went between two commits', async () => {
      await append('a', opened('Ada'), closed);
      const store = await another();
      const runner = new ProjectionRunner(events, store, [balances]);
      await runner.start();
      await runner.waitFor(await events.head(), 10_000);
      expect(await store.open(balances).getForUpdate('a')).toMatchObject({ doc: undefined });
      await runner.stop();
    });

    it.each([
      ['alone', alwaysActive],
      ['by lease', { held: () => true, changes: () => () => undefined }],
    ])('folds everything anew where it folds %s and MongoDB has lost its data', async (_how, activity) => {
      await append('a', opened('Ada'));
      await append('b', opened('Bob'));
      const runner = new ProjectionRunner(events, await another(), [balances], { activity });
      await runner.start();
      await runner.waitFor(await events.head(), 10_000);
      const model = runner.readModel(balances);
      for (let n = 1; n <= 2; n++) {
        await connection.run((db) => db.dropDatabase());
        await append('a', moved('b', 1));
        while ((await model.get('b'))?.moves !== n) await after(20);
        expect([await model.get('a'), await model.get('b')]).toMatchObject([
          { owner: 'Ada', amount: -n },
          { owner: 'Bob', amount: n },
        ]);
      }
      await runner.stop();
    });

    it('goes on by itself when MongoDB went away and came back, with every event in once', async () => {
      const runner = new ProjectionRunner(events, await another(2000), [balances]);
      await append('a', opened('Ada'));
      await append('b', opened('Bob'));
      await runner.start();
      for (let n = 0; n < 2; n++) {
        await append('a', ...Array.from({ length: 50 }, () => moved('b', 1)));
        await server.stop();
        await append('a', ...Array.from({ length: 50 }, () => moved('b', 1)));
        while (runner.health()[0]?.status !== 'retrying') await after(5);
        expect(runner.health()[0]?.error).toBeInstanceOf(MongoUnavailable);
        await server.start();
      }
      const head = await events.head();
      await runner.waitFor(head, 30_000);
      const model = runner.readModel(balances);
      expect(await model.get('a')).toMatchObject({ amount: -200, moves: 200 });
      expect((await model.query({ index: 'byOwner', where: { owner: 'Bob' } })).items).toMatchObject([
        { amount: 200, moves: 200 },
      ]);
      await runner.stop();
    }, 60_000);
  });

  it('loads no driver where nobody connects', async () => {
    const child = new Child(join(__dirname, '..', '..', 'test', 'loaded-packages.ts'));
    const line = await child.line('loaded');
    await child.end();
    expect(line).toContain('lmdb');
    expect(line).not.toContain('mongodb');
  });
});
