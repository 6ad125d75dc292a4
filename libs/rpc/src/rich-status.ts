import { join } from 'node:path';
import { loadSync, type MessageTypeDefinition } from '@grpc/proto-loader';
import { protoDirectory } from '@souk/contracts';

/** A detail of a status: a message and its name. */
interface Any {
  readonly type_url: string;
  readonly value: Uint8Array;
}

/** google.rpc.Status, as it travels in the trailer `grpc-status-details-bin`. */
interface Status {
  readonly code: number;
  readonly message: string;
  readonly details: readonly Any[];
}

interface Details {
  readonly ErrorInfo: { reason: string; domain: string; metadata: Record<string, string> };
  readonly BadRequest: { fieldViolations: readonly { field: string; description: string; reason: string }[] };
  readonly RetryInfo: { retryDelay: { seconds: number; nanos?: number } };
  readonly RequestInfo: { requestId: string };
}

const loaded = loadSync(
  ['status.proto', 'error_details.proto'].map((file) => join(protoDirectory, 'google/rpc', file)),
  {
    includeDirs: [protoDirectory],
    longs: Number,
    defaults: true,
  },
);
const messageType = <T>(name: string) => loaded[`google.rpc.${name}`] as unknown as MessageTypeDefinition<T, T>;
const statusType = messageType<Status>('Status');

export function writeStatus(status: Status): Buffer {
  return statusType.serialize(status);
}

/** `undefined` for what is no such message. */
export function readStatus(bytes: Buffer): Status | undefined {
  try {
    return statusType.deserialize(bytes);
  } catch {
    return undefined;
  }
}

export function detail<Name extends keyof Details>(name: Name, message: Details[Name]): Any {
  return { type_url: `type.googleapis.com/google.rpc.${name}`, value: messageType<Details[Name]>(name).serialize(message) };
}

/** The first detail of that name. */
export function detailOf<Name extends keyof Details>(status: Status, name: Name): Details[Name] | undefined {
  const found = status.details.find(({ type_url }) => type_url.endsWith(`/google.rpc.${name}`));
  try {
    return found && messageType<Details[Name]>(name).deserialize(Buffer.from(found.value));
  } catch {
    return undefined;
  }
}
