import { derivedUuid, parsePosition } from '@souk/event-sourcing';
import {
  collect,
  everything,
  idsOf,
  requestedEvents,
  sampleEvent,
  sampleEvents,
  temporaryFolder,
} from '@souk/event-sourcing/testing';
import { type ProtocolServer, startProtocolServer } from '@souk/event-store/testing';
import { type EventStoreDb, LmdbEventStore, openEventStoreDb } from '..';
import { compareStores } from './compare-stores';
import { moveEvents, MoveRefused } from './move-events';

describe('Moving events from an embedded store to EventStoreDB', () => {
  jest.setTimeout(60_000);
  const folder = temporaryFolder();
  let source: LmdbEventStore;
  let server: ProtocolServer;
  let target: EventStoreDb;
  let n = 0;

  beforeEach(async () => {
    source = await LmdbEventStore.open({ directory: `${folder.path}/${n++}` });
    server = await startProtocolServer();
    target = await openEventStoreDb({ connectionString: server.connectionString });
  });
  afterEach(async () => {
    await target.close();
    await server.close();
    await source.close();
  });
  afterAll(() => folder.remove());

  const fill = async (streams: number, appends: number): Promise<void> => {
    for (let i = 0; i < appends; i++)
      await Promise.all(
        Array.from({ length: streams }, (_, s) => source.append(`app-${s}`, 'any', requestedEvents(1 + ((s + i) % 3)))),
      );
  };

  it('keeps streams, revisions, ids, bytes and times', async () => {
    await fill(20, 15);
    await source.append('app-ünïcode', 'no-stream', [sampleEvent({ data: { text: 'ä€😀 "quoted"\n', z: 1, a: [0.1, null] } })]);
    const all = await everything(source);
    expect(await moveEvents(source, target)).toEqual({ written: all.length, events: all.length });
    for (const stream of new Set(all.map((event) => event.stream))) {
      const before = await collect(source.readStream(stream));
      const after = await collect(target.readStream(stream));
      expect(after.map(({ position: _, ...event }) => event)).toEqual(before.map(({ position: _, ...event }) => event));
    }
    expect(await compareStores(source, target)).toEqual({ events: all.length, streams: 21, different: [] });
  });

  it('remembers where each event was', async () => {
    await source.append('app-1', 'no-stream', sampleEvents(3));
    await moveEvents(source, target);
    const moved = await collect(target.readAllMoved());
    expect(moved.map(({ sourcePosition }) => sourcePosition)).toEqual((await everything(source)).map(({ position }) => position));
    expect(JSON.stringify(moved.map(({ event }) => event))).not.toContain('soukSource');
  });

  it('has no effect before its cause', async () => {
    const chain = 40;
    for (let i = 0; i < chain; i++) {
      const { metadata, ...event } = sampleEvent({ id: derivedUuid('chain', i) });
      await source.append(`link-${i % 7}`, 'any', [
        { ...event, metadata: { ...metadata, causationId: i === 0 ? 'outside' : derivedUuid('chain', i - 1) } },
      ]);
    }
    await moveEvents(source, target);
    expect(idsOf(await everything(target))).toEqual(Array.from({ length: chain }, (_, i) => derivedUuid('chain', i)));
  });

  it('keeps the order of what follows from one request, in whichever streams, and of all that happens to one stream', async () => {
    const placed: string[] = [];
    for (let i = 0; i < 300; i++) {
      const request = `request-${i % 3}`;
      const { metadata, ...event } = sampleEvent({ id: derivedUuid('placed', i) });
      const stream = i % 100 === 50 ? 'shared-1' : `part-${i % 3}-${i % 7}`;
      await source.append(stream, 'any', [{ ...event, metadata: { ...metadata, causationId: request, correlationId: request } }]);
      placed.push(event.id);
    }
    await moveEvents(source, target);
    // All three have happened to the shared stream.
    expect(idsOf(await everything(target))).toEqual(placed);
  });

  it('goes on where it was broken off, and has nothing to do afterwards', async () => {
    await fill(30, 60);
    const all = await everything(source);
    let calls = 0;
    const dying = new Proxy(target, {
      get: (store, key) => {
        if (key === 'appendMoved' && calls++ > 40) return () => Promise.reject(new Error('killed'));
        const value: unknown = Reflect.get(store, key);
        return typeof value === 'function' ? (value.bind(store) as unknown) : value;
      },
    });
    await expect(moveEvents(source, dying)).rejects.toThrow('killed');
    const arrived = (await everything(target)).length;
    expect(arrived).toBeGreaterThan(0);
    expect(arrived).toBeLessThan(all.length);
    expect(await moveEvents(source, target)).toEqual({ written: all.length - arrived, events: all.length });
    expect((await compareStores(source, target)).different).toEqual([]);
    expect(await moveEvents(source, target)).toEqual({ written: 0, events: all.length });
  });

  it('brings what came to the source since', async () => {
    await fill(3, 2);
    await moveEvents(source, target);
    await source.append('app-1', 'any', sampleEvents(2));
    expect(await moveEvents(source, target)).toMatchObject({ written: 2 });
    expect((await compareStores(source, target)).different).toEqual([]);
  });

  it('is refused where the target has events of its own, or of another source', async () => {
    await fill(2, 1);
    await target.append('app-9', 'no-stream', sampleEvents(1));
    await expect(moveEvents(source, target)).rejects.toThrow(MoveRefused);
    const empty = await startProtocolServer();
    const elsewhere = await openEventStoreDb({ connectionString: empty.connectionString });
    await moveEvents(source, elsewhere);
    const other = await LmdbEventStore.open({ directory: `${folder.path}/${n++}` });
    await other.append('app-1', 'no-stream', sampleEvents(1));
    await expect(moveEvents(other, elsewhere)).rejects.toThrow('another marketplace');
    await elsewhere.append('app-1', 'any', sampleEvents(1));
    await expect(moveEvents(source, elsewhere)).rejects.toThrow('in use');
    await other.close();
    await elsewhere.close();
    await empty.close();
  });

  it('moves nothing out of an empty store', async () => {
    expect(await moveEvents(source, target)).toEqual({ written: 0, events: 0 });
    expect(parsePosition(await target.head())).toBeDefined();
  });
});

describe('Comparing two stores', () => {
  it('finds streams that differ in one byte, or in length', async () => {
    const folder = temporaryFolder();
    const [left, right] = [await open(folder.path, 'left'), await open(folder.path, 'right')];
    const event = sampleEvent({ data: { text: 'a' } });
    await left.append('app-1', 'no-stream', [event]);
    await right.append('app-1', 'no-stream', [{ ...event, data: { text: 'b' } }]);
    await right.append('app-2', 'no-stream', sampleEvents(2));
    expect((await compareStores(left, right)).different).toEqual([
      { stream: 'app-1', sourceEvents: 1, targetEvents: 1 },
      { stream: 'app-2', sourceEvents: 0, targetEvents: 2 },
    ]);
    await left.close();
    await right.close();
    folder.remove();
  });
});

function open(folder: string, name: string): Promise<LmdbEventStore> {
  return LmdbEventStore.open({ directory: `${folder}/${name}` });
}
