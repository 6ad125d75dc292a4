import { eventBusContract, JetStreamWorld, NatsServer, withoutNats } from '@souk/messaging/testing';

if (withoutNats) describe.skip(`JetStreamBus as an EventBus: skipped, ${withoutNats}`, () => it.todo('keeps the laws'));
else {
  let server: NatsServer | undefined;
  const url = async (): Promise<string> => process.env['NATS_URL'] ?? (server ??= await NatsServer.start()).url;

  afterAll(() => server?.close());
  eventBusContract('JetStreamBus', async () => JetStreamWorld.open(await url()));
}
