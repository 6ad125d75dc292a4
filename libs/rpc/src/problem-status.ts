import { STATUS_CODES } from 'node:http';
import { Metadata, status } from '@grpc/grpc-js';
import type { ProblemDetails } from '@souk/platform';
import { detail, detailOf, readStatus, writeStatus } from './rich-status';

/** A gRPC status as `@grpc/grpc-js` sends and receives it. */
export interface RpcStatus {
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata;
}

const DETAILS = 'grpc-status-details-bin';
/** Whose codes the reasons are: `google.rpc.ErrorInfo.domain`. */
const DOMAIN = 'souk';
/** Bytes of text of the problems that are told. Trailers are headers, and more than 64 KB of them is a protocol error of HTTP/2. */
const ROOM_FOR_PROBLEMS = 24 * 1024;
/** Characters of the plain message; the whole of it is in the details. */
const MAX_MESSAGE = 1024;

/**
 * A problem document (RFC 9457) as a gRPC status in the rich error model: `ErrorInfo` carries its code, `BadRequest` its problems,
 * `RetryInfo` when to try again, `RequestInfo` the id of the request. {@link problemOf} reads it back: the same document, but for the
 * last ones of very many problems; their number is then told instead.
 */
export function statusOf(problem: ProblemDetails, { retryAfter }: { readonly retryAfter?: number } = {}): RpcStatus {
  const code = codeOf(problem);
  const { type, title, status: http, detail: message, code: reason, instance, problems } = problem;
  const metadata = new Metadata();
  const bytes = writeStatus({
    code,
    message,
    details: [
      detail('ErrorInfo', { reason, domain: DOMAIN, metadata: { status: String(http), type, title } }),
      ...(problems ? [detail('BadRequest', { fieldViolations: told(problems).map(violationOf) })] : []),
      ...(retryAfter === undefined ? [] : [detail('RetryInfo', { retryDelay: { seconds: retryAfter } })]),
      ...(instance ? [detail('RequestInfo', { requestId: instance })] : []),
    ],
  });
  metadata.set(DETAILS, bytes);
  return { code, details: message.slice(0, MAX_MESSAGE).toWellFormed(), metadata };
}

/** The problem document that a status was made of; `undefined` where it was made by something else: gRPC itself, a proxy. */
export function problemOf(error: { readonly metadata?: Metadata }): ProblemDetails | undefined {
  const [bytes] = error.metadata?.get(DETAILS) ?? [];
  const rich = bytes instanceof Buffer ? readStatus(bytes) : undefined;
  const info = rich && detailOf(rich, 'ErrorInfo');
  if (info?.domain !== DOMAIN) return undefined;
  const http = Number(info.metadata['status']);
  const violations = detailOf(rich!, 'BadRequest')?.fieldViolations;
  return {
    type: info.metadata['type'] ?? `urn:souk:problem:${info.reason}`,
    title: info.metadata['title'] ?? STATUS_CODES[http] ?? 'Error',
    status: http,
    detail: rich!.message,
    code: info.reason,
    instance: detailOf(rich!, 'RequestInfo')?.requestId ?? '',
    ...(violations && { problems: violations.map(problemAt) }),
  };
}

type Problems = NonNullable<ProblemDetails['problems']>;

const violationOf = ({ pointer, message, code }: Problems[number]) => ({ field: pointer, description: message, reason: code });
const problemAt = ({ field, description, reason }: ReturnType<typeof violationOf>): Problems[number] => ({
  code: reason,
  pointer: field,
  message: description,
});

/** As many as there is room for. */
function told(problems: Problems): Problems {
  let room = ROOM_FOR_PROBLEMS;
  const over = problems.findIndex(({ code, pointer, message }) => {
    room -= Buffer.byteLength(code) + Buffer.byteLength(pointer) + Buffer.byteLength(message);
    return room < 0;
  });
  if (over < 0) return problems;
  return [...problems.slice(0, over), { code: 'more-problems', pointer: '', message: `and ${problems.length - over} more` }];
}

/** The mapping of google/rpc/code.proto, read from HTTP; what it does not name goes by its class. */
function codeOf({ status: http, code }: ProblemDetails): status {
  if (http === 409) return /-(taken|exists)$/.test(code) ? status.ALREADY_EXISTS : status.ABORTED;
  return codes[http] ?? (http >= 500 ? status.INTERNAL : http >= 400 ? status.INVALID_ARGUMENT : status.UNKNOWN);
}

const codes: Readonly<Record<number, status>> = {
  401: status.UNAUTHENTICATED,
  403: status.PERMISSION_DENIED,
  404: status.NOT_FOUND,
  405: status.UNIMPLEMENTED,
  408: status.DEADLINE_EXCEEDED,
  410: status.NOT_FOUND,
  412: status.FAILED_PRECONDITION,
  413: status.RESOURCE_EXHAUSTED,
  421: status.UNAVAILABLE,
  428: status.FAILED_PRECONDITION,
  429: status.RESOURCE_EXHAUSTED,
  499: status.CANCELLED,
  501: status.UNIMPLEMENTED,
  502: status.UNAVAILABLE,
  503: status.UNAVAILABLE,
  504: status.DEADLINE_EXCEEDED,
  507: status.RESOURCE_EXHAUSTED,
};
