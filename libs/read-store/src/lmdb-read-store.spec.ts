import { randomBytes } from 'node:crypto';
import { positionOf } from '@souk/event-sourcing';
import { temporaryFolder } from '@souk/event-sourcing/testing';
import { readStoreContract } from '@souk/read-store/testing';
import { openEnvironment } from '@souk/lmdb';
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
