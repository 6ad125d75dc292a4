import { GossipService } from '@eventstore/db-client/generated/gossip_grpc_pb';
import { ServerFeaturesService } from '@eventstore/db-client/generated/serverfeatures_grpc_pb';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Access } from './access';
import { clusterOfOne } from './gossip';
import { OpenCalls } from './open-calls';
import {
  AddressUnavailable,
  type EventStoreDbServerOptions,
  MAX_APPEND_BYTES,
  type RunningEventStoreDbServer,
} from './server-options';
import { supportedMethods } from './server-features';
import { RulesReader } from './stream-rules';
import { StreamReader } from './stream-reader';
import { StreamWriter } from './stream-writer';
import { streamsDefinition, streamsService } from './streams-service';
import { addUnsupported, unsupportedServices } from './unsupported';

/** As the real server has them: an event of 16 MB can be read, and something stands around it. */
const MAX_MESSAGE_BYTES = 17 * 1024 * 1024;
/** Calls under way at a close may go on so long, in milliseconds. */
const CLOSE_WITHIN = 500;
/** To listen on all addresses; nobody can be sent there. */
const ANY_ADDRESS = new Set(['0.0.0.0', '::']);

/** See `serveEventStoreDb`. */
export async function startServer({
  store,
  host = '127.0.0.1',
  port: wanted = 2113,
  tls,
  maxAppendBytes = MAX_APPEND_BYTES,
  onError = () => undefined,
  ...access
}: EventStoreDbServerOptions): Promise<RunningEventStoreDbServer> {
  const server = new Server({
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
    'grpc.keepalive_time_ms': 10_000,
    'grpc.keepalive_timeout_ms': 10_000,
  });
  const calls = new OpenCalls();
  const port = { bound: wanted };
  const instanceId = randomUUID();
  const reachable = ANY_ADDRESS.has(host) ? hostname() : host;
  const rules = new RulesReader(store.bytes);
  const reader = new StreamReader(store.bytes, rules);
  const writer = new StreamWriter(store.bytes, rules);
  server.addService(
    streamsDefinition,
    streamsService({ store: store.bytes, reader, writer, calls, maxAppendBytes, onError }, new Access(access)),
  );
  server.addService(ServerFeaturesService, {
    getSupportedMethods: (_call: unknown, callback: (error: null, answer: unknown) => void) =>
      callback(null, supportedMethods([streamsDefinition, GossipService, ServerFeaturesService, ...unsupportedServices])),
  });
  server.addService(GossipService, {
    read: (_call: unknown, callback: (error: null, answer: unknown) => void) =>
      callback(null, clusterOfOne(instanceId, reachable, port.bound)),
  });
  addUnsupported(server);
  port.bound = await bind(server, `${hostPart(host)}:${wanted}`, tls);
  return {
    port: port.bound,
    connectionString: `esdb://${hostPart(reachable)}:${port.bound}?tls=${tls ? 'true' : 'false'}`,
    close: () => close(server, calls),
  };
}

/** An IPv6 address stands in brackets before a port. */
function hostPart(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function bind(server: Server, address: string, tls: EventStoreDbServerOptions['tls']): Promise<number> {
  const credentials = tls
    ? ServerCredentials.createSsl(null, [{ cert_chain: tls.certificate, private_key: tls.key }])
    : ServerCredentials.createInsecure();
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, bound) => {
      if (error) reject(new AddressUnavailable(address, { cause: error }));
      else resolve(bound);
    });
  });
}

async function close(server: Server, calls: OpenCalls): Promise<void> {
  calls.stopAll();
  await new Promise<void>((resolve) => {
    const force = setTimeout(() => server.forceShutdown(), CLOSE_WITHIN);
    server.tryShutdown(() => {
      clearTimeout(force);
      resolve();
    });
  });
}
