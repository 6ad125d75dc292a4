import { SupportedMethod, SupportedMethods } from '@eventstore/db-client/generated/serverfeatures_pb';
import type { ServiceDefinition } from '@grpc/grpc-js';

/** The version whose behaviour is followed. */
export const SERVER_VERSION = '23.10.1';

const persistentSubscriptions = 'event_store.client.persistent_subscriptions.persistentsubscriptions';

/** As that version lists them. */
const FEATURES: Readonly<Record<string, readonly string[]>> = {
  'event_store.client.streams.streams/read': ['position', 'events'],
  'event_store.client.projections.projections/create': ['track_emitted_streams'],
  ...Object.fromEntries(
    ['create', 'update', 'delete', 'read', 'getinfo', 'list', 'replayparked'].map((method) => [
      `${persistentSubscriptions}/${method}`,
      ['stream', 'all'],
    ]),
  ),
};

/**
 * The methods that answer: also those that only say what is not supported. Clients that miss one here do not call it: they try HTTP/1, or
 * ask for a newer server, and neither tells anybody what is missing.
 */
export function supportedMethods(services: readonly ServiceDefinition[]): SupportedMethods {
  const answer = new SupportedMethods();
  answer.setEventStoreServerVersion(SERVER_VERSION);
  for (const { path } of services.flatMap((service) => Object.values(service))) {
    const [service, method] = path.toLowerCase().slice(1).split('/') as [string, string];
    const supported = new SupportedMethod();
    supported.setServiceName(service);
    supported.setMethodName(method);
    supported.setFeaturesList([...(FEATURES[`${service}/${method}`] ?? [])]);
    answer.addMethods(supported);
  }
  return answer;
}
