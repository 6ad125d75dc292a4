import { randomBytes } from 'node:crypto';
import { positionOf } from '@souk/event-sourcing';
import { temporaryFolder } from '@souk/event-sourcing/testing';
import { readStoreContract } from '@souk/read-store/testing';
import { type LmdbEnvironment, openEnvironment } from '@souk/lmdb';
import { LmdbReadStore, UnindexableDocument } from '.';
import { openTables } from './collection-tables';

readStoreContract('LmdbReadStore', async () => {
  const folder = temporaryFolder();
  const signingKey = randomBytes(32);
  let store = await LmdbReadStore.open({ directory: folder.path, signingKey });
  return {
    get store() {
      return store;
    },
    reopen: async () => {
      await store.close();
      store = await LmdbReadStore.open({ directory: folder.path, signingKey });
      return store;
    },
    destroy: async () => {
      await store.close();
      folder.remove();
    },
  };
});

describe('LmdbReadStore', () => {
  const signingKey = randomBytes(32);
  const spec = { name: 'things', version: 1, indexes: { byColour: ['colour'] } };
  const at = (ordinal: number) => positionOf('lmdbtest', ordinal);
  let folder: ReturnType<typeof temporaryFolder>;
  let store: LmdbReadStore;

  beforeEach(async () => {
    folder = temporaryFolder();
    store = await LmdbReadStore.open({ directory: folder.path, signingKey });
  });
  afterEach(async () => {
    await store.close();
    folder.remove();
  });

  /** Closes the store and says how much lies in its tables. */
  const counts = async () => {
    await store.close();
    const environment = await openEnvironment(folder.path);
    const { documents, entries, tombstones, dropped } = openTables(environment);
    const found = [documents, entries, tombstones, dropped].map((table) => table.count());
    await environment.close();
    return found;
  };
  /** The environment of a collection, and how to wait until it removes no tombstones any more. */
  const watched = (collection: object) => {
    const inner = collection as {
      readonly tables: { readonly environment: LmdbEnvironment };
      readonly sweeping: boolean;
      readonly writes: Promise<void>;
    };
    const sweeps = async () => {
      do await inner.writes;
      while (inner.sweeping);
    };
    return { environment: inner.tables.environment, sweeps };
  };
  const fill = (count: number) =>
    store.open(spec).commit(
      Array.from({ length: count }, (_, n) => ({ id: `${n}`, doc: { colour: n % 3 }, position: at(n + 1) })),
      at(count),
    );

  it('takes no signing key of less than 32 bytes', async () => {
    await expect(LmdbReadStore.open({ directory: `${folder.path}/other`, signingKey: randomBytes(31) })).rejects.toBeInstanceOf(
      RangeError,
    );
  });

  it('removes the data of an old version in the background', async () => {
    await fill(1700);
    await store.close();
    store = await LmdbReadStore.open({ directory: folder.path, signingKey });
    const next = store.open({ ...spec, version: 2 });
    await next.commit([{ id: 'new', doc: { colour: 1 }, position: at(1) }], at(1));
    const environment = (store as unknown as { dropped: { working?: Promise<void> } }).dropped;
    while (environment.working) await environment.working;
    expect(await counts()).toEqual([1, 1, 0, 0]);
  });

  it('removes the data of a generation that was replaced, and of one that was half built', async () => {
    await fill(700);
    const position = at(700);
    const generation = await store.open(spec).startGeneration();
    await generation.commit([{ id: 'new', doc: { colour: 1 }, position }], position);
    await generation.serve();
    const halfBuilt = await store.open(spec).startGeneration();
    await halfBuilt.commit([{ id: 'lost', doc: { colour: 1 }, position }], position);
    await store.close();
    store = await LmdbReadStore.open({ directory: folder.path, signingKey });
    const { dropped } = store as unknown as { dropped: { working?: Promise<void> } };
    while (dropped.working) await dropped.working;
    expect(await counts()).toEqual([1, 1, 0, 0]);
  });

  it('goes on removing at the next start, when it was closed in between', async () => {
    await fill(1700);
    await store.open(spec).clear();
    await store.close();
    store = await LmdbReadStore.open({ directory: folder.path, signingKey });
    await fill(2);
    const { dropped } = store as unknown as { dropped: { working?: Promise<void> } };
    while (dropped.working) await dropped.working;
    expect(await counts()).toEqual([2, 2, 0, 0]);
  });

  it('builds a collection anew when its indexes are others, though the version is the same', async () => {
    await fill(3);
    await store.close();
    store = await LmdbReadStore.open({ directory: folder.path, signingKey });
    const collection = store.open({ ...spec, indexes: { byColour: ['colour'], bySize: ['size'] } });
    expect(await collection.checkpoint()).toBeUndefined();
  });

  it('leaves no entry and no tombstone of what was deleted', async () => {
    await fill(3);
    const changes = ['0', '1', '2'].map((id) => ({ id, doc: undefined, position: at(4) }));
    await store.open(spec).commit(changes, at(4));
    expect(await counts()).toEqual([0, 0, 0, 0]);
  });

  it.each(['a collection', 'a generation that serves at last'])(
    'removes passed tombstones of %s some at a time, and all of them in the end',
    async (which) => {
      const collection = store.open(spec);
      const { environment, sweeps } = watched(collection);
      const writer = which === 'a collection' ? collection : await collection.startGeneration();
      const ids = Array.from({ length: 2300 }, (_, n) => `${n}`);
      for (let n = 0; n < ids.length; n += 500) {
        const changes = ids.slice(n, n + 500).map((id, i) => ({ id, doc: undefined, position: at(n + i + 1) }));
        await writer.commit(changes, at(0));
      }
      const sizes = jest.spyOn(environment, 'writeBlind');
      await writer.commit([{ id: 'last', doc: { colour: 1 }, position: at(2301) }], at(2301));
      if ('serve' in writer) await writer.serve();
      await sweeps();
      // Of each tombstone, itself and the place of its document.
      const keys = sizes.mock.calls.map(([, size]) => size.keys);
      expect(Math.max(...keys)).toBeLessThanOrEqual(2 * 250 + 2);
      expect(keys.reduce((sum, one) => sum + one)).toBe(2 * 2300 + 2);
      expect(await collection.get('last')).toEqual({ colour: 1 });
      const { dropped } = store as unknown as { dropped: { working?: Promise<void> } };
      while (dropped.working) await dropped.working;
      expect(await counts()).toEqual([1, 1, 0, 0]);
    },
  );

  it('takes an old event for none while its tombstone waits to be removed, and after that', async () => {
    const collection = store.open(spec);
    const { sweeps } = watched(collection);
    const ids = Array.from({ length: 700 }, (_, n) => `${n}`);
    const deletes = ids.map((id, n) => ({ id, doc: undefined, position: at(1000 + n) }));
    await collection.commit(deletes, at(0));
    const late = ids.map((id) => ({ id, doc: { colour: 1 }, position: at(5) }));
    const [, again] = await Promise.all([collection.commit([], at(2000)), collection.commit(late, at(2000)), sweeps()]);
    expect(again).toBeUndefined();
    await collection.commit(late, at(2000));
    expect(await counts()).toEqual([0, 0, 0, 0]);
  });

  it('keeps no more claims than are in force, and some', async () => {
    for (let n = 0; n < 40; n++) await store.claim(`over/${n}`, -1);
    await store.claim('in-force', 60_000);
    await store.close();
    const environment = await openEnvironment(folder.path);
    for (const name of ['claims', 'claim-ends']) {
      const keys = [...environment.openTable<string, unknown>(name, { encoding: 'json' }).keys()];
      expect(keys).toHaveLength(1);
    }
    await environment.close();
  });

  it('writes nothing of a commit with a document that it cannot index', async () => {
    const collection = store.open(spec);
    const good = { id: 'good', doc: { colour: 1 }, position: at(1) };
    for (const bad of [
      { id: 'bad', doc: { colour: { red: 1 } }, position: at(2) },
      { id: 'x'.repeat(600), doc: {}, position: at(2) },
    ])
      await expect(collection.commit([good, bad], at(2))).rejects.toBeInstanceOf(UnindexableDocument);
    expect(await collection.get('good')).toBeUndefined();
    expect(await collection.checkpoint()).toBeUndefined();
    await collection.commit([good], at(1));
    expect(await collection.get('good')).toEqual({ colour: 1 });
  });
});
