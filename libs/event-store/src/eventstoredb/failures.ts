import { AppendTooLarge, EventStoreAccessDenied, EventStoreUnavailable, StreamDeleted } from './errors';

/** Status codes of gRPC. */
const INVALID_ARGUMENT = 3;
const PERMISSION_DENIED = 7;
const UNIMPLEMENTED = 12;
const UNAUTHENTICATED = 16;

/** The driver's errors have a `type`; those of gRPC that it lets through have a numeric `code`. */
interface DriverError {
  readonly type?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly actualVersion?: unknown;
}

/** Revision at which the stream stands, -1 for no stream, where this is the refusal of an expectation. */
export function actualRevision(error: unknown): number | undefined {
  const { type, actualVersion } = asDriverError(error);
  if (type !== 'wrong-expected-version') return undefined;
  return typeof actualVersion === 'bigint' ? Number(actualVersion) : -1;
}

export function isNotFound(error: unknown): boolean {
  const { type } = asDriverError(error);
  return type === 'stream-not-found' || type === 'no-stream';
}

/**
 * The driver's error in the words of this lib. What says nothing of the request itself (time-outs, connections, servers that start or have
 * lost their leader, and all that is not known) is {@link EventStoreUnavailable}.
 */
export function failure(error: unknown, { what, stream = '' }: { readonly what: string; readonly stream?: string }): Error {
  if (error instanceof EventStoreUnavailable) return error;
  const { type, code } = asDriverError(error);
  const options = { cause: error };
  if (type === 'stream-deleted') return new StreamDeleted(stream, options);
  if (type === 'maximum-append-size-exceeded') return new AppendTooLarge(stream, options);
  if (type === 'access-denied' || code === UNAUTHENTICATED || code === PERMISSION_DENIED)
    return new EventStoreAccessDenied(options);
  // The server, or the driver itself, has looked at the request and does not take it: the next attempt would fare no better.
  const refused =
    code === INVALID_ARGUMENT || code === UNIMPLEMENTED || type === 'invalid-argument' || error instanceof TypeError;
  if (refused && error instanceof Error) return error;
  // The driver's words name addresses: they are for the log, not for whoever asked.
  return new EventStoreUnavailable(what, options);
}

/** Of a place that is not in the log, as after a restore of an older backup. */
export function isOfPosition(error: unknown): boolean {
  const { code, type, message } = asDriverError(error);
  return (code === INVALID_ARGUMENT || type === 'invalid-argument') && /position/i.test(String(message));
}

function asDriverError(error: unknown): DriverError {
  return typeof error === 'object' && error !== null ? error : {};
}
