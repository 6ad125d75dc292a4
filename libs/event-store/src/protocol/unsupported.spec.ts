import {
  EventStoreDBClient,
  type PersistentSubscriptionToAll,
  type PersistentSubscriptionToStream,
  persistentSubscriptionToAllSettingsFromDefaults,
  persistentSubscriptionToStreamSettingsFromDefaults,
} from '@eventstore/db-client';
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { once } from 'node:events';
import { OfficialClient } from '../../test/official-client';
import { unsupportedServices } from './unsupported';

type Call = (client: EventStoreDBClient) => Promise<unknown>;

const toStream = persistentSubscriptionToStreamSettingsFromDefaults();
const toAll = persistentSubscriptionToAllSettingsFromDefaults();

/** Rejects with what a subscription ends with. */
const broken = async (subscription: PersistentSubscriptionToAll | PersistentSubscriptionToStream): Promise<unknown> => {
  const [error] = (await once(subscription, 'error')) as [Error];
  throw error;
};

/** By the name of the method of the official client. */
const persistentSubscriptions: Readonly<Record<string, Call>> = {
  createPersistentSubscriptionToStream: (client) => client.createPersistentSubscriptionToStream('app-1', 'group', toStream),
  createPersistentSubscriptionToAll: (client) => client.createPersistentSubscriptionToAll('group', toAll),
  updatePersistentSubscriptionToStream: (client) => client.updatePersistentSubscriptionToStream('app-1', 'group', toStream),
  updatePersistentSubscriptionToAll: (client) => client.updatePersistentSubscriptionToAll('group', toAll),
  deletePersistentSubscriptionToStream: (client) => client.deletePersistentSubscriptionToStream('app-1', 'group'),
  deletePersistentSubscriptionToAll: (client) => client.deletePersistentSubscriptionToAll('group'),
  subscribeToPersistentSubscriptionToStream: (client) =>
    broken(client.subscribeToPersistentSubscriptionToStream('app-1', 'group')),
  subscribeToPersistentSubscriptionToAll: (client) => broken(client.subscribeToPersistentSubscriptionToAll('group')),
  getPersistentSubscriptionToStreamInfo: (client) => client.getPersistentSubscriptionToStreamInfo('app-1', 'group', {}),
  getPersistentSubscriptionToAllInfo: (client) => client.getPersistentSubscriptionToAllInfo('group'),
  listAllPersistentSubscriptions: (client) => client.listAllPersistentSubscriptions(),
  listPersistentSubscriptionsToStream: (client) => client.listPersistentSubscriptionsToStream('app-1'),
  listPersistentSubscriptionsToAll: (client) => client.listPersistentSubscriptionsToAll(),
  replayParkedMessagesToStream: (client) => client.replayParkedMessagesToStream('app-1', 'group'),
  replayParkedMessagesToAll: (client) => client.replayParkedMessagesToAll('group'),
  restartPersistentSubscriptionSubsystem: (client) => client.restartPersistentSubscriptionSubsystem(),
};
const projections: Readonly<Record<string, Call>> = {
  createProjection: (client) => client.createProjection('mine', 'fromAll()', { trackEmittedStreams: true, emitEnabled: true }),
  updateProjection: (client) => client.updateProjection('mine', 'fromAll()'),
  deleteProjection: (client) => client.deleteProjection('mine'),
  enableProjection: (client) => client.enableProjection('mine'),
  disableProjection: (client) => client.disableProjection('mine'),
  abortProjection: (client) => client.abortProjection('mine'),
  resetProjection: (client) => client.resetProjection('mine'),
  getProjectionResult: (client) => client.getProjectionResult('mine'),
  getProjectionState: (client) => client.getProjectionState('mine'),
  getProjectionStatus: (client) => client.getProjectionStatus('mine'),
  listProjections: (client) => client.listProjections(),
  restartSubsystem: (client) => client.restartSubsystem(),
};
const supported = [
  ...['appendToStream', 'readStream', 'readAll', 'subscribeToStream', 'subscribeToAll'],
  ...['deleteStream', 'tombstoneStream', 'getStreamMetadata', 'setStreamMetadata'],
];

describe('EventStoreDB protocol: what is not supported', () => {
  let official: OfficialClient;
  beforeAll(async () => (official = await OfficialClient.start()));
  afterAll(() => official.stop());

  it('is told to the official client, whatever it calls', () => {
    const known = [...supported, ...Object.keys(persistentSubscriptions), ...Object.keys(projections)];
    expect(callsOf(EventStoreDBClient.prototype).sort()).toEqual(known.sort());
  });

  it.each([
    ...Object.entries(persistentSubscriptions).map(([name, call]) => [name, 'Persistent subscriptions', call] as const),
    ...Object.entries(projections).map(([name, call]) => [name, 'Projections', call] as const),
  ])('%s: %s', async (_name, feature, call) => {
    const error: unknown = await call(official.client).then(
      () => undefined,
      (refusal: unknown) => refusal,
    );
    expect(error).toMatchObject({
      code: status.UNIMPLEMENTED,
      message: expect.stringContaining(`${feature} are not supported by this server.`),
    });
  });

  const methods = unsupportedServices.flatMap((service) => Object.values(service).map(({ path }) => path));
  it.each(methods)('%s says so to other clients', async (path) => {
    const client = new Client(`127.0.0.1:${official.server.port}`, credentials.createInsecure());
    const bytes = (message: Buffer): Buffer => message;
    const call = client.makeBidiStreamRequest(path, bytes, bytes);
    const failed = once(call.resume(), 'error') as Promise<[ServiceError]>;
    call.end(Buffer.alloc(0));
    const [{ code, details }] = await failed;
    client.close();
    expect(code).toBe(status.UNIMPLEMENTED);
    expect(details).toMatch(
      /^(Persistent subscriptions|Projections|Operations \(.+\)|Users|Statistics) are not supported by this server\.$/,
    );
  });
});

/** What the driver has put onto its prototypes; methods of classes are not enumerable, those of its commands are. */
function callsOf(prototype: object): string[] {
  const names: string[] = [];
  for (let at: object = prototype; at !== Object.prototype; at = Object.getPrototypeOf(at) as object)
    names.push(...Object.keys(at));
  return names;
}
