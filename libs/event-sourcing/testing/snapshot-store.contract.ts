import { positionOf, type Snapshot, type SnapshotStore } from '@souk/event-sourcing';

/** A store of snapshots to try the laws on. */
export interface SnapshotStoreFixture {
  readonly store: SnapshotStore;
  /** Closes the store and opens it again on the same data. */
  reopen(): Promise<SnapshotStore>;
  /** Closes it and removes all traces. */
  destroy(): Promise<void>;
}

/** Taken every second, one revision in each. */
function snapshotAt(revision: number, state = `{"at":${revision}}`): Snapshot {
  return {
    revision,
    eventId: `event ${revision}`,
    position: positionOf('contract', 3 * revision),
    recordedAt: timeOf(revision),
    state,
  };
}

function timeOf(revision: number, milliseconds = 0): string {
  return new Date(Date.UTC(2026, 0, 1) + 1000 * revision + milliseconds).toISOString();
}

const none: ReadonlyMap<string, number> = new Map();

/** The laws of {@link SnapshotStore}. Call within a spec file; `factory` makes an empty store. */
export function snapshotStoreContract(name: string, factory: () => Promise<SnapshotStoreFixture>): void {
  describe(`${name} as a SnapshotStore`, () => {
    let fixture: SnapshotStoreFixture;
    let store: SnapshotStore;
    beforeEach(async () => {
      fixture = await factory();
      store = fixture.store;
    });
    afterEach(() => fixture.destroy());

    const put = async (stream: string, version: string, ...revisions: readonly number[]): Promise<void> => {
      for (const revision of revisions) await store.put(stream, version, snapshotAt(revision), none);
    };

    it('has none of a stream at first, and knows no command', async () => {
      expect(await store.newest('app-1', '1', {})).toBeUndefined();
      expect(await store.newest('app-1', '1', { time: timeOf(0) })).toBeUndefined();
      expect(await store.revisionOf('app-1', 'c1')).toBeUndefined();
    });

    it('answers the newest one at or before a revision or a time', async () => {
      await put('app-1', '1', 100, 9, 20_000);
      const at = async (upTo: Parameters<SnapshotStore['newest']>[2]) => (await store.newest('app-1', '1', upTo))?.revision;
      expect(await at({})).toBe(20_000);
      expect([await at({ revision: 8 }), await at({ revision: 9 }), await at({ revision: 99 })]).toEqual([undefined, 9, 9]);
      expect([await at({ revision: 100 }), await at({ revision: 1e300 })]).toEqual([100, 20_000]);
      expect([await at({ time: timeOf(9, -1) }), await at({ time: timeOf(9) })]).toEqual([undefined, 9]);
      expect([await at({ time: timeOf(99) }), await at({ time: timeOf(100, 1) })]).toEqual([9, 100]);
      expect([await at({ time: timeOf(100), revision: 99 }), await at({ time: timeOf(99), revision: 100 })]).toEqual([9, 9]);
    });

    it('answers it as it was put, also after the store was opened again', async () => {
      const snapshot = snapshotAt(7, '{"text":"line\\nfeed – ✓"}\n ');
      await store.put('app-1', '1', snapshotAt(7), none);
      await store.put('app-1', '1', snapshot, new Map([['c1', 0]]));
      expect(await store.newest('app-1', '1', {})).toEqual(snapshot);
      store = await fixture.reopen();
      expect(await store.newest('app-1', '1', {})).toEqual(snapshot);
      expect(await store.revisionOf('app-1', 'c1')).toBe(0);
    });

    it('keeps streams apart, however alike their names are', async () => {
      const streams = ['app-1', 'app-11', 'app-1 ', 'app-', 'app-1|1', 'äpp-1'];
      for (const [i, stream] of streams.entries()) await store.put(stream, '1', snapshotAt(i), new Map([['c', i]]));
      const found = await Promise.all(streams.map((stream) => store.newest(stream, '1', {})));
      expect(found.map((snapshot) => snapshot?.revision)).toEqual([0, 1, 2, 3, 4, 5]);
      expect(await Promise.all(streams.map((stream) => store.revisionOf(stream, 'c')))).toEqual([0, 1, 2, 3, 4, 5]);
    });

    it('answers none of another version', async () => {
      await put('app-1', '2', 5);
      for (const version of ['1', '3', '2 Listed.v2', '']) expect(await store.newest('app-1', version, {})).toBeUndefined();
      await put('app-1', '2 Listed.v2', 4);
      expect((await store.newest('app-1', '2 Listed.v2', {}))?.revision).toBe(4);
    });

    it('knows the commands of all snapshots of a stream, of whatever version, and none of others', async () => {
      const long = 'x'.repeat(10_000);
      await store.put('app-1', '1', snapshotAt(1199), new Map(Array.from({ length: 1200 }, (_, i) => [`c${i}`, i])));
      await store.put('app-1', '2', snapshotAt(1202), new Map([[long, 1200]]).set('ü', 1201));
      for (const i of [0, 499, 500, 1199]) expect(await store.revisionOf('app-1', `c${i}`)).toBe(i);
      expect([await store.revisionOf('app-1', long), await store.revisionOf('app-1', 'ü')]).toEqual([1200, 1201]);
      expect([await store.revisionOf('app-1', 'c1200'), await store.revisionOf('app-2', 'c1')]).toEqual([undefined, undefined]);
    });
  });
}
