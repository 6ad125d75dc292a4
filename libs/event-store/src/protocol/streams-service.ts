import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb';
import type {
  AppendReq,
  AppendResp,
  BatchAppendResp,
  DeleteReq,
  DeleteResp,
  TombstoneReq,
  TombstoneResp,
} from '@eventstore/db-client/generated/streams_pb';
import type {
  Metadata,
  sendUnaryData,
  ServerDuplexStream,
  ServerReadableStream,
  ServerUnaryCall,
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { EventEmitter } from 'node:events';
import type { Access } from './access';
import { answerAppend } from './append-call';
import { BatchAppendCall } from './batch-append-call';
import { BatchRequest } from './batch-request';
import { statusOf } from './call-status';
import { answerDelete, answerTombstone } from './delete-calls';
import { answerRead, type ReadCall } from './read-call';
import { serialized } from './read-response';
import type { Serving } from './serving';

export const streamsDefinition: ServiceDefinition = {
  ...(StreamsService as ServiceDefinition),
  // Events are encoded already, and decoded when they are wanted.
  read: { ...StreamsService.read, responseSerialize: serialized } as never,
  batchAppend: { ...StreamsService.batchAppend, requestDeserialize: (bytes: Buffer) => new BatchRequest(bytes) } as never,
};

/** The service `event_store.client.streams.Streams`. */
export function streamsService(serving: Serving, access: Access): UntypedServiceImplementation {
  const { writer, onError } = serving;

  const stream = (call: EventEmitter & { readonly metadata: Metadata }, answer: () => void): void => {
    try {
      access.assertMayRead(call.metadata);
      answer();
    } catch (error) {
      call.emit('error', statusOf(error, onError));
    }
  };
  const unary = async <T>(metadata: Metadata, callback: sendUnaryData<T>, answer: () => Promise<T>): Promise<void> => {
    try {
      access.assertMayWrite(metadata);
      callback(null, await answer());
    } catch (error) {
      callback(statusOf(error, onError));
    }
  };

  const methods = {
    read: (call: ReadCall) => stream(call, () => void answerRead(call, serving)),
    append: (call: ServerReadableStream<AppendReq, AppendResp>, callback: sendUnaryData<AppendResp>) =>
      void unary(call.metadata, callback, () => answerAppend(call, serving)),
    batchAppend: (call: ServerDuplexStream<BatchRequest, BatchAppendResp>) =>
      stream(call, () => new BatchAppendCall(call, serving, access.mayWrite)),
    delete: (call: ServerUnaryCall<DeleteReq, DeleteResp>, callback: sendUnaryData<DeleteResp>) =>
      void unary(call.metadata, callback, () => answerDelete(call.request, writer)),
    tombstone: (call: ServerUnaryCall<TombstoneReq, TombstoneResp>, callback: sendUnaryData<TombstoneResp>) =>
      void unary(call.metadata, callback, () => answerTombstone(call.request, writer)),
  };
  return methods;
}
