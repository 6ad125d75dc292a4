import { UUID } from '@eventstore/db-client/generated/shared_pb';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb';
import { BatchAppendReq, type BatchAppendResp } from '@eventstore/db-client/generated/streams_pb';
import { type ClientDuplexStream, credentials } from '@grpc/grpc-js';
import { Empty } from 'google-protobuf/google/protobuf/empty_pb';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type ProtocolServer, startProtocolServer } from '../../testing';
import { identifierOf } from './read-response';

describe('Appends in parts', () => {
  let server: ProtocolServer;
  let client: StreamsClient;
  let call: ClientDuplexStream<BatchAppendReq, BatchAppendResp>;
  beforeEach(async () => {
    server = await startProtocolServer();
    client = new StreamsClient(`127.0.0.1:${server.port}`, credentials.createInsecure());
    call = client.batchAppend();
    call.on('error', () => undefined);
  });
  afterEach(async () => {
    call.cancel();
    client.close();
    await server.close();
  });

  /** One event of so many bytes, to the stream of that name, which is the correlation id as well. */
  const send = (append: string, bytes: number, isFinal: boolean, isFirst = true): void => {
    const request = new BatchAppendReq();
    const uuid = (text: string): UUID => {
      const id = new UUID();
      id.setString(text);
      return id;
    };
    request.setCorrelationId(uuid(append));
    if (isFirst) {
      const options = new BatchAppendReq.Options();
      options.setStreamIdentifier(identifierOf(append));
      options.setAny(new Empty());
      request.setOptions(options);
    }
    const message = new BatchAppendReq.ProposedMessage();
    message.setId(uuid(randomUUID()));
    message.getMetadataMap().set('type', 'Sample').set('content-type', 'application/octet-stream');
    message.setData(new Uint8Array(bytes));
    request.addProposedMessages(message);
    request.setIsFinal(isFinal);
    call.write(request);
  };
  const answer = async (): Promise<{ append: string; isDone: boolean }> => {
    const [response] = (await once(call, 'data')) as [BatchAppendResp];
    return { append: response.getCorrelationId()!.getString(), isDone: response.hasSuccess() };
  };

  it('are refused when all that are unfinished have more than 16 MB; those of before can be finished, and make room', async () => {
    const [first, ...others] = Array.from({ length: 16 }, () => randomUUID());
    for (const append of [first!, ...others]) send(append, 1_000_000, false);
    const refused = randomUUID();
    send(refused, 1_000_000, false);
    expect(await answer()).toEqual({ append: refused, isDone: false });
    send(first!, 1, true, false);
    expect(await answer()).toEqual({ append: first, isDone: true });
    const next = randomUUID();
    send(next, 1_000_000, true);
    expect(await answer()).toEqual({ append: next, isDone: true });
  });
});
