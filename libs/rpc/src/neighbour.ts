import { randomUUID } from 'node:crypto';
import { Client, type ClientReadableStream, connectivityState, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { activeTraceparent, inSpan, SpanKind } from '@souk/tracing';
import { currentScope } from './call-scope';
import { errorOf, isLost } from './error-status';
import { NeighbourAway } from './errors';
import type { Message } from './internal-port';
import type { RpcMethod } from './internal-ports';
import type { ObserveCall } from './rpc-metrics';
import { channelCredentials, KEEPALIVE_MS, KEEPALIVE_TIMEOUT_MS, MAX_MESSAGE_BYTES, type RpcTls } from './rpc-options';
import { AUTHORIZATION } from './rpc-token';

export interface NeighbourOptions {
  /** Shown with every call. */
  readonly token: string;
  readonly tls?: RpcTls | undefined;
  /** How long a call may take, retry included, in milliseconds. */
  readonly deadlineMs: number;
  readonly observe: ObserveCall;
}

/** A name with several addresses is several replicas: calls go to each of them in turn. */
const channelOptions = {
  'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
  'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
  'grpc.keepalive_time_ms': KEEPALIVE_MS,
  'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2_000,
  'grpc.dns_min_time_between_resolutions_ms': 2_000,
  // Neighbours are in the same network, whatever the environment says of the way out of it.
  'grpc.enable_http_proxy': 0,
};

/** Another service as it is asked: one channel for each of its addresses. */
export class Neighbour {
  private readonly clients: readonly Client[];
  private turn = 0;

  /** @param addresses `host:port`, at least one */
  constructor(
    readonly service: string,
    addresses: readonly string[],
    private readonly options: NeighbourOptions,
  ) {
    const credentials = channelCredentials(options.tls);
    this.clients = addresses.map((address) => new Client(address, credentials, channelOptions));
  }

  /**
   * One call. It waits for a connection, and is made once more where its connection was lost, unless it is not `repeatable`; all of that
   * within its deadline, and within the rest of the deadline of the call that is being served.
   * @throws RemoteDomainError, NeighbourAway, NeighbourFailed
   */
  call(
    method: RpcMethod,
    request: Message,
    options: { readonly repeatable?: boolean; readonly requestId?: string } = {},
  ): Promise<Message> {
    const name = method.path.slice(1);
    const attributes = { 'rpc.system.name': 'grpc', 'rpc.method': name, 'souk.neighbour': this.service };
    return inSpan(name, { kind: SpanKind.CLIENT, attributes }, () => this.callInTime(method, request, options));
  }

  private async callInTime(method: RpcMethod, request: Message, { repeatable = true, requestId = '' }): Promise<Message> {
    const began = performance.now();
    const scope = currentScope();
    const until = Math.min(began + this.options.deadlineMs, scope?.until ?? Infinity);
    const metadata = this.metadata(scope?.requestId ?? (requestId || randomUUID()));
    let code = status.OK;
    try {
      const first = await this.connected(until);
      try {
        return await once(first, method, request, metadata, until);
      } catch (error) {
        if (!repeatable || !isLost(error as ServiceError)) throw error;
        return await once(await this.connected(until, first), method, request, metadata, until);
      }
    } catch (error) {
      code = error instanceof NeighbourAway ? status.UNAVAILABLE : (error as ServiceError).code;
      throw error instanceof NeighbourAway ? error : errorOf(this.service, error as ServiceError);
    } finally {
      this.options.observe(this.service, method.originalName ?? method.path, code, (performance.now() - began) / 1000);
    }
  }

  /** A call that is answered by messages until one side ends it. @throws NeighbourAway */
  async listen(method: RpcMethod, request: Message): Promise<ClientReadableStream<Message>> {
    const client = await this.connected(performance.now() + this.options.deadlineMs);
    const { path, requestSerialize, responseDeserialize } = method;
    return client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, this.metadata(randomUUID()));
  }

  /** What still runs has failed. */
  close(): void {
    for (const client of this.clients) client.close();
  }

  private metadata(requestId: string): Metadata {
    const metadata = new Metadata();
    metadata.set(AUTHORIZATION, `Bearer ${this.options.token}`);
    metadata.set('x-request-id', requestId);
    const traceparent = activeTraceparent();
    if (traceparent !== undefined) metadata.set('traceparent', traceparent);
    return metadata;
  }

  /** One that is connected, each in its turn, another one than this where there is one; or the first that will be. */
  private async connected(until: number, notThis?: Client): Promise<Client> {
    const ready = this.clients.filter(isReady);
    const others = ready.filter((client) => client !== notThis);
    const choice = others.length > 0 ? others : ready;
    if (choice.length > 0) return choice[this.turn++ % choice.length]!;
    try {
      return await Promise.any(this.clients.map((client) => whenReady(client, until)));
    } catch {
      throw new NeighbourAway(this.service, 'no connection');
    }
  }
}

/** One that is not begins to connect. */
function isReady(client: Client): boolean {
  try {
    return client.getChannel().getConnectivityState(true) === connectivityState.READY;
  } catch {
    return false; // closed
  }
}

const dateOf = (until: number): Date => new Date(Date.now() + until - performance.now());

function whenReady(client: Client, until: number): Promise<Client> {
  return new Promise((resolve, reject) => {
    client.waitForReady(dateOf(until), (error) => (error ? reject(error) : resolve(client)));
  });
}

function once(client: Client, method: RpcMethod, request: Message, metadata: Metadata, until: number): Promise<Message> {
  const { path, requestSerialize, responseDeserialize } = method;
  return new Promise((resolve, reject) => {
    const options = { deadline: dateOf(until) };
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, options, (error, answer) =>
      error ? reject(error) : resolve(answer!),
    );
  });
}
