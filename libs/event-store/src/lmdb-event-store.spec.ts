import { parsePosition, PositionGone, positionOf } from '@souk/event-sourcing';
import { collect, EventRecorder, everything, revisionsOf, sampleEvents, temporaryFolder } from '@souk/event-sourcing/testing';
import { StoreLocked } from '@souk/lmdb';
import { LmdbEventStore } from '.';

describe('LmdbEventStore', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let store: LmdbEventStore;
  const open = async () => (store = await LmdbEventStore.open({ directory: folder.path }));
  beforeEach(() => {
    folder = temporaryFolder();
    return open();
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await store.close();
    folder.remove();
  });

  it('has positions without gaps from 1 on, also beside refused appends', async () => {
    await Promise.allSettled(
      Array.from({ length: 30 }, (_, i) => store.append(`app-${i % 4}`, i % 3 ? 'any' : 'no-stream', sampleEvents(i % 3))),
    );
    const ordinals = (await everything(store)).map(({ position }) => Number(parsePosition(position)?.ordinal));
    expect(ordinals).toEqual(ordinals.map((_, i) => i + 1));
  });

  it('counts what it holds', async () => {
    await store.append('app-1', 'any', sampleEvents(3));
    await store.append('app-2', 'any', sampleEvents(1));
    await store.append('app-1', 'any', sampleEvents(1));
    expect(store.stats()).toMatchObject({ events: 5, streams: 2 });
    expect(store.stats().bytes).toBeGreaterThan(1000);
    await store.close();
    await open();
    expect(store.stats()).toMatchObject({ events: 5, streams: 2 });
  });

  it('makes one object of a new event for all who read it', async () => {
    await store.append('app-1', 'any', sampleEvents(2));
    const [, read] = await collect(store.readStream('app-1'));
    const recorder = new EventRecorder();
    store.subscribe({ after: positionOf(parsePosition(read!.position)!.generation, 1) }, recorder);
    await recorder.until(() => recorder.events.length === 1);
    expect(recorder.events[0]).toBe(read);
    expect((await everything(store))[1]).toBe(read);
    expect((await collect(store.readStream('app-1', { direction: 'backwards' })))[0]).toBe(read);
  });

  it('lets others come in between where many short streams are read', async () => {
    await store.append('app-1', 'any', sampleEvents(1));
    let came = false;
    setImmediate(() => (came = true));
    for (let n = 0; n < 100; n++) await collect(store.readStream('app-1'));
    expect(came).toBe(true);
  });

  it('records times that never go back, whatever the clock does', async () => {
    const clock = jest.spyOn(Date, 'now');
    const real = Date.parse('2026-05-01T12:00:00.000Z');
    for (const minutes of [0, 20, -20, 0, 30]) {
      clock.mockReturnValue(real + minutes * 60_000);
      await store.append('app-1', 'any', sampleEvents(1));
      if (minutes === -20) {
        await store.close();
        await open();
      }
    }
    expect((await everything(store)).map(({ recordedAt }) => recordedAt.slice(11, 16))).toEqual([
      '12:00',
      '12:20',
      '12:20',
      '12:20',
      '12:30',
    ]);
  });

  it('is open in one place at a time', async () => {
    await expect(LmdbEventStore.open({ directory: folder.path })).rejects.toThrow(StoreLocked);
  });

  it('keeps its generation, which another store does not share', async () => {
    const generation = parsePosition(await store.head())?.generation;
    await store.close();
    await open();
    expect(parsePosition(await store.head())?.generation).toBe(generation);
    const other = temporaryFolder();
    const second = await LmdbEventStore.open({ directory: other.path });
    expect(parsePosition(await second.head())?.generation).not.toBe(generation);
    await second.close();
    other.remove();
  });

  it('refuses a position beyond its end: it was restored from an older copy', async () => {
    const { position } = await store.append('app-1', 'any', sampleEvents(1));
    const beyond = positionOf(parsePosition(position)!.generation, 2);
    expect(() => store.parsePosition(beyond)).toThrow(PositionGone);
    await expect(collect(store.readAll({ after: beyond }))).rejects.toThrow(PositionGone);
  });

  it.each(['any', 'stream-exists'] as const)(
    'recognises a repeat at no exact revision (%s) whatever came after it',
    async (expected) => {
      await store.append('app-1', 'no-stream', sampleEvents(1));
      const events = sampleEvents(2);
      const first = await store.append('app-1', expected, events);
      await Promise.all([1, 2, 3].map(() => store.append('app-1', expected, sampleEvents(20))));
      expect(await store.append('app-1', expected, events)).toEqual({ ...first, repeated: true });
      expect(await store.append('app-1', expected, events.toReversed())).toMatchObject({ repeated: false });
    },
  );

  it('recognises the last append of a stream at no exact revision over a restart, and no other', async () => {
    const [earlier, later] = [sampleEvents(2), sampleEvents(2)];
    await store.append('app-1', 'any', earlier);
    const last = await store.append('app-1', 'any', later);
    await store.close();
    await open();
    expect(await store.append('app-1', 'any', later)).toEqual({ ...last, repeated: true });
    expect(await store.append('app-1', 'any', earlier)).toMatchObject({ revision: 5, repeated: false });
  });

  it('shows readers and subscribers an event not before its append is answered for', async () => {
    const recorder = new EventRecorder();
    store.subscribe({}, recorder);
    const appending = store.append('app-1', 'any', sampleEvents(1));
    expect(await everything(store)).toEqual([]);
    expect(recorder.events).toEqual([]);
    await appending;
    expect(await everything(store)).toHaveLength(1);
    await recorder.got(1);
  });

  it('refuses names that are no names, and finds nothing under them', async () => {
    for (const stream of ['', 'x'.repeat(513)]) {
      await expect(store.append(stream, 'any', sampleEvents(1))).rejects.toThrow(TypeError);
      expect(await collect(store.readStream(stream))).toEqual([]);
    }
    await expect(store.append('app-1', 'any', sampleEvents(1, { type: 'x'.repeat(256) }))).rejects.toThrow(TypeError);
    await store.append('x'.repeat(512), 'any', sampleEvents(1, { type: 'x'.repeat(255) }));
    expect(revisionsOf(await collect(store.readStream('x'.repeat(512))))).toEqual([0]);
  });

  it('ends its subscriptions quietly when it is closed, and does nothing more', async () => {
    const recorder = new EventRecorder();
    store.subscribe({}, recorder);
    const appending = store.append('app-1', 'any', sampleEvents(1));
    await store.close();
    await appending;
    expect(recorder.ends).toEqual([]);
    await expect(store.append('app-1', 'any', sampleEvents(1))).rejects.toThrow('closed');
    expect(() => store.subscribe({}, recorder)).toThrow('closed');
  });

  it('leaves the event loop to others while it reads and replays much', async () => {
    for (let i = 0; i < 20; i++) await store.append(`app-${i}`, 'any', sampleEvents(1000));
    let longest = 0;
    let last = performance.now();
    const watch = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 1);
    const recorder = new EventRecorder();
    store.subscribe({ filter: { streamPrefixes: ['app-19'] } }, recorder);
    let read = 0;
    for await (const { revision } of store.readAll()) read += Math.sign(revision + 1);
    await recorder.got(1000);
    clearInterval(watch);
    expect(read).toBe(20_000);
    // 20 ms is the rule; a machine that runs other suites beside this one gets more.
    expect(longest).toBeLessThan(100);
  });
});
