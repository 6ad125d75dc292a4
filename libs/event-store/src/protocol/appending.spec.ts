import {
  binaryEvent,
  type EventStoreDBClient,
  jsonEvent,
  MaxAppendSizeExceededError,
  StreamNotFoundError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { collect } from '@souk/event-sourcing/testing';
import { randomUUID } from 'node:crypto';
import { OfficialClient, revisionsOf, sampleJson } from '../../test/official-client';

/** The client appends in batches, or by a call for each append where credentials come with it. */
const ways = [
  ['in batches', 10_000, {}],
  ['one by one', 2_000, { credentials: { username: 'someone', password: 'ignored without TLS' } }],
] as const;

describe.each(ways)('EventStoreDB protocol: appending %s', (_name, many, way) => {
  let official: OfficialClient;
  let client: EventStoreDBClient;
  beforeEach(async () => {
    official = await OfficialClient.start();
    client = official.client;
  });
  afterEach(() => official.stop());

  it('answers the revision and the position of the last event', async () => {
    expect(await client.appendToStream('app-1', sampleJson(3), way)).toEqual({
      success: true,
      nextExpectedRevision: 2n,
      position: { commit: 3n, prepare: 3n },
    });
  });

  it.each([
    ['no_stream', true],
    ['any', true],
    ['stream_exists', false],
    [0n, false],
  ] as const)('of a new stream, where %s is expected: %s', async (expectedRevision, accepted) => {
    const appending = client.appendToStream('app-1', sampleJson(1), { ...way, expectedRevision });
    if (accepted) expect(await appending).toMatchObject({ success: true });
    else
      await expect(appending).rejects.toMatchObject({
        type: 'wrong-expected-version',
        streamName: 'app-1',
        expectedVersion: expectedRevision,
        actualVersion: 'no_stream',
      });
  });

  it.each([
    ['no_stream', false],
    ['any', true],
    ['stream_exists', true],
    [1n, true],
    [0n, false],
    [2n, false],
  ] as const)('of a stream of two events, where %s is expected: %s', async (expectedRevision, accepted) => {
    await client.appendToStream('app-1', sampleJson(2), way);
    const appending = client.appendToStream('app-1', sampleJson(1), { ...way, expectedRevision });
    if (accepted) expect(await appending).toMatchObject({ nextExpectedRevision: 2n });
    else await expect(appending).rejects.toThrow(WrongExpectedVersionError);
  });

  it('tells a conflict without an error, where the client wants it so', async () => {
    const calm = official.another('throwOnAppendFailure=false');
    expect(await calm.appendToStream('app-1', sampleJson(1), { ...way, expectedRevision: 4n })).toMatchObject({
      success: false,
      nextExpectedRevision: -1n,
    });
  });

  it('keeps ids, types, content types, data and metadata to the byte', async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    const id = randomUUID();
    await client.appendToStream(
      'app-ü',
      [
        jsonEvent({ id, type: 'Größe-✓', data: { 10: 'ten', 9: [1.5, null, '–'] }, metadata: { tenants: 'none' } }),
        binaryEvent({ type: 'bytes', data: bytes, metadata: bytes.toReversed() }),
        binaryEvent({ type: 'nothing', data: new Uint8Array() }),
        jsonEvent({ type: 'scalar', data: 'just text' as never }),
      ],
      way,
    );
    const events = (await collect(client.readStream('app-ü'))).map(({ event }) => event!);
    expect(events).toMatchObject([
      { id, type: 'Größe-✓', isJson: true, data: { 10: 'ten', 9: [1.5, null, '–'] }, metadata: { tenants: 'none' } },
      { type: 'bytes', isJson: false, data: bytes, metadata: bytes.toReversed() },
      { type: 'nothing', isJson: false, data: new Uint8Array() },
      { type: 'scalar', isJson: true, data: 'just text' },
    ]);
    expect(events[2]!.metadata).toBeUndefined();
    expect(Math.abs(events[0]!.created.getTime() - Date.now())).toBeLessThan(60_000);
  });

  it('takes an empty append for what it is', async () => {
    expect(await client.appendToStream('app-1', [], way)).toMatchObject({ success: true });
    await expect(collect(client.readStream('app-1'))).rejects.toThrow(StreamNotFoundError);
    await client.appendToStream('app-1', sampleJson(3), way);
    expect(await client.appendToStream('app-1', [], { ...way, expectedRevision: 2n })).toMatchObject({
      nextExpectedRevision: 2n,
    });
    await expect(client.appendToStream('app-1', [], { ...way, expectedRevision: 1n })).rejects.toThrow(WrongExpectedVersionError);
  });

  it('answers a repeat with the original result, and writes nothing', async () => {
    const events = sampleJson(2);
    const first = await client.appendToStream('app-1', events, { ...way, expectedRevision: 'no_stream' });
    await client.appendToStream('app-1', sampleJson(1), way);
    for (const expectedRevision of ['no_stream', 'any'] as const)
      expect(await client.appendToStream('app-1', events, { ...way, expectedRevision })).toEqual(first);
    expect(await collect(client.readStream('app-1'))).toHaveLength(3);
  });

  it(`makes ${many} events of one append visible at once, or none of them`, async () => {
    await client.appendToStream('app-1', sampleJson(many), way);
    expect(revisionsOf(await collect(client.readStream('app-1')))).toEqual(Array.from({ length: many }, (_, i) => i));
    await expect(client.appendToStream('app-1', sampleJson(many), { ...way, expectedRevision: 5n })).rejects.toThrow(
      WrongExpectedVersionError,
    );
    expect(official.server.store.stats().events).toBe(many);
  }, 60_000);

  it('takes an event of a megabyte, and refuses a larger append as the real server does', async () => {
    const large = (bytes: number) => binaryEvent({ type: 'Large', data: new Uint8Array(bytes).fill(7) });
    await client.appendToStream('app-1', large(1_000_000), way);
    const [read] = await collect(client.readStream('app-1'));
    expect((read!.event!.data as Uint8Array).length).toBe(1_000_000);
    const refused = client.appendToStream('app-1', [large(600_000), large(600_000)], way);
    await expect(refused).rejects.toThrow(MaxAppendSizeExceededError);
    await expect(refused).rejects.toMatchObject({ maxAppendSize: 1_048_576 });
    expect(await collect(client.readStream('app-1'))).toHaveLength(1);
  });

  it('takes a larger append where it is told to', async () => {
    const generous = await OfficialClient.start({ maxAppendBytes: 8_000_000 });
    try {
      const event = (bytes: number) => binaryEvent({ type: 'Large', data: new Uint8Array(bytes).fill(7) });
      const events = Array.from({ length: 39 }, () => event(200_000));
      expect(await generous.client.appendToStream('app-1', events, way)).toMatchObject({ success: true });
      const refused = generous.client.appendToStream('app-2', [...events, event(200_000)], way);
      await expect(refused).rejects.toMatchObject({ maxAppendSize: 8_000_000 });
      expect(generous.server.store.stats().events).toBe(39);
    } finally {
      await generous.stop();
    }
  });

  it('takes any text for the name of a stream, also over a restart', async () => {
    const names = ['a\0b', ' ', '\u0001', '$ce-app', 'ü-✓-😀', 'app-1/../x', '__proto__'];
    for (const name of names) await client.appendToStream(name, sampleJson(130), way);
    await official.server.restart();
    const again = official.another();
    for (const name of names) {
      expect(await again.appendToStream(name, sampleJson(1), { ...way, expectedRevision: 129n })).toMatchObject({
        success: true,
      });
      expect(await collect(again.readStream(name))).toHaveLength(131);
    }
  });

  it('refuses the name of a stream that the store can not keep', async () => {
    await expect(client.appendToStream('x'.repeat(513), sampleJson(1), way)).rejects.toThrow();
    expect(await client.appendToStream('x'.repeat(512), sampleJson(1), way)).toMatchObject({ success: true });
  });

  it('has one winner for each revision among 64 who append at once', async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 64 }, () => client.appendToStream('app-1', sampleJson(1), { ...way, expectedRevision: 'no_stream' })),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await Promise.all(Array.from({ length: 64 }, () => client.appendToStream('app-2', sampleJson(5), way)));
    expect(revisionsOf(await collect(client.readStream('app-2')))).toEqual(Array.from({ length: 320 }, (_, i) => i));
  });
});
