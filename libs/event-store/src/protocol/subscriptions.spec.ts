import {
  type AllStreamSubscription,
  END,
  type EventStoreDBClient,
  eventTypeFilter,
  type Position,
  type ResolvedEvent,
  START,
  StreamDeletedError,
  streamNameFilter,
  type StreamSubscription,
  UnavailableError,
} from '@eventstore/db-client';
import { once } from 'node:events';
import { OfficialClient, sampleJson } from '../../test/official-client';

describe('EventStoreDB protocol: subscriptions', () => {
  let official: OfficialClient;
  let client: EventStoreDBClient;
  beforeEach(async () => {
    official = await OfficialClient.start();
    client = official.client;
  });
  afterEach(() => official.stop());

  const nameOf = ({ event }: ResolvedEvent) => `${event!.streamId}@${event!.revision}`;

  /** The next that many events. */
  const take = async (subscription: AllStreamSubscription | StreamSubscription, count: number): Promise<string[]> => {
    const names: string[] = [];
    const iterator = subscription[Symbol.asyncIterator]();
    while (names.length < count) names.push(nameOf((await iterator.next()).value as ResolvedEvent));
    return names;
  };

  describe('to a stream', () => {
    beforeEach(() => client.appendToStream('app-1', sampleJson(3)));

    it.each([
      ['from the start', START, ['app-1@0', 'app-1@1', 'app-1@2', 'app-1@3']],
      ['after a revision', 1n, ['app-1@2', 'app-1@3']],
      ['from the end', END, ['app-1@3']],
      ['after what is not there yet', 2n, ['app-1@3']],
    ] as const)('%s, over the switch to live', async (_name, fromRevision, expected) => {
      const subscription = client.subscribeToStream('app-1', { fromRevision });
      const caughtUp = once(subscription, 'caughtUp');
      const taken = take(subscription, expected.length);
      await caughtUp;
      await client.appendToStream('version-1', sampleJson(1));
      await client.appendToStream('app-1', sampleJson(1));
      expect(await taken).toEqual(expected);
    });

    it('waits for one that does not exist', async () => {
      const subscription = client.subscribeToStream('app-2');
      const taken = take(subscription, 2);
      await once(subscription, 'caughtUp');
      await client.appendToStream('app-2', sampleJson(2));
      expect(await taken).toEqual(['app-2@0', 'app-2@1']);
    });

    it('ends when the stream is deleted for ever', async () => {
      const subscription = client.subscribeToStream('app-1', { fromRevision: END });
      const failed = once(subscription, 'error');
      subscription.on('data', () => undefined);
      await once(subscription, 'caughtUp');
      await client.tombstoneStream('app-1');
      expect((await failed)[0]).toBeInstanceOf(StreamDeletedError);
    });

    it('goes on when it is deleted and made anew', async () => {
      const subscription = client.subscribeToStream('app-1', { fromRevision: END });
      const taken = take(subscription, 1);
      await once(subscription, 'caughtUp');
      await client.deleteStream('app-1');
      await client.appendToStream('app-1', sampleJson(1));
      expect(await taken).toEqual(['app-1@3']);
    });
  });

  describe('to everything', () => {
    it('begins after the position it is given, and misses nothing over the switch to live', async () => {
      await client.appendToStream('app-1', sampleJson(700));
      const subscription = client.subscribeToAll({ fromPosition: { commit: 100n, prepare: 100n } });
      const taken = take(subscription, 900);
      for (let i = 0; i < 30; i++) await client.appendToStream('app-1', sampleJson(10));
      expect(await taken).toEqual(Array.from({ length: 900 }, (_, i) => `app-1@${i + 100}`));
    });

    it('begins with what comes, from the end', async () => {
      await client.appendToStream('app-1', sampleJson(3));
      const subscription = client.subscribeToAll({ fromPosition: END });
      const taken = take(subscription, 1);
      await once(subscription, 'caughtUp');
      await client.appendToStream('app-2', sampleJson(1));
      expect(await taken).toEqual(['app-2@0']);
    });

    it.each([
      ['streams', streamNameFilter({ prefixes: ['app-'] })],
      ['a pattern of streams', streamNameFilter({ regex: '^app-\\d$' })],
      ['a pattern of types', eventTypeFilter({ regex: '^Wanted$' })],
    ])('hands out what passes a filter of %s', async (_name, filter) => {
      await client.appendToStream('app-1', sampleJson(2, 'Wanted'));
      await client.appendToStream('version-1', sampleJson(2));
      const subscription = client.subscribeToAll({ filter });
      const taken = take(subscription, 3);
      await once(subscription, 'caughtUp');
      await client.appendToStream('version-1', sampleJson(1));
      await client.appendToStream('app-2', sampleJson(1, 'Wanted'));
      expect(await taken).toEqual(['app-1@0', 'app-1@1', 'app-2@0']);
    });

    it('tells how far it has come every so many events that it looked at, behind those that passed', async () => {
      await client.appendToStream('version-1', sampleJson(25));
      await client.appendToStream('app-1', sampleJson(1));
      const trace: string[] = [];
      let reached = (): void => undefined;
      const filter = streamNameFilter({
        prefixes: ['app-'],
        maxSearchWindow: 5,
        checkpointInterval: 2,
        checkpointReached: (_subscription, { commit }: Position) => {
          trace.push(`to ${commit}`);
          if (commit === 50n) reached();
        },
      });
      const subscription = client.subscribeToAll({ filter });
      subscription.on('data', (event: ResolvedEvent) => trace.push(nameOf(event)));
      await once(subscription, 'caughtUp');
      const done = new Promise<void>((resolve) => (reached = resolve));
      await client.appendToStream('version-1', sampleJson(24));
      await done;
      expect(trace).toEqual(['to 10', 'to 20', 'app-1@0', 'to 30', 'to 40', 'to 50']);
    });
  });

  it('ends with UNAVAILABLE when the server goes; the next one goes on where it stopped', async () => {
    await client.appendToStream('app-1', sampleJson(3));
    const subscription = client.subscribeToAll({ fromPosition: START });
    let last: Position | undefined;
    subscription.on('data', ({ event }: ResolvedEvent) => (last = event!.position));
    await once(subscription, 'caughtUp');
    const failed = once(subscription, 'error');
    await official.server.restart();
    expect((await failed)[0]).toBeInstanceOf(UnavailableError);
    const next = client.subscribeToAll({ fromPosition: last! });
    const taken = take(next, 2);
    const again = official.another();
    await again.appendToStream('app-1', sampleJson(2));
    expect(await taken).toEqual(['app-1@3', 'app-1@4']);
  });

  it('leaves nothing behind when the client goes', async () => {
    const listeners = jest.spyOn(official.server.store.bytes, 'onAppended');
    const subscriptions = Array.from({ length: 20 }, () => client.subscribeToAll());
    await Promise.all(
      subscriptions.map((subscription) =>
        once(
          subscription.on('data', () => undefined),
          'caughtUp',
        ),
      ),
    );
    await Promise.all(subscriptions.map((subscription) => subscription.unsubscribe()));
    const scans = jest.spyOn(official.server.store.bytes, 'scan');
    // The server learns of it before it answers this.
    await client.appendToStream('app-1', sampleJson(1));
    await client.appendToStream('app-1', sampleJson(1));
    expect(scans).not.toHaveBeenCalled();
    expect(listeners.mock.calls.length).toBeGreaterThanOrEqual(20);
  });

  it('gives a slow subscriber everything, without keeping it in memory', async () => {
    const subscription = client.subscribeToAll({}, { highWaterMark: 1 });
    const iterator = subscription[Symbol.asyncIterator]();
    const text = 'x'.repeat(10_000);
    const append = () =>
      client.appendToStream(
        'app-1',
        sampleJson(50).map((event) => ({ ...event, data: { ...event.data, text } })),
      );
    await append();
    await iterator.next();
    const scans = jest.spyOn(official.server.store.bytes, 'scan');
    for (let i = 0; i < 40; i++) await append();
    expect(scans.mock.calls.length).toBeLessThan(10);
    let count = 1;
    while (count < 2050) {
      await iterator.next();
      count++;
    }
    expect(count).toBe(2050);
  });
});
