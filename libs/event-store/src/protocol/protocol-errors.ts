import { Metadata, status, type StatusObject } from '@grpc/grpc-js';

/** A gRPC status as EventStoreDB words it: clients tell errors apart by the trailer `exception` and what it comes with. */
export class ProtocolError extends Error implements Partial<StatusObject> {
  readonly metadata = new Metadata();

  constructor(
    readonly code: status,
    readonly details: string,
    trailers: Readonly<Record<string, string>> = {},
  ) {
    super(details);
    this.name = new.target.name;
    for (const [key, value] of Object.entries(trailers)) this.metadata.set(key, printable(value));
  }
}

/** gRPC carries printable ASCII in trailers; the real server cannot send other names either. */
function printable(value: string): string {
  return value.replaceAll(/[^\x20-\x7e]/g, '?');
}

export class StreamDeleted extends ProtocolError {
  constructor(readonly stream: string) {
    super(status.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, {
      exception: 'stream-deleted',
      'stream-name': stream,
    });
  }
}

export class AccessDenied extends ProtocolError {
  constructor() {
    super(status.PERMISSION_DENIED, 'Access Denied', { exception: 'access-denied' });
  }
}

export class NotAuthenticated extends ProtocolError {
  constructor() {
    super(status.UNAUTHENTICATED, 'Bad credentials: the user name or the password is wrong.');
  }
}

export class MaximumAppendSizeExceeded extends ProtocolError {
  constructor(readonly limit: number) {
    super(status.INVALID_ARGUMENT, `Maximum Append Size of ${limit} Exceeded.`, {
      exception: 'maximum-append-size-exceeded',
      'maximum-append-size': String(limit),
    });
  }
}

export class RequiredMetadataPropertyMissing extends ProtocolError {
  constructor(name: string) {
    super(status.INVALID_ARGUMENT, `Required Metadata Property '${name}' is missing`, {
      exception: 'missing-required-metadata-property',
      'required-metadata-properties': 'type,content-type',
    });
  }
}

/** `expected` as the protocol counts: -1 no stream, -2 any, -4 stream exists. `actual` is -1 where there is no stream. */
export class WrongExpectedVersion extends ProtocolError {
  constructor(operation: string, stream: string, expected: number, actual: number) {
    super(
      status.FAILED_PRECONDITION,
      `${operation} failed due to WrongExpectedVersion. Stream: ${stream}, Expected version: ${expected}, Actual version: ${actual}`,
      {
        exception: 'wrong-expected-version',
        'stream-name': stream,
        'expected-version': String(expected),
        'actual-version': String(actual),
      },
    );
  }
}

export class InvalidRequest extends ProtocolError {
  constructor(message: string) {
    super(status.INVALID_ARGUMENT, message);
  }
}

export class NotImplemented extends ProtocolError {
  constructor(feature: string) {
    super(status.UNIMPLEMENTED, `${feature} are not supported by this server.`);
  }
}
