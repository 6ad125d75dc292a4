import { EventStoreDBClient, jsonEvent, START, FORWARDS, BACKWARDS, END } from '@eventstore/db-client';
import { type ProtocolServer, startProtocolServer } from '@souk/event-store/testing';
import { collect } from '@souk/event-sourcing/testing';

describe('smoke', () => {
  let server: ProtocolServer;
  let client: EventStoreDBClient;
  beforeEach(async () => {
    server = await startProtocolServer();
    client = EventStoreDBClient.connectionString(server.connectionString);
  });
  afterEach(async () => {
    await client.dispose();
    await server.close();
  });

  it('works', async () => {
    const events = Array.from({ length: 5 }, (_, n) => jsonEvent({ type: 'Happened', data: { n }, metadata: { a: 1 } }));
    console.log(await client.appendToStream('app-1', events));
    await client.appendToStream('app-1', events[0]!, { expectedRevision: 9n }).catch((e: unknown) => console.log('conflict', e));
    console.log(
      await client.appendToStream('app-1', events[0]!, { expectedRevision: 4n, credentials: { username: 'a', password: 'b' } }),
    );
    console.log((await collect(client.readStream('app-1', { fromRevision: START, direction: FORWARDS }))).at(-1));
    console.log(
      (await collect(client.readStream('app-1', { fromRevision: END, direction: BACKWARDS, maxCount: 2 }))).map(
        (e) => e.event?.revision,
      ),
    );
    console.log((await collect(client.readAll({ fromPosition: START }))).length);
    await collect(client.readStream('nope')).catch((e: unknown) => console.log('nope', e));
    const sub = client.subscribeToAll({ fromPosition: START });
    sub.on('caughtUp', () => console.log('caught up'));
    let n = 0;
    for await (const e of sub) if (++n === 6) break;
    console.log('deleted', await client.deleteStream('app-1'));
    await collect(client.readStream('app-1')).catch((e: unknown) => console.log('gone', String(e)));
    console.log(
      await client.appendToStream(
        'app-1',
        events.slice(0, 1).map((e) => ({ ...e, id: 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11' })),
        { expectedRevision: 'no_stream' },
      ),
    );
    console.log((await collect(client.readStream('app-1'))).map((e) => e.event?.revision));
    console.log('tombstone', await client.tombstoneStream('app-1'));
    await collect(client.readStream('app-1')).catch((e: unknown) => console.log('gone', e));
    await client.appendToStream('app-1', events).catch((e: unknown) => console.log('gone', e));
  });
});
