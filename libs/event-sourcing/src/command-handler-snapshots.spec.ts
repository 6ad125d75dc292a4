import {
  type Aggregate,
  assertNothingPersonal,
  type CommandContext,
  CommandHandler,
  derivedUuid,
  type DomainEvent,
  type EventStore,
  type PointInHistory,
  type ReadStreamOptions,
  RevisionMismatch,
  type Snapshot,
  SnapshotStore,
} from '@souk/event-sourcing';
import { collect, temporaryFolder } from '@souk/event-sourcing/testing';
import { LmdbEventStore } from '@souk/event-store';
import { LmdbReadStore } from '@souk/read-store';
import fc from 'fast-check';

type Put = DomainEvent<'Put', { key: string; value: number }>;
type Shelf = ReadonlyMap<string, number>;

/** Puts things on a shelf; the more things, the more events. */
const shelf = {
  category: 'shelf',
  eventTypes: { Put: {} },
  initial: new Map<string, number>(),
  snapshots: { version: 1, every: 5 },
  tenants: () => [],
  evolve: (state, { data }) => new Map(state).set(data.key, data.value),
  decide: (things) => Object.entries(things).map(([key, value]) => ({ type: 'Put', data: { key, value } })),
} satisfies Aggregate<Shelf, Record<string, number>, Put>;

/** A store of snapshots that can be made to fail and to hang, and that tells what was asked. */
class Watched extends SnapshotStore {
  failing = false;
  hanging: Promise<void> = Promise.resolve();
  found: Snapshot[] = [];
  putting: number[] = [];
  constructor(private readonly inner: SnapshotStore) {
    super();
  }
  override async newest(stream: string, version: string, upTo: PointInHistory) {
    if (this.failing) throw new Error('no snapshots today');
    const snapshot = await this.inner.newest(stream, version, upTo);
    if (snapshot) this.found.push(snapshot);
    return snapshot;
  }
  override async put(stream: string, version: string, snapshot: Snapshot, commands: ReadonlyMap<string, number>) {
    this.putting.push(snapshot.revision);
    await this.hanging;
    if (this.failing) throw new Error('no snapshots today');
    await this.inner.put(stream, version, snapshot, commands);
  }
  override async revisionOf(stream: string, commandId: string) {
    if (this.failing) throw new Error('no snapshots today');
    return this.inner.revisionOf(stream, commandId);
  }
}

const call = (commandId: string, more: Partial<CommandContext> = {}): CommandContext => ({
  commandId,
  correlationId: 'correlation',
  causationId: 'request',
  actor: { kind: 'user', id: 'usr_1' },
  ...more,
});

describe('The command handler, with snapshots', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let store: LmdbEventStore;
  let reads: LmdbReadStore;
  let snapshots: Watched;
  let troubles: unknown[];
  let commands: CommandHandler;
  let withoutSnapshots: CommandHandler;

  const begin = async () => {
    folder = temporaryFolder();
    store = await LmdbEventStore.open({ directory: `${folder.path}/events` });
    reads = await LmdbReadStore.open({ directory: `${folder.path}/reads`, signingKey: Buffer.alloc(32, 7) });
    snapshots = new Watched(reads.snapshots);
    troubles = [];
    commands = new CommandHandler(store, { store: snapshots, onTrouble: (error) => troubles.push(error) });
    withoutSnapshots = new CommandHandler(store);
  };
  const end = async () => {
    await commands.idle();
    await Promise.all([store.close(), reads.close()]);
    folder.remove();
  };
  beforeEach(begin);
  afterEach(end);

  const put = (things: Record<string, number>, commandId: string, more?: Partial<CommandContext>) =>
    commands.handle(shelf, 'a', things, call(commandId, more));
  /** One thing in each of that many commands, `c0`, `c1` … */
  const putMany = async (count: number, from = 0) => {
    for (let i = from; i < from + count; i++) {
      await put({ [`k${i}`]: i }, `c${i}`);
      await commands.idle();
    }
  };
  /** What was read of the stream while this ran: first revision, and how many. */
  const readsOf = async (stream: EventStore, what: () => Promise<unknown>): Promise<ReadStreamOptions[]> => {
    const readStream = jest.spyOn(stream, 'readStream');
    await what();
    const options = readStream.mock.calls.map(([, asked]) => asked ?? {});
    readStream.mockRestore();
    return options;
  };

  it('leaves one behind whenever it had to read many events, and reads on from there', async () => {
    await putMany(23);
    expect(snapshots.putting).toEqual([4, 9, 14, 19]);
    expect(await readsOf(store, () => commands.load(shelf, 'a'))).toEqual([{ from: 19 }]);
    expect(await commands.load(shelf, 'a')).toEqual(await withoutSnapshots.load(shelf, 'a'));
  });

  it('leaves none of an aggregate that does not want them', async () => {
    const { snapshots: _, ...plain } = shelf;
    for (let i = 0; i < 12; i++) await commands.handle(plain, 'a', { k: i }, call(`c${i}`));
    await commands.idle();
    expect(snapshots.putting).toEqual([]);
  });

  it('takes fewer of a state that is as large as its stream', async () => {
    const big = { ...shelf, snapshots: { version: 1, every: 1 } };
    for (let i = 0; i < 60; i++) {
      await commands.handle(big, 'a', { ['x'.repeat(500) + `${i}`]: i }, call(`c${i}`));
      await commands.idle();
    }
    expect(snapshots.putting.length).toBeLessThan(8);
    expect(snapshots.putting.length).toBeGreaterThan(2);
  });

  it('keeps no state of more than 200,000 characters, and does not try again with every command', async () => {
    let packed = 0;
    const pack = (state: Shelf) => (packed++, { state, filling: 'x'.repeat(200_000) });
    const huge = {
      ...shelf,
      snapshots: { version: 1, every: 5, form: { pack, unpack: ({ state }: { state: Shelf }) => state } },
    };
    for (let i = 0; i < 30; i++) {
      await commands.handle(huge, 'a', { k: i }, call(`c${i}`));
      await commands.idle();
    }
    expect(snapshots.putting).toEqual([]);
    // At revisions 4, 8 and 16.
    expect(packed).toBe(3);
    expect(troubles).toEqual([]);
  });

  it('goes on while one is being written, and writes one at a time', async () => {
    let release: () => void;
    snapshots.hanging = new Promise((resolve) => (release = resolve));
    for (let i = 0; i < 23; i++) await put({ k: i }, `c${i}`);
    expect(snapshots.putting).toHaveLength(1);
    release!();
    await commands.idle();
    expect(snapshots.putting).toHaveLength(2);
    expect((await commands.load(shelf, 'a')).state).toEqual(new Map([['k', 22]]));
    expect(snapshots.found.at(-1)?.revision).toBe(snapshots.putting.at(-1));
  });

  it('answers a repeated command with its original events, before and after a snapshot, also over several events', async () => {
    const first = await put({ a: 1, b: 2, c: 3 }, 'first');
    await putMany(20);
    const recent = await put({ z: 1, y: 2 }, 'recent');
    expect(await put({ other: 1 }, 'first')).toMatchObject({ revision: 24, events: first.events, position: first.position });
    expect(await put({ other: 1 }, 'recent')).toMatchObject({ events: recent.events, position: recent.position });
    expect(snapshots.found.at(-1)?.revision).toBeGreaterThan(15);
    expect((await commands.load(shelf, 'a')).revision).toBe(24);
  });

  it('refuses a caller who has seen another revision, but not the repeat of what succeeded', async () => {
    await putMany(12);
    await expect(put({ a: 1 }, 'late', { ifMatch: 10 })).rejects.toThrow(RevisionMismatch);
    expect((await put({ a: 1 }, 'c3', { ifMatch: 2 })).events).toHaveLength(1);
  });

  it('does without a store of snapshots that fails, says so once, and finds every command', async () => {
    await putMany(12);
    snapshots.failing = true;
    const again = await put({ other: 1 }, 'c2');
    expect(again.events.map(({ event }) => event.data)).toEqual([{ key: 'k2', value: 2 }]);
    expect((await put({ z: 1 }, 'new')).revision).toBe(12);
    await commands.idle();
    for (let i = 0; i < 3; i++) await commands.load(shelf, 'a');
    await commands.idle();
    // One of reading, one of writing.
    expect(troubles).toHaveLength(2);
    snapshots.failing = false;
    await commands.load(shelf, 'a');
    await commands.idle();
    snapshots.failing = true;
    await commands.load(shelf, 'a');
    expect(troubles).toHaveLength(3);
  });

  it('finds a command though the store of snapshots fails between two questions', async () => {
    await putMany(12);
    jest.spyOn(snapshots, 'revisionOf').mockRejectedValueOnce(new Error('gone'));
    expect((await put({ other: 1 }, 'c2')).events).toHaveLength(1);
    jest.spyOn(snapshots, 'revisionOf').mockResolvedValueOnce(7);
    expect((await put({ other: 1 }, 'c2')).events[0]).toMatchObject({ revision: 2 });
    expect((await commands.load(shelf, 'a')).revision).toBe(11);
  });

  describe('reads from the start where a snapshot', () => {
    const version = '1';
    const forged = new Map([['forged', 1]]);
    const spoil = async (change: (snapshot: Snapshot) => Snapshot) => {
      await putMany(12);
      const genuine = (await reads.snapshots.newest('shelf-a', version, {}))!;
      await reads.snapshots.put('shelf-a', version, change(genuine), new Map());
    };
    const state = JSON.stringify({ $map: [...forged] });

    it('is genuine (then not)', async () => {
      await spoil((genuine) => ({ ...genuine, state }));
      expect((await commands.load(shelf, 'a')).state.has('forged')).toBe(true);
    });

    it.each<[string, (genuine: Snapshot) => Snapshot]>([
      ['is of another event', (genuine) => ({ ...genuine, state, eventId: derivedUuid('other') })],
      ['is of another place in the store', (genuine) => ({ ...genuine, state, position: 'elsewher-01' as never })],
      ['is of another time', (genuine) => ({ ...genuine, state, recordedAt: new Date(0).toISOString() })],
      ['is of a revision that the stream does not have', (genuine) => ({ ...genuine, state, revision: 99 })],
      ['is no JSON', (genuine) => ({ ...genuine, state: '{"$map":' })],
      ['is no state', (genuine) => ({ ...genuine, state: '{"$map":7}' })],
    ])('%s', async (_, change) => {
      await spoil(change);
      expect(await commands.load(shelf, 'a')).toEqual(await withoutSnapshots.load(shelf, 'a'));
      expect((await put({ other: 1 }, 'c2')).events).toHaveLength(1);
    });

    it.each([
      ['is of another version of evolve', { ...shelf, snapshots: { version: 2, every: 5 } }],
      ['was taken before an event type was upcast', { ...shelf, eventTypes: { Put: { upcasters: [(data: object) => data] } } }],
    ])('%s', async (_, changed) => {
      await spoil((genuine) => ({ ...genuine, state }));
      expect(await commands.load(changed, 'a')).toEqual(await withoutSnapshots.load(shelf, 'a'));
    });
  });

  it('takes no snapshot of one store for the stream of another, though the same commands came there', async () => {
    await putMany(12);
    const other = await LmdbEventStore.open({ directory: `${folder.path}/other` });
    const elsewhere = new CommandHandler(other, { store: snapshots });
    for (let i = 0; i < 12; i++) await elsewhere.handle(shelf, 'a', { [`k${i}`]: i + 100 }, call(`c${i}`));
    expect((await elsewhere.load(shelf, 'a')).state).toEqual(new Map(Array.from({ length: 12 }, (_, i) => [`k${i}`, i + 100])));
    await elsewhere.idle();
    await other.close();
  });

  it('leaves no snapshot in the middle of a command', async () => {
    await put(Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`k${i}`, i])), 'many');
    for (const revision of [7, 18, 19]) await commands.load(shelf, 'a', { revision });
    await commands.idle();
    expect(snapshots.putting).toEqual([19]);
    expect((await put({ other: 1 }, 'many')).events).toHaveLength(20);
  });

  it('answers any point of any history as without snapshots', async () => {
    const step = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), fc.nat(), { maxKeys: 4 });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.array(fc.nat(60), { maxLength: 10 }), async (steps, points) => {
        await end();
        await begin();
        for (const [i, things] of steps.entries()) {
          await put(things, `c${i}`);
          if (i % 3 === 0) await commands.idle();
        }
        const events = await collect(store.readStream('shelf-a'));
        const times = events.filter((_, i) => points.includes(i)).map(({ recordedAt }) => recordedAt);
        const pointsInHistory = [{}, ...points.map((revision) => ({ revision })), ...times.map((time) => ({ time }))];
        for (const upTo of pointsInHistory) {
          expect(await commands.load(shelf, 'a', upTo)).toEqual(await withoutSnapshots.load(shelf, 'a', upTo));
          await commands.idle();
        }
        for (const [i, things] of steps.entries()) {
          const again = await put({}, `c${i}`);
          expect(again.events.map(({ event }) => [event.data.key, event.data.value])).toEqual(Object.entries(things));
        }
      }),
      { numRuns: 8 },
    );
  });

  it('are refused to an aggregate with personal fields', async () => {
    const personal = { fields: ['key' as const], tenant: () => 'ten_1' };
    const person = { ...shelf, eventTypes: { Put: { personal } } };
    expect(() => assertNothingPersonal(person)).toThrow(TypeError);
    await expect(commands.load(person, 'a')).rejects.toThrow(TypeError);
    expect(() => assertNothingPersonal(shelf)).not.toThrow();
    const { snapshots: _, ...without } = person;
    expect(() => assertNothingPersonal(without)).not.toThrow();
  });
});
