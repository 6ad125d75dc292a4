import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { parsePosition, PositionGone, positionOf } from '@souk/event-sourcing';
import {
  collect,
  contestAppends,
  contestCommands,
  EventRecorder,
  everything,
  idsOf,
  revisionsOf,
  sampleEvent,
  sampleEvents,
  temporaryFolder,
} from '@souk/event-sourcing/testing';
import { type ProtocolServer, startProtocolServer } from '@souk/event-store/testing';
import { EventStoreAccessDenied, LmdbEventStore, openEventStoreDb, serveEventStoreDb, StreamDeleted } from '..';
import { Connection } from './connection';
import { loadDriver } from './driver';
import { EventStoreDb, type EventStoreDbOptions } from './event-store-db';

describe('EventStoreDb', () => {
  let server: ProtocolServer;
  const stores: EventStoreDb[] = [];
  const clients: EventStoreDBClient[] = [];
  const open = async (options: Partial<EventStoreDbOptions> = {}): Promise<EventStoreDb> => {
    const store = await openEventStoreDb({ connectionString: server.connectionString, ...options });
    stores.push(store);
    return store;
  };
  /** What others do on the same server. */
  const others = (): EventStoreDBClient => {
    const client = EventStoreDBClient.connectionString(server.connectionString);
    clients.push(client);
    return client;
  };

  beforeEach(async () => {
    server = await startProtocolServer();
  });
  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
    await Promise.all(clients.splice(0).map((client) => client.dispose()));
    await server.close();
  });

  it('renews leases past the appends that wait for each other', async () => {
    const store = await open({ inFlight: 1 });
    let appended = 0;
    const waiting = Array.from({ length: 300 }, async (_, n) => {
      await store.append(`app-${n}`, 'no-stream', sampleEvents(1));
      appended++;
    });
    await store.append('lease-deadlines', 'no-stream', sampleEvents(1));
    expect(appended).toBeLessThan(waiting.length);
    await Promise.all(waiting);
  });

  describe('beside others on one server', () => {
    it('has one winner at each revision, and the same answer as often as it is asked, over two connections', async () => {
      const [one, two] = [await open(), await open()];
      let turn = 0;
      const either = new Proxy(one, {
        get: (target, key) => {
          if (key === 'append') return (...args: Parameters<EventStoreDb['append']>) => (turn++ % 2 ? one : two).append(...args);
          const value: unknown = Reflect.get(target, key);
          return typeof value === 'function' ? (value.bind(target) as unknown) : value;
        },
      });
      const options = { writers: 8, streams: 1, random: Math.random };
      for (const [contest, revisions] of [[contestAppends, 12] as const, [contestCommands, 24] as const])
        expect(await contest(either, { ...options, revisions })).toMatchObject({ won: revisions, notOne: 0, otherAnswers: 0 });
    });

    it('says that an append was repeated, whoever has made it before', async () => {
      const [one, two] = [await open(), await open()];
      const events = sampleEvents(2);
      const first = await one.append('app-1', 'no-stream', events);
      expect(await two.append('app-1', 'no-stream', events)).toEqual({ ...first, repeated: true });
      expect(await two.append('app-1', 'any', events)).toMatchObject({ revision: 1, repeated: true });
    });

    it('shows nothing of the system, of other applications, or of itself', async () => {
      const store = await open({ retention: { 'app-': 100 } });
      const recorder = new EventRecorder();
      store.subscribe({}, recorder);
      await others().appendToStream('foreign-1', jsonEvent({ type: 'Foreign', data: { n: 1 } }));
      await store.append('app-1', 'no-stream', sampleEvents(2));
      await others().appendToStream('foreign-1', jsonEvent({ type: 'Foreign', data: { n: 2 }, metadata: { by: 'them' } }));
      const { position } = await store.append('app-1', 1, sampleEvents(1));
      await recorder.until(() => recorder.trace.at(-1)! >= position);
      expect(revisionsOf(recorder.events)).toEqual([0, 1, 2]);
      expect(revisionsOf(await everything(store))).toEqual([0, 1, 2]);
      expect(revisionsOf(await collect(store.readAll({ direction: 'backwards', maxCount: 2 })))).toEqual([2, 1]);
    });

    it('learns of what others append without a sign of it on its own connection', async () => {
      const store = await open({ lookEveryMs: 50 });
      const recorder = new EventRecorder();
      store.subscribe({ filter: { streamPrefixes: ['version-'] } }, recorder);
      const { position } = await (await open()).append('app-1', 'no-stream', sampleEvents(3));
      await recorder.until(() => recorder.checkpoints.at(-1) === position);
      expect(recorder.events).toEqual([]);
    });

    it('leaves cause and correlation where tools of EventStoreDB look for them', async () => {
      const event = sampleEvent();
      await (await open()).append('app-1', 'no-stream', [event]);
      for await (const { event: stored } of others().readStream('app-1'))
        expect(stored).toMatchObject({
          id: event.id,
          isJson: true,
          data: event.data,
          metadata: {
            ...event.metadata,
            $correlationId: event.metadata.correlationId,
            $causationId: event.metadata.causationId,
          },
        });
    });
  });

  describe('a subscription', () => {
    class SilentOnce extends Connection {
      opened = 0;
      override subscribeToAll(...[after, filter, buffered]: Parameters<Connection['subscribeToAll']>) {
        const nothing = this.driver.streamNameFilter({ prefixes: ['nobody-'], maxSearchWindow: 10_000 });
        return super.subscribeToAll(after, this.opened++ === 0 ? nothing : filter, buffered);
      }
      override subscribeToStream(...[stream, from, buffered]: Parameters<Connection['subscribeToStream']>) {
        return super.subscribeToStream(this.opened++ === 0 ? 'nobody' : stream, from, buffered);
      }
    }
    const silentOnce = async (): Promise<{ store: EventStoreDb; troubles: unknown[] }> => {
      const { generation } = parsePosition(await (await open()).head())!;
      const troubles: unknown[] = [];
      const connection = new SilentOnce(await loadDriver(), server.connectionString, 5_000);
      const store = new EventStoreDb(connection, generation, {
        connectionString: server.connectionString,
        stallMs: 200,
        lookEveryMs: 50,
        onTrouble: (error) => troubles.push(error),
      });
      stores.push(store);
      return { store, troubles };
    };

    it('that has gone silent is made anew, and misses nothing', async () => {
      const { store, troubles } = await silentOnce();
      const recorder = new EventRecorder();
      store.subscribe({}, recorder);
      await store.append('app-1', 'no-stream', sampleEvents(3));
      await recorder.got(3);
      expect(revisionsOf(recorder.events)).toEqual([0, 1, 2]);
      expect(troubles).toEqual([expect.objectContaining({ code: 'event-store-unavailable' })]);
    });

    it('to a stream likewise', async () => {
      const { store, troubles } = await silentOnce();
      const recorder = new EventRecorder();
      store.subscribeToStream('app-1', 1, recorder);
      await store.append('app-1', 'no-stream', sampleEvents(3));
      await recorder.got(2);
      expect(revisionsOf(recorder.events)).toEqual([1, 2]);
      expect(troubles).toHaveLength(1);
    });

    it('does not read ahead of its handler without bound', async () => {
      const store = await open();
      await Promise.all(Array.from({ length: 40 }, (_, n) => store.append(`app-${n}`, 'no-stream', sampleEvents(50))));
      let release: () => void = () => undefined;
      const held = new Promise<void>((resolve) => (release = resolve));
      const recorder = new EventRecorder(() => held);
      store.subscribe({ batchSize: 10 }, recorder);
      await store.append('app-0', 'any', sampleEvents(1));
      release();
      await recorder.got(2001);
      expect(idsOf(recorder.events)).toEqual(idsOf(await everything(store)));
    });

    it('behind the end of a store that was restored ends with PositionGone', async () => {
      const store = await open();
      const { generation, ordinal } = parsePosition(await store.head())!;
      const recorder = new EventRecorder();
      store.subscribe({ after: positionOf(generation, ordinal + 1000n) }, recorder);
      await recorder.until(() => recorder.ends.length > 0);
      expect(recorder.ends[0]).toBeInstanceOf(PositionGone);
    });
  });

  describe('the generation', () => {
    it('is the same for all that open the store, also at once', async () => {
      const generations = (await Promise.all([open(), open(), open()])).map(
        async (store) => parsePosition(await store.head())!.generation,
      );
      expect(new Set(await Promise.all(generations)).size).toBe(1);
    });

    it('is another one where the store was made anew', async () => {
      const { position } = await (await open()).append('app-1', 'no-stream', sampleEvents(1));
      const other = await startProtocolServer();
      const store = await open({ connectionString: other.connectionString });
      expect(() => store.parsePosition(position)).toThrow(PositionGone);
      await store.close();
      await other.close();
    });
  });

  it('keeps as many events of a stream as it is told to by its prefix, and leaves what an operator has set', async () => {
    const store = await open({ retention: { 'lease-': 5 } });
    await others().setStreamMetadata('lease-theirs', { maxCount: 2 });
    for (const stream of ['lease-mine', 'lease-theirs', 'app-1'])
      for (let n = 0; n < 8; n++) await store.append(stream, n === 0 ? 'no-stream' : n - 1, sampleEvents(1));
    const kept = async (stream: string): Promise<number[]> => revisionsOf(await collect(store.readStream(stream)));
    expect(await kept('lease-mine')).toEqual([3, 4, 5, 6, 7]);
    expect(await kept('lease-theirs')).toEqual([6, 7]);
    expect(await kept('app-1')).toHaveLength(8);
    expect(await store.append('lease-mine', 7, sampleEvents(1))).toMatchObject({ revision: 8 });
  });

  it('says that a stream was deleted for ever', async () => {
    const store = await open();
    await store.append('app-1', 'no-stream', sampleEvents(1));
    await others().tombstoneStream('app-1');
    await expect(store.append('app-1', 0, sampleEvents(1))).rejects.toThrow(StreamDeleted);
    await expect(collect(store.readStream('app-1'))).rejects.toThrow(StreamDeleted);
  });

  it('finds its server by the gossip of a cluster, one node of which is away', async () => {
    const port = /:(\d+)/.exec(server.connectionString.slice('esdb://'.length))![1]!;
    const store = await open({ connectionString: `esdb://127.0.0.1:1,127.0.0.1:${port}?tls=false&discoveryInterval=10` });
    expect(await store.append('app-1', 'no-stream', sampleEvents(1))).toMatchObject({ revision: 0 });
  });
});

describe('EventStoreDb over TLS', () => {
  const folder = temporaryFolder();
  let embedded: LmdbEventStore;
  let server: Awaited<ReturnType<typeof serveEventStoreDb>>;
  let connectionString: (credentials: string) => string;

  beforeAll(async () => {
    const [key, certificate] = [join(folder.path, 'key.pem'), join(folder.path, 'ca.pem')];
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
        ...['-keyout', key, '-out', certificate, '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'],
      ],
      { stdio: 'ignore' },
    );
    embedded = await LmdbEventStore.open({ directory: join(folder.path, 'events') });
    server = await serveEventStoreDb({
      store: embedded,
      port: 0,
      tls: { certificate: readFileSync(certificate), key: readFileSync(key) },
      credentials: { username: 'souk', password: 'p@ss/word' },
    });
    connectionString = (credentials) =>
      `esdb://${credentials}localhost:${server.port}?tls=true&tlsCAFile=${encodeURIComponent(certificate)}`;
  });
  afterAll(async () => {
    await server.close();
    await embedded.close();
    folder.remove();
  });

  it('trusts the authority that the connection string names, and shows the credentials', async () => {
    const store = await openEventStoreDb({ connectionString: connectionString('souk:p%40ss%2Fword@') });
    expect(await store.append('app-1', 'no-stream', sampleEvents(1))).toMatchObject({ revision: 0 });
    await store.close();
  });

  it.each(['souk:wrong@', ''])('is refused with other credentials (%s)', async (credentials) => {
    await expect(openEventStoreDb({ connectionString: connectionString(credentials) })).rejects.toThrow(EventStoreAccessDenied);
  });

  it('takes no server whose certificate it can not check', async () => {
    const untrusting = `esdb://souk:p%40ss%2Fword@localhost:${server.port}?tls=true`;
    await expect(openEventStoreDb({ connectionString: untrusting, openTimeoutMs: 100 })).rejects.toMatchObject({
      code: 'event-store-unavailable',
    });
  });
});
