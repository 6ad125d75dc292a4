import { eventBusProperty, JetStreamWorld, NatsServer, withoutNats } from '@souk/messaging/testing';

if (withoutNats) describe.skip(`JetStreamBus, whatever happens: skipped, ${withoutNats}`, () => it.todo('keeps the laws'));
else {
  let server: NatsServer | undefined;
  const url = async (): Promise<string> => process.env['NATS_URL'] ?? (server ??= await NatsServer.start()).url;

  afterAll(() => server?.close());
  eventBusProperty('JetStreamBus', async () => JetStreamWorld.open(await url()), 15);
}
