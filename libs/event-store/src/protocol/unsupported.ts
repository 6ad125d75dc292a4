import { MonitoringService } from '@eventstore/db-client/generated/monitoring_grpc_pb';
import { OperationsService } from '@eventstore/db-client/generated/operations_grpc_pb';
import { PersistentSubscriptionsService } from '@eventstore/db-client/generated/persistent_grpc_pb';
import { ProjectionsService } from '@eventstore/db-client/generated/projections_grpc_pb';
import { UsersService } from '@eventstore/db-client/generated/users_grpc_pb';
import type { sendUnaryData, Server, ServiceDefinition } from '@grpc/grpc-js';
import { NotImplemented } from './protocol-errors';

const features: readonly (readonly [feature: string, service: ServiceDefinition])[] = [
  ['Persistent subscriptions', PersistentSubscriptionsService],
  ['Projections', ProjectionsService],
  ['Operations (scavenging, shutdown, leadership)', OperationsService],
  ['Users', UsersService],
  ['Statistics', MonitoringService],
];

/** Those of which every call is refused. */
export const unsupportedServices: readonly ServiceDefinition[] = features.map(([, service]) => service);

/** What is missing says so by its name, instead of "unknown method". */
export function addUnsupported(server: Server): void {
  for (const [feature, service] of features) {
    const refuse = (call: { emit(event: 'error', error: unknown): unknown }, callback?: sendUnaryData<unknown>): void => {
      const error = new NotImplemented(feature);
      if (callback) callback(error);
      else call.emit('error', error);
    };
    const methods = Object.keys(service).map((method) => [method, refuse] as const);
    server.addService(service, Object.fromEntries(methods));
  }
}
