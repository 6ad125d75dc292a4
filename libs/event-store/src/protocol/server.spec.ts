import { EventStoreDBClient, START, type ResolvedEvent } from '@eventstore/db-client';
import { ServerFeaturesClient } from '@eventstore/db-client/generated/serverfeatures_grpc_pb';
import type { SupportedMethods } from '@eventstore/db-client/generated/serverfeatures_pb';
import { Empty } from '@eventstore/db-client/generated/shared_pb';
import { credentials } from '@grpc/grpc-js';
import { collect, Child, EventRecorder, sampleEvents, temporaryFolder } from '@souk/event-sourcing/testing';
import { join } from 'node:path';
import { BatchRequest } from './batch-request';
import { OfficialClient, sampleJson } from '../../test/official-client';

describe('EventStoreDB protocol: the server', () => {
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

  it('says what it can do, and which version it follows', async () => {
    const features = new ServerFeaturesClient(`127.0.0.1:${official.server.port}`, credentials.createInsecure());
    const answer = await new Promise<SupportedMethods>((resolve, reject) =>
      features.getSupportedMethods(new Empty(), (error, methods) => (error ? reject(error) : resolve(methods))),
    );
    features.close();
    expect(answer.getEventStoreServerVersion()).toMatch(/^23\.10\./);
    const methods = answer.getMethodsList().map((method) => `${method.getServiceName()}/${method.getMethodName()}`);
    expect(methods).toEqual(
      expect.arrayContaining(
        ['read', 'append', 'batchappend', 'delete', 'tombstone'].map((name) => `event_store.client.streams.streams/${name}`),
      ),
    );
  });

  it('is found by gossip as a cluster of one', async () => {
    const found = EventStoreDBClient.connectionString(`esdb+discover://127.0.0.1:${official.server.port}?tls=false`);
    expect(await found.appendToStream('app-1', sampleJson(1))).toMatchObject({ success: true });
    await found.dispose();
  });

  it('shares its store with the process that serves it', async () => {
    const recorder = new EventRecorder();
    official.server.store.subscribe({}, recorder);
    const subscription = client.subscribeToAll({ fromPosition: START });
    const seen: string[] = [];
    const both = new Promise<void>((resolve) =>
      subscription.on('data', ({ event }: ResolvedEvent) => seen.push(event!.streamId) === 4 && resolve()),
    );
    await client.appendToStream('strange-1', sampleJson(2));
    await official.server.store.append('app-1', 'no-stream', sampleEvents(2));
    await both;
    await recorder.got(4);
    expect(seen).toEqual(['strange-1', 'strange-1', 'app-1', 'app-1']);
    expect(recorder.events.map(({ stream }) => stream)).toEqual(seen);
    await expect(client.appendToStream('app-1', sampleJson(1), { expectedRevision: 0n })).rejects.toMatchObject({
      actualVersion: 1n,
    });
  });

  it('keeps everything over a restart', async () => {
    await client.appendToStream('app-1', sampleJson(500));
    await official.server.restart();
    const again = official.another();
    expect(await collect(again.readStream('app-1'))).toHaveLength(500);
    expect(await again.appendToStream('app-1', sampleJson(1), { expectedRevision: 499n })).toMatchObject({ success: true });
  });

  it('leaves the event loop to others while it takes 10,000 events of one append, and gives them', async () => {
    const taken = jest.spyOn(BatchRequest.prototype, 'event');
    const given = jest.spyOn(official.server.store.bytes, 'readStream');
    let most = 0;
    let seen = 0;
    let watching = true;
    const look = (): void => {
      const now = taken.mock.calls.length + given.mock.results.reduce((sum, { value }) => sum + (value as unknown[]).length, 0);
      most = Math.max(most, now - seen);
      seen = now;
      if (watching) setImmediate(look);
    };
    look();
    await client.appendToStream('app-1', sampleJson(10_000));
    let got = 0;
    for await (const { event } of client.readStream('app-1')) got += Number(event !== undefined);
    watching = false;
    expect(got).toBe(10_000);
    expect(seen).toBeGreaterThanOrEqual(20_000);
    // Steps of 256 events; two of them may come between two looks.
    expect(most).toBeLessThanOrEqual(512);
  }, 60_000);
});

describe('npm run eventstore', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeEach(() => (folder = temporaryFolder()));
  afterEach(() => folder.remove());

  const start = (...args: string[]) => new Child(join(__dirname, 'main.ts'), { args: ['--port', '0', ...args] });

  it('prints a connection string with which a stranger writes at once, and stops cleanly', async () => {
    const child = start('--data', folder.path);
    const address = (await child.line('  connect')).split(/\s+/).at(-1)!;
    const client = EventStoreDBClient.connectionString(address);
    await client.appendToStream('app-1', sampleJson(3));
    await client.dispose();
    await child.interrupt();
    expect(child.code).toBe(0);
    const again = start('--data', folder.path, '--read-only');
    expect(await again.line('  data')).toContain('3 events in 1 streams');
    expect(await again.line('  access')).toContain('nobody may write');
    await again.interrupt();
  });

  it('says in plain words who has the folder', async () => {
    const first = start('--data', folder.path);
    await first.line('  connect');
    const second = start('--data', folder.path);
    await expect(second.line('  connect')).rejects.toThrow(`is in use by process ${first.pid}. Stop that first`);
    await first.interrupt();
  });

  it('says in plain words that somebody else listens there', async () => {
    const first = start('--data', join(folder.path, 'a'));
    const { port } = new URL((await first.line('  connect')).split(/\s+/).at(-1)!.replace('esdb:', 'http:'));
    const second = start('--data', join(folder.path, 'b'), '--port', port);
    await expect(second.line('  connect')).rejects.toThrow('the port is in use. Choose another one');
    await first.interrupt();
  });
});
