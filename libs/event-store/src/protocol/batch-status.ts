import { Code } from '@eventstore/db-client/generated/code_pb';
import {
  AccessDenied as AccessDeniedDetail,
  BadRequest,
  MaximumAppendSizeExceeded as MaximumAppendSizeExceededDetail,
  StreamDeleted as StreamDeletedDetail,
  Timeout,
  Unknown,
  WrongExpectedVersion,
} from '@eventstore/db-client/generated/shared_pb';
import { Status } from '@eventstore/db-client/generated/status_pb';
import { status } from '@grpc/grpc-js';
import { type ExpectedRevision, WrongExpectedRevision } from '@souk/event-sourcing';
import type { Message } from 'google-protobuf';
import { Any } from 'google-protobuf/google/protobuf/any_pb';
import { Empty } from 'google-protobuf/google/protobuf/empty_pb';
import { expected } from './call-status';
import { AccessDenied, MaximumAppendSizeExceeded, StreamDeleted } from './protocol-errors';
import { identifierOf } from './read-response';

/** The error of one append among many: the call itself goes on. */
export function statusOfAppend(error: unknown, onError: (error: unknown) => void): Status {
  if (error instanceof WrongExpectedRevision) return wrongExpectedVersion(error.expected, error.actual);
  if (error instanceof StreamDeleted) {
    const detail = new StreamDeletedDetail();
    detail.setStreamIdentifier(identifierOf(error.stream));
    return statusWith(Code.NOT_FOUND, 'StreamDeleted', detail);
  }
  if (error instanceof AccessDenied) return statusWith(Code.PERMISSION_DENIED, 'AccessDenied', new AccessDeniedDetail());
  if (error instanceof MaximumAppendSizeExceeded) {
    const detail = new MaximumAppendSizeExceededDetail();
    detail.setMaxappendsize(error.limit);
    return statusWith(Code.INVALID_ARGUMENT, 'MaximumAppendSizeExceeded', detail);
  }
  const known = expected(error);
  if (known?.code === status.INVALID_ARGUMENT) {
    const detail = new BadRequest();
    detail.setMessage(known.details);
    return statusWith(Code.INVALID_ARGUMENT, 'BadRequest', detail);
  }
  if (!known) onError(error);
  return statusWith(Code.UNKNOWN, 'Unknown', new Unknown());
}

export function timedOut(): Status {
  return statusWith(Code.DEADLINE_EXCEEDED, 'Timeout', new Timeout());
}

function wrongExpectedVersion(expectation: ExpectedRevision, actual: number): Status {
  const detail = new WrongExpectedVersion();
  if (expectation === 'any') detail.setExpectedAny(new Empty());
  else if (expectation === 'no-stream') detail.setExpectedNoStream(new Empty());
  else if (expectation === 'stream-exists') detail.setExpectedStreamExists(new Empty());
  else detail.setExpectedStreamPosition(String(expectation));
  if (actual < 0) detail.setCurrentNoStream(new Empty());
  else detail.setCurrentStreamRevision(String(actual));
  return statusWith(Code.ALREADY_EXISTS, 'WrongExpectedVersion', detail);
}

/** Details of the protocol's own package, named after their message. */
function statusWith(code: Code, message: string, detail: Message): Status {
  const details = new Any();
  details.pack(detail.serializeBinary(), `event_store.client.${message}`);
  const result = new Status();
  result.setCode(code);
  result.setMessage(message);
  result.setDetails(details);
  return result;
}
