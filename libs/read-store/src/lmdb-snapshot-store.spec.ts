import { positionOf, type Snapshot } from '@souk/event-sourcing';
import { snapshotStoreContract, temporaryFolder } from '@souk/event-sourcing/testing';
import { openEnvironment } from '@souk/lmdb';
import { LmdbReadStore } from '.';

const signingKey = Buffer.alloc(32, 7);

snapshotStoreContract('LmdbSnapshotStore', async () => {
  const folder = temporaryFolder();
  let reads = await LmdbReadStore.open({ directory: folder.path, signingKey });
  return {
    store: reads.snapshots,
    reopen: async () => {
      await reads.close();
      reads = await LmdbReadStore.open({ directory: folder.path, signingKey });
      return reads.snapshots;
    },
    destroy: async () => {
      await reads.close();
      folder.remove();
    },
  };
});

describe('LmdbSnapshotStore', () => {
  it('answers a snapshot of a stream that it was asked for in vain before', async () => {
    const folder = temporaryFolder();
    const reads = await LmdbReadStore.open({ directory: folder.path, signingKey });
    const snapshot: Snapshot = {
      revision: 3,
      eventId: 'e',
      position: positionOf('lmdbtest', 3),
      recordedAt: new Date(3).toISOString(),
      state: '1',
    };
    expect(await reads.snapshots.newest('app-1', '1', {})).toBeUndefined();
    await reads.snapshots.put('app-1', '1', snapshot, new Map());
    expect(await reads.snapshots.newest('app-1', '1', {})).toEqual(snapshot);
    await reads.close();
    folder.remove();
  });

  it('removes the snapshots of other versions of a stream by and by', async () => {
    const folder = temporaryFolder();
    const reads = await LmdbReadStore.open({ directory: folder.path, signingKey });
    const put = (stream: string, version: string, revision: number) => {
      const recordedAt = new Date(revision).toISOString();
      const snapshot: Snapshot = { revision, eventId: 'e', position: positionOf('lmdbtest', revision), recordedAt, state: '1' };
      return reads.snapshots.put(stream, version, snapshot, new Map());
    };
    for (let revision = 0; revision < 20; revision++) {
      await put('app-1', '1', revision);
      await put('app-2', '1', revision);
    }
    await put('app-1', '2', 20);
    await put('app-1', '2', 21);
    await put('app-1', '1 AppListed.v2', 22);
    await reads.close();

    const environment = await openEnvironment(folder.path);
    for (const table of ['snapshots', 'snapshot-times']) {
      const keys = [...environment.openTable<string[], unknown>(table, { encoding: 'text' }).keys()];
      expect(keys.filter(([stream]) => stream === 'app-1')).toEqual([['app-1', '1 AppListed.v2', 22]]);
      expect(keys.filter(([stream]) => stream === 'app-2')).toHaveLength(20);
    }
    await environment.close();
    folder.remove();
  });
});
