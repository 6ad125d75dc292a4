import { BACKWARDS, END, type EventStoreDBClient, FORWARDS, jsonEvent, START, StreamNotFoundError } from '@eventstore/db-client';
import { collect, sampleEvents } from '@souk/event-sourcing/testing';
import { OfficialClient, revisionsOf, sampleJson } from '../../test/official-client';

describe('EventStoreDB protocol: reading', () => {
  let official: OfficialClient;
  let client: EventStoreDBClient;
  beforeEach(async () => {
    official = await OfficialClient.start();
    client = official.client;
  });
  afterEach(() => official.stop());

  describe('a stream', () => {
    beforeEach(() => client.appendToStream('app-1', sampleJson(600)));

    it.each([
      ['from the start', { fromRevision: START, direction: FORWARDS, maxCount: 3 }, [0, 1, 2]],
      ['from the middle', { fromRevision: 300n, direction: FORWARDS, maxCount: 2 }, [300, 301]],
      ['from its last event', { fromRevision: 599n, direction: FORWARDS }, [599]],
      ['from beyond its end', { fromRevision: 600n, direction: FORWARDS }, []],
      ['from its end', { fromRevision: END, direction: FORWARDS }, []],
      ['backwards from its end', { fromRevision: END, direction: BACKWARDS, maxCount: 3 }, [599, 598, 597]],
      ['backwards from the middle', { fromRevision: 300n, direction: BACKWARDS, maxCount: 2 }, [300, 299]],
      ['backwards from the start', { fromRevision: START, direction: BACKWARDS }, [0]],
      ['backwards from beyond its end', { fromRevision: 9_000n, direction: BACKWARDS, maxCount: 1 }, [599]],
      ['none of it', { maxCount: 0 }, []],
    ] as const)('%s', async (_name, options, revisions) => {
      expect(revisionsOf(await collect(client.readStream('app-1', options)))).toEqual(revisions);
    });

    it('as a whole, in both directions', async () => {
      const all = Array.from({ length: 600 }, (_, i) => i);
      expect(revisionsOf(await collect(client.readStream('app-1')))).toEqual(all);
      const backwards = client.readStream('app-1', { fromRevision: END, direction: BACKWARDS });
      expect(revisionsOf(await collect(backwards))).toEqual(all.toReversed());
    });

    it('and knows the position of each event', async () => {
      const [first] = await collect(client.readStream('app-1', { maxCount: 1 }));
      expect(first).toMatchObject({ commitPosition: 1n, event: { position: { commit: 1n, prepare: 1n } } });
    });
  });

  it('tells which stream is not there', async () => {
    const reading = collect(client.readStream('app-ü'));
    await expect(reading).rejects.toThrow(StreamNotFoundError);
    await expect(reading).rejects.toMatchObject({ streamName: 'app-ü' });
  });

  it('follows links where it is asked to', async () => {
    await client.appendToStream('app-1', sampleJson(3));
    const link = (data: string) => ({
      ...jsonEvent({ type: '$>', data: {} }),
      contentType: 'application/octet-stream',
      data: Buffer.from(data),
    });
    await client.appendToStream('links-1', [link('2@app-1'), link('7@app-1')] as never);
    const [resolved, broken] = await collect(client.readStream('links-1', { resolveLinkTos: true }));
    expect(resolved).toMatchObject({ event: { streamId: 'app-1', revision: 2n }, link: { streamId: 'links-1', revision: 0n } });
    expect(broken).toMatchObject({ event: { streamId: 'links-1', type: '$>' } });
    const [plain] = await collect(client.readStream('links-1'));
    expect(plain).toMatchObject({ event: { streamId: 'links-1' } });
  });

  describe('everything', () => {
    beforeEach(async () => {
      await client.appendToStream('app-1', sampleJson(2));
      await client.appendToStream('version-1', sampleJson(2, 'Released'));
      await client.setStreamMetadata('app-1', { maxCount: 100 });
    });

    const read = async (options: Parameters<EventStoreDBClient['readAll']>[0]) =>
      (await collect(client.readAll(options))).map(({ event }) => `${event!.streamId}@${event!.revision}`);

    it('in its order, with the streams of the system', async () => {
      expect(await read({})).toEqual(['app-1@0', 'app-1@1', 'version-1@0', 'version-1@1', '$$app-1@0']);
      expect(await read({ maxCount: 2 })).toEqual(['app-1@0', 'app-1@1']);
    });

    it('forwards from a position on, backwards from before it', async () => {
      const fromPosition = { commit: 3n, prepare: 3n };
      expect(await read({ fromPosition, maxCount: 2 })).toEqual(['version-1@0', 'version-1@1']);
      expect(await read({ fromPosition, direction: BACKWARDS })).toEqual(['app-1@1', 'app-1@0']);
    });

    it('from either end', async () => {
      expect(await read({ fromPosition: END, direction: BACKWARDS, maxCount: 2 })).toEqual(['$$app-1@0', 'version-1@1']);
      expect(await read({ fromPosition: START, direction: BACKWARDS })).toEqual([]);
      expect(await read({ fromPosition: END })).toEqual([]);
    });

    it.each([
      ['prefixes of streams', { stream: ['version-', '$$'] }, ['version-1@0', 'version-1@1', '$$app-1@0']],
      ['a pattern of streams', { stream: '^app-|n-1$' }, ['app-1@0', 'app-1@1', 'version-1@0', 'version-1@1']],
      ['a pattern of the streams of the system', { stream: '^\\$\\$app-\\d$' }, ['$$app-1@0']],
      ['prefixes of types', { type: ['Rel'] }, ['version-1@0', 'version-1@1']],
      ['a pattern of types', { type: '^[^$]' }, ['app-1@0', 'app-1@1', 'version-1@0', 'version-1@1']],
    ])('by %s, in both directions', async (_name, filter, found) => {
      const namesOf = async (direction: 'forwards' | 'backwards') =>
        (await official.readAllFiltered(filter, direction)).map((event) => {
          const stream = Buffer.from(event.getStreamIdentifier()!.getStreamName_asU8()).toString();
          return `${stream}@${event.getStreamRevision()}`;
        });
      expect(await namesOf('forwards')).toEqual(found);
      expect(await namesOf('backwards')).toEqual(found.toReversed());
    });

    it('refuses a position that can not be, and a pattern that is none', async () => {
      await expect(read({ fromPosition: { commit: 900n, prepare: 900n } })).rejects.toMatchObject({ code: 3 });
      for (const filter of [{ type: '(' }, { stream: '(' }])
        await expect(official.readAllFiltered(filter, 'forwards')).rejects.toMatchObject({ code: 3 });
    });

    it('with ids as numbers, where the client asks for nothing else', async () => {
      const [first] = await collect(client.readAll({ maxCount: 1 }));
      const [same] = await official.readAllFiltered({ stream: ['app-1'] }, 'forwards');
      const numbers = same!.getId()!.getStructured()!;
      const hex = (text: string) => BigInt.asUintN(64, BigInt(text)).toString(16).padStart(16, '0');
      const digits = hex(numbers.getMostSignificantBits()) + hex(numbers.getLeastSignificantBits());
      expect(digits).toBe(first!.event!.id.replaceAll('-', ''));
    });
  });

  it('shows events of ours as the JSON that they are', async () => {
    const events = sampleEvents(2);
    await official.server.store.append('app-1', 'no-stream', events);
    const read = (await collect(client.readStream('app-1'))).map(({ event }) => event!);
    expect(read).toMatchObject(events.map(({ id, type, data, metadata }) => ({ id, type, data, metadata, isJson: true })));
  });

  it('shows ours and strangers’ events to the readers of the embedded store', async () => {
    const [ours] = sampleEvents(1);
    await client.appendToStream('app-1', jsonEvent(ours as never));
    await client.appendToStream('app-1', sampleJson(1));
    const [same, strange] = await collect(official.server.store.readStream('app-1'));
    expect(same).toMatchObject(ours!);
    expect(strange).toMatchObject({ data: { n: 0 }, metadata: { tenants: [], actor: { kind: 'system' }, schemaVersion: 1 } });
  });

  it('does not read ahead of a client that does not take what it asked for', async () => {
    const large = Array.from({ length: 10 }, (_, n) => jsonEvent({ type: 'Large', data: { n, text: 'x'.repeat(90_000) } }));
    for (let i = 0; i < 40; i++)
      await client.appendToStream(
        'app-1',
        large.map((event) => ({ ...event, id: crypto.randomUUID() })),
      );
    const scans = jest.spyOn(official.server.store.bytes, 'readStream');
    const reading = client.readStream('app-1', {}, { highWaterMark: 1 });
    const iterator = reading[Symbol.asyncIterator]();
    await iterator.next();
    // Round trips, in which a server that does not wait would have read everything.
    for (let i = 0; i < 50; i++) await collect(client.readAll({ maxCount: 1 }));
    const pages = scans.mock.calls.length;
    expect(pages).toBeLessThan(20);
    let count = 1;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) count++;
    expect(count).toBe(400);
    expect(scans.mock.calls.length).toBeGreaterThan(pages);
  }, 60_000);
});
