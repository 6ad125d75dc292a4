import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { protoDirectory } from '@souk/contracts';
import type { InternalPort, Message, Port } from './internal-port';
import { appCatalogPorts } from './ports/app-catalog';
import { authorizationPorts } from './ports/authorization';
import { deploymentPorts } from './ports/deployment';
import { historyPort } from './ports/history';
import { orchestrationPorts } from './ports/orchestration';
import { releasePorts } from './ports/release';

/** Everything that services ask each other. */
export const internalPorts: readonly InternalPort[] = [
  ...appCatalogPorts,
  ...orchestrationPorts,
  ...releasePorts,
  ...authorizationPorts,
  ...deploymentPorts,
  historyPort,
];

const PACKAGE = 'souk/internal/v1';

const loaded = loadSync(
  readdirSync(join(protoDirectory, PACKAGE)).map((file) => `${PACKAGE}/${file}`),
  { includeDirs: [protoDirectory], longs: Number, defaults: true },
);

/** @throws Error for a class that is no port between services */
export function internalPortOf(port: Port): InternalPort {
  const found = internalPorts.find((one) => one.port === port);
  if (!found) throw new Error(`"${port.name}" is not asked by other services: there is no entry for it in libs/rpc/src/ports`);
  return found;
}

/** The gRPC service of a port. */
export function rpcServiceOf({ port }: InternalPort): ServiceDefinition {
  return loaded[`souk.internal.v1.${port.name}`] as ServiceDefinition;
}

export type RpcMethod = MethodDefinition<Message, Message>;

/** `newestReleased` → `/souk.internal.v1.ReleaseQueries/NewestReleased` */
export function rpcMethodOf(port: InternalPort, method: string): RpcMethod {
  return rpcServiceOf(port)[rpcNameOf(method)] as RpcMethod;
}

export const rpcNameOf = (method: string): string => method.charAt(0).toUpperCase() + method.slice(1);
