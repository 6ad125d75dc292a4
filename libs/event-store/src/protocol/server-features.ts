import { SupportedMethod, SupportedMethods } from '@eventstore/db-client/generated/serverfeatures_pb';
import type { ServiceDefinition } from '@grpc/grpc-js';

/** The version whose behaviour is followed. */
export const SERVER_VERSION = '23.10.1';

const FEATURES: Readonly<Record<string, readonly string[]>> = {
  'event_store.client.streams.streams/read': ['position', 'events'],
};

/** The methods that are really there. */
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
