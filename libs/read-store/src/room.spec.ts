import { statSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { positionOf } from '@souk/event-sourcing';
import { temporaryFolder } from '@souk/event-sourcing/testing';
import { LmdbReadStore } from '.';

/** LMDB itself makes the file only as long as its last page: where it is longer, room was made before the write. */
describe('A write finds room in the file that was made before', () => {
  const spec = { name: 'things', version: 1, indexes: { byColour: ['colour'], bySize: ['size'] } };
  const at = (ordinal: number) => positionOf('roomtest', ordinal);
  const things = Array.from({ length: 500 }, (_, n) => ({
    id: randomBytes(8).toString('hex'),
    doc: { colour: n, size: -n, filling: 'x'.repeat(10_000) },
    position: at(n + 1),
  }));

  it.each<[string, (store: LmdbReadStore) => Promise<void>]>([
    ['a commit of a collection', (store) => store.open(spec).commit(things, at(500))],
    [
      'a commit of a generation that is being built',
      async (store) => (await store.open(spec).startGeneration()).commit(things, at(500)),
    ],
    [
      'a snapshot',
      (store) => {
        const recordedAt = new Date(0).toISOString();
        const snapshot = { revision: 1, eventId: 'e', position: at(1), recordedAt, state: 'x'.repeat(4_000_000) };
        return store.snapshots.put('thing-1', '1', snapshot, new Map());
      },
    ],
  ])('%s', async (_, write) => {
    const folder = temporaryFolder();
    const store = await LmdbReadStore.open({ directory: folder.path, signingKey: randomBytes(32) });
    await write(store);
    const { bytes } = store.stats();
    expect(bytes).toBeGreaterThan(4_000_000);
    expect(statSync(`${folder.path}/data.mdb`).size).toBeGreaterThan(bytes);
    await store.close();
    folder.remove();
  });
});
