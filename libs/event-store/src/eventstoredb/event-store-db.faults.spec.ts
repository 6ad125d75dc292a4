import { derivedUuid, type EventToAppend, WrongExpectedRevision } from '@souk/event-sourcing';
import {
  Child,
  collect,
  EventRecorder,
  everything,
  idsOf,
  revisionsOf,
  sampleEvent,
  temporaryFolder,
} from '@souk/event-sourcing/testing';
import { join } from 'node:path';
import { type EventStoreDb, type EventStoreDbOptions, EventStoreUnavailable, openEventStoreDb } from '..';

const file = join(__dirname, '..', '..', 'test', 'protocol-server.ts');

/** A server that can be killed, frozen and started again where it was. */
class MortalServer {
  private readonly folder = temporaryFolder();
  private child: Child;
  private port = '0';
  connectionString: string;

  async start(): Promise<void> {
    this.child = new Child(file, { args: [this.folder.path, this.port] });
    this.connectionString = (await this.child.line('serves ')).slice('serves '.length);
    this.port = /:(\d+)/.exec(this.connectionString.slice('esdb://'.length))![1]!;
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    process.kill(this.child.pid, name);
  }

  kill(): Promise<void> {
    return this.child.kill();
  }

  async end(): Promise<void> {
    await this.kill();
    this.folder.remove();
  }
}

describe('EventStoreDb', () => {
  let server: MortalServer;
  let store: EventStoreDb;
  const open = async (options: Partial<EventStoreDbOptions> = {}): Promise<EventStoreDb> =>
    (store = await openEventStoreDb({ connectionString: server.connectionString, ...options }));

  beforeEach(async () => {
    server = new MortalServer();
    await server.start();
  });
  afterEach(async () => {
    await store.close();
    await server.end();
  });

  it('loses and doubles nothing, and shows all of it once, when the server is killed under 20 writers again and again', async () => {
    await open({ appendTimeoutMs: 60_000, attemptTimeoutMs: 2_000 });
    const recorders = [{}, { filter: { types: ['Written'] } }].map((options) => {
      const recorder = new EventRecorder();
      store.subscribe(options, recorder);
      return recorder;
    });
    const ofOneStream = new EventRecorder();
    store.subscribeToStream('writer-0', 0, ofOneStream);

    const acknowledged = new Set<string>();
    let ending = false;
    const write = async (writer: number): Promise<void> => {
      const stream = `writer-${writer}`;
      for (let next = 0; !ending; next++) {
        // Every fourth writer does not say where its stream stands: that is where a second attempt could write twice.
        const expected = writer % 4 === 3 ? 'any' : next === 0 ? 'no-stream' : next - 1;
        const { revision } = await store.append(stream, expected, [written(stream, next)]);
        acknowledged.add(`${stream} ${revision} ${derivedUuid(stream, next)}`);
      }
    };
    const writers = Array.from({ length: 20 }, (_, writer) => write(writer));
    for (let kills = 1; kills <= 3; kills++) {
      const before = acknowledged.size;
      await recorders[0]!.until(() => acknowledged.size > before + 200);
      await server.kill();
      await server.start();
    }
    ending = true;
    await Promise.all(writers);

    const all = await everything(store);
    const stored = all.map(({ stream, revision, id }) => `${stream} ${revision} ${id}`);
    expect(new Set(stored)).toEqual(acknowledged);
    expect(new Set(idsOf(all)).size).toBe(all.length);
    for (const recorder of recorders) {
      await recorder.got(all.length);
      expect(idsOf(recorder.events)).toEqual(idsOf(all));
    }
    const first = await collect(store.readStream('writer-0'));
    await ofOneStream.got(first.length);
    expect(revisionsOf(ofOneStream.events)).toEqual(revisionsOf(first));
  }, 120_000);

  it('says within its time-out that a frozen server does not answer; what became of the append is seen when it is made again', async () => {
    await open({ appendTimeoutMs: 900, attemptTimeoutMs: 300, readTimeoutMs: 300 });
    await store.append('app-1', 'no-stream', [sampleEvent()]);
    const exact = sampleEvent();
    const any = sampleEvent();
    server.signal('SIGSTOP');
    await expect(store.append('app-1', 0, [exact])).rejects.toMatchObject({ code: 'event-store-unavailable', retryable: true });
    await expect(store.append('app-2', 'any', [any])).rejects.toThrow(EventStoreUnavailable);
    await expect(collect(store.readStream('app-1'))).rejects.toThrow(EventStoreUnavailable);
    await expect(store.head()).rejects.toThrow(EventStoreUnavailable);
    server.signal('SIGCONT');
    const again = await untilAnswered(() => store.append('app-1', 0, [exact]));
    expect(again).toMatchObject({ revision: 1 });
    expect(await untilAnswered(() => store.append('app-2', 'any', [any]))).toMatchObject({ revision: 0 });
    expect(idsOf(await collect(store.readStream('app-1'))).slice(1)).toEqual([exact.id]);
    expect(idsOf(await collect(store.readStream('app-2')))).toEqual([any.id]);
    await expect(store.append('app-1', 0, [sampleEvent()])).rejects.toThrow(WrongExpectedRevision);
  });

  it('waits for a server that comes up later', async () => {
    await server.kill();
    const opening = openEventStoreDb({ connectionString: server.connectionString });
    await server.start();
    store = await opening;
    expect(await store.append('app-1', 'no-stream', [sampleEvent()])).toMatchObject({ revision: 0 });
  });
});

async function untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof EventStoreUnavailable)) throw error;
    }
  }
}

function written(stream: string, number: number): EventToAppend {
  return sampleEvent({ id: derivedUuid(stream, number), type: 'Written', data: { number } });
}
