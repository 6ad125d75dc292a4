import {
  BACKWARDS,
  END,
  type EventStoreDBClient,
  StreamDeletedError,
  StreamNotFoundError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { collect } from '@souk/event-sourcing/testing';
import { OfficialClient, revisionsOf, sampleJson } from '../../test/official-client';

describe('EventStoreDB protocol: metadata and deletion of streams', () => {
  let official: OfficialClient;
  let client: EventStoreDBClient;
  beforeEach(async () => {
    official = await OfficialClient.start();
    client = official.client;
  });
  afterEach(() => {
    jest.restoreAllMocks();
    return official.stop();
  });

  const read = async (stream = 'app-1') => revisionsOf(await collect(client.readStream(stream)));

  describe('metadata', () => {
    beforeEach(() => client.appendToStream('app-1', sampleJson(10)));

    it('of a stream without any is empty', async () => {
      expect(await client.getStreamMetadata('app-1')).toEqual({ streamName: 'app-1' });
    });

    it('is kept, and only the last one is read', async () => {
      await client.setStreamMetadata('app-1', { maxCount: 3, note: 'first' });
      await client.setStreamMetadata('app-1', { maxCount: 4, note: 'second' }, { expectedRevision: 0n });
      expect((await client.getStreamMetadata('app-1')).metadata).toEqual({ maxCount: 4, note: 'second' });
      expect(await read('$$app-1')).toEqual([1]);
      await expect(client.setStreamMetadata('app-1', {}, { expectedRevision: 0n })).rejects.toThrow(WrongExpectedVersionError);
    });

    it('limits how many events can be read', async () => {
      await client.setStreamMetadata('app-1', { maxCount: 3 });
      expect(await read()).toEqual([7, 8, 9]);
      await client.appendToStream('app-1', sampleJson(1));
      expect(await read()).toEqual([8, 9, 10]);
      const backwards = client.readStream('app-1', { direction: BACKWARDS, fromRevision: END });
      expect(revisionsOf(await collect(backwards))).toEqual([10, 9, 8]);
    });

    it('hides what comes before a revision', async () => {
      await client.setStreamMetadata('app-1', { truncateBefore: 8 });
      expect(await read()).toEqual([8, 9]);
      await client.setStreamMetadata('app-1', { truncateBefore: 50 });
      expect(await read()).toEqual([]);
    });

    it('hides what is too old', async () => {
      const real = Date.now();
      const clock = jest.spyOn(Date, 'now');
      clock.mockReturnValue(real + 3_600_000);
      await client.setStreamMetadata('app-1', { maxAge: 60 });
      await client.appendToStream('app-1', sampleJson(2), { deadline: 7_200_000 });
      expect(await read()).toEqual([10, 11]);
      clock.mockReturnValue(real + 7_200_000);
      expect(await read()).toEqual([]);
    });

    it('does not hide anything from those who read everything, or catch up with what comes', async () => {
      await client.setStreamMetadata('app-1', { maxCount: 1 });
      expect(await collect(client.readAll())).toHaveLength(11);
      const subscription = client.subscribeToStream('app-1', { fromRevision: END });
      const events: number[] = [];
      const done = new Promise<void>((resolve) =>
        subscription.on('data', (event) => events.push(Number(event.event!.revision)) === 5 && resolve()),
      );
      await new Promise((resolve) => subscription.once('caughtUp', resolve));
      await client.appendToStream('app-1', sampleJson(5));
      await done;
      expect(events).toEqual([10, 11, 12, 13, 14]);
    });

    it('makes a stream that exists, without an event of its own', async () => {
      await client.setStreamMetadata('app-2', { maxCount: 2 });
      await expect(read('app-2')).rejects.toThrow(StreamNotFoundError);
      expect(await client.appendToStream('app-2', sampleJson(3), { expectedRevision: 'stream_exists' })).toMatchObject({
        nextExpectedRevision: 2n,
      });
      expect(await read('app-2')).toEqual([1, 2]);
    });
  });

  describe('a deleted stream', () => {
    beforeEach(async () => {
      await client.appendToStream('app-1', sampleJson(3));
      await client.setStreamMetadata('app-1', { maxCount: 2, note: 'kept' });
      const { position } = await client.deleteStream('app-1', { expectedRevision: 2n });
      expect(position).toEqual({ commit: 5n, prepare: 5n });
    });

    it('can not be found', async () => {
      await expect(read()).rejects.toThrow(StreamNotFoundError);
    });

    it('still stands in the log', async () => {
      expect(await collect(client.readAll())).toHaveLength(5);
    });

    it('is not one that exists', async () => {
      await expect(client.appendToStream('app-1', sampleJson(1), { expectedRevision: 'stream_exists' })).rejects.toThrow(
        StreamDeletedError,
      );
    });

    it.each(['any', 'no_stream', 2n] as const)(
      'is made anew by an append (%s), and goes on counting',
      async (expectedRevision) => {
        const appended = await client.appendToStream('app-1', sampleJson(2), { expectedRevision });
        expect(appended.nextExpectedRevision).toBe(4n);
        expect(await read()).toEqual([3, 4]);
        expect((await client.getStreamMetadata('app-1')).metadata).toEqual({ maxCount: 2, note: 'kept', truncateBefore: 3 });
      },
    );

    it('is made anew by one of those who all believe that there is none', async () => {
      const results = await Promise.allSettled(
        Array.from({ length: 16 }, () => client.appendToStream('app-1', sampleJson(1), { expectedRevision: 'no_stream' })),
      );
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(await read()).toEqual([3]);
    });

    it('can be deleted and made anew again, over a restart', async () => {
      await client.appendToStream('app-1', sampleJson(1));
      await client.deleteStream('app-1');
      await official.server.restart();
      client = official.another();
      await expect(read()).rejects.toThrow(StreamNotFoundError);
      await client.appendToStream('app-1', sampleJson(1), { expectedRevision: 'no_stream' });
      expect(await read()).toEqual([4]);
    });
  });

  describe('a tombstone', () => {
    beforeEach(async () => {
      await client.appendToStream('app-1', sampleJson(3));
      expect(await client.tombstoneStream('app-1', { expectedRevision: 2n })).toEqual({ position: { commit: 4n, prepare: 4n } });
    });

    it('is the last event that there can be', async () => {
      const [last] = await collect(client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1 }));
      expect(last!.event).toMatchObject({ streamId: 'app-1', type: '$streamDeleted', revision: 9223372036854775807n });
    });

    it.each(['right away', 'after a restart'])('refuses everything, %s', async (when) => {
      if (when === 'after a restart') {
        await official.server.restart();
        client = official.another();
      }
      const credentials = { username: 'u', password: 'p' };
      await expect(read()).rejects.toThrow(StreamDeletedError);
      await expect(client.appendToStream('app-1', sampleJson(1))).rejects.toThrow(StreamDeletedError);
      await expect(client.appendToStream('app-1', sampleJson(1), { credentials })).rejects.toMatchObject({
        type: 'stream-deleted',
        streamName: 'app-1',
      });
      await expect(client.deleteStream('app-1')).rejects.toThrow(StreamDeletedError);
      await expect(client.tombstoneStream('app-1')).rejects.toThrow(StreamDeletedError);
      await expect(client.setStreamMetadata('app-1', { maxCount: 1 })).rejects.toThrow(StreamDeletedError);
      await expect(client.getStreamMetadata('app-1')).rejects.toThrow(StreamDeletedError);
    });
  });

  it.each(['deleteStream', 'tombstoneStream'] as const)('%s checks what it expects', async (method) => {
    await client.appendToStream('app-1', sampleJson(3));
    const refused = client[method]('app-1', { expectedRevision: 1n });
    await expect(refused).rejects.toThrow(WrongExpectedVersionError);
    await expect(refused).rejects.toMatchObject({ streamName: 'app-1', expectedVersion: 1n, actualVersion: 2n });
    await expect(client[method]('app-1', { expectedRevision: 'no_stream' })).rejects.toThrow(WrongExpectedVersionError);
    expect(await read()).toEqual([0, 1, 2]);
    await client[method]('app-2', { expectedRevision: 'no_stream' });
  });

  it('never deletes an event that came in between', async () => {
    await client.appendToStream('app-1', sampleJson(1));
    const [deleted, appended] = await Promise.allSettled([
      client.deleteStream('app-1', { expectedRevision: 0n }),
      client.appendToStream('app-1', sampleJson(1), { expectedRevision: 0n }),
    ]);
    // Whichever came first: both can hold only where the append made the stream anew.
    const events = await read().catch(() => []);
    expect(events).toEqual(appended.status === 'rejected' ? [] : deleted.status === 'rejected' ? [0, 1] : [1]);
  });
});
