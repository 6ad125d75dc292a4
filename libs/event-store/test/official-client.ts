import { Empty } from '@eventstore/db-client/generated/shared_pb';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb';
import { ReadReq, type ReadResp } from '@eventstore/db-client/generated/streams_pb';
import { credentials } from '@grpc/grpc-js';
import { collect } from '@souk/event-sourcing/testing';
import { EventStoreDBClient, jsonEvent, type JSONEventData, type JSONEventType, type ResolvedEvent } from '@eventstore/db-client';
import { type ProtocolServer, type ProtocolServerOptions, startProtocolServer } from '../testing';

export type Sample = JSONEventType<'Happened', { n: number }>;

/** The official client and a server that it speaks to. */
export class OfficialClient {
  private readonly clients: EventStoreDBClient[] = [];
  readonly client: EventStoreDBClient;

  private constructor(readonly server: ProtocolServer) {
    this.client = this.another();
  }

  static async start(options: ProtocolServerOptions = {}): Promise<OfficialClient> {
    return new OfficialClient(await startProtocolServer(undefined, options));
  }

  /** A client of its own, patient on a busy machine, with further parameters of the connection string. */
  another(parameters = 'throwOnAppendFailure=true'): EventStoreDBClient {
    const client = EventStoreDBClient.connectionString(`${this.server.connectionString}&defaultDeadline=60000&${parameters}`);
    this.clients.push(client);
    return client;
  }

  /** What other clients can do: a filtered read of everything, by streams or types, by prefixes or a pattern. */
  async readAllFiltered(
    filter: { readonly stream?: string | string[]; readonly type?: string | string[] },
    direction: 'forwards' | 'backwards',
  ): Promise<ReadResp.ReadEvent.RecordedEvent[]> {
    const expression = new ReadReq.Options.FilterOptions.Expression();
    const wanted = filter.stream ?? filter.type ?? [];
    if (typeof wanted === 'string') expression.setRegex(wanted);
    else expression.setPrefixList(wanted);
    const filterOptions = new ReadReq.Options.FilterOptions();
    if (filter.stream) filterOptions.setStreamIdentifier(expression);
    else filterOptions.setEventType(expression);
    filterOptions.setCount(new Empty());
    const all = new ReadReq.Options.AllOptions();
    if (direction === 'forwards') all.setStart(new Empty());
    else all.setEnd(new Empty());
    const options = new ReadReq.Options();
    options.setAll(all);
    options.setFilter(filterOptions);
    const { FORWARDS, BACKWARDS } = ReadReq.Options.ReadDirection;
    options.setReadDirection(direction === 'forwards' ? FORWARDS : BACKWARDS);
    options.setCount('100');
    const request = new ReadReq();
    request.setOptions(options);
    const streams = new StreamsClient(`127.0.0.1:${this.server.port}`, credentials.createInsecure());
    try {
      const responses = await collect<ReadResp>(streams.read(request));
      return responses.map((response) => response.getEvent()!.getEvent()!);
    } finally {
      streams.close();
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.dispose()));
    await this.server.close();
  }
}

/** That many events; `data.n` counts from 0. */
export function sampleJson(count: number, type = 'Happened'): JSONEventData<Sample>[] {
  return Array.from({ length: count }, (_, n) => jsonEvent<Sample>({ type: type as 'Happened', data: { n } }));
}

export function revisionsOf(events: readonly ResolvedEvent[]): number[] {
  return events.map(({ event }) => Number(event!.revision));
}
