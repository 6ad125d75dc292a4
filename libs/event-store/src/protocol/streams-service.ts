import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb';
import type {
  AppendReq,
  AppendResp,
  BatchAppendReq,
  BatchAppendResp,
  DeleteReq,
  DeleteResp,
  TombstoneReq,
  TombstoneResp,
} from '@eventstore/db-client/generated/streams_pb';
import type {
  sendUnaryData,
  ServerDuplexStream,
  ServerReadableStream,
  ServerUnaryCall,
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { ByteStore } from '../byte-store';
import type { Access } from './access';
import { statusOf } from './answer';
import { answerAppend } from './append-call';
import { BatchAppendCall } from './batch-append-call';
import { answerDelete, answerTombstone } from './delete-calls';
import type { OpenCalls } from './open-calls';
import { answerRead, type ReadCall } from './read-call';
import { RulesReader } from './stream-rules';
import { StreamReader } from './stream-reader';
import { StreamWriter } from './stream-writer';

/** The service `event_store.client.streams.Streams` over a store. */
export function streamsService(
  store: ByteStore,
  access: Access,
  calls: OpenCalls,
): { readonly definition: ServiceDefinition; readonly methods: UntypedServiceImplementation } {
  const rules = new RulesReader(store);
  const reader = new StreamReader(store, rules);
  const writer = new StreamWriter(store, rules);

  const methods = {
    read: (call: ReadCall) => {
      try {
        access.assertMayRead(call.metadata);
      } catch (error) {
        call.emit('error', statusOf(error));
        return;
      }
      void answerRead(call, store, reader, calls);
    },
    append: (call: ServerReadableStream<AppendReq, AppendResp>, callback: sendUnaryData<AppendResp>) =>
      reply(callback, async () => {
        access.assertMayWrite(call.metadata);
        return answerAppend(call, writer);
      }),
    batchAppend: (call: ServerDuplexStream<BatchAppendReq, BatchAppendResp>) => {
      try {
        access.assertMayRead(call.metadata);
      } catch (error) {
        call.emit('error', statusOf(error));
        return;
      }
      new BatchAppendCall(call, writer, access.mayWrite, calls);
    },
    delete: (call: ServerUnaryCall<DeleteReq, DeleteResp>, callback: sendUnaryData<DeleteResp>) =>
      reply(callback, async () => {
        access.assertMayWrite(call.metadata);
        return answerDelete(call.request, writer);
      }),
    tombstone: (call: ServerUnaryCall<TombstoneReq, TombstoneResp>, callback: sendUnaryData<TombstoneResp>) =>
      reply(callback, async () => {
        access.assertMayWrite(call.metadata);
        return answerTombstone(call.request, writer);
      }),
  };
  return { definition: StreamsService as ServiceDefinition, methods: methods as unknown as UntypedServiceImplementation };
}

function reply<T>(callback: sendUnaryData<T>, work: () => Promise<T>): void {
  work().then(
    (answer) => callback(null, answer),
    (error: unknown) => callback(statusOf(error)),
  );
}
