import { STATUS_CODES } from 'node:http';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import { DomainError, type Problem, StoreFull } from '@souk/event-sourcing';
import { StorageFull } from '@souk/lmdb';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { commonErrors } from './errors';

/** RFC 9457 problem details, with a stable `code` and every problem of the input at once. */
export interface ProblemDetails {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  /** Id of the request, as in the logs. */
  readonly instance: string;
  readonly problems?: readonly Problem[];
}

/** Filter for the errors of one service: a complete table from code to HTTP status. For `@UseFilters` on its controllers. */
export function problemsOf(statuses: Readonly<Record<string, number>>): ExceptionFilter<DomainError> {
  return new ServiceProblemFilter(statuses);
}

@Catch(DomainError)
class ServiceProblemFilter implements ExceptionFilter<DomainError> {
  constructor(private readonly statuses: Readonly<Record<string, number>>) {}

  catch(error: DomainError, host: ArgumentsHost): void {
    answer(error, host, this.statuses);
  }
}

/** Whatever no service's filter has caught. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    answer(error, host, {});
  }
}

const logger = new Logger('http');

function answer(error: unknown, host: ArgumentsHost, statuses: Readonly<Record<string, number>>): void {
  const http = host.switchToHttp();
  const request = http.getRequest<FastifyRequest>();
  const reply = http.getResponse<FastifyReply>();
  const { status, code, detail, problems } = describeError(error, statuses);
  if (status >= 500) logger.error({ err: error, requestId: request.id, method: request.method, url: request.url }, detail);
  if (status === 401) void reply.header('www-authenticate', 'Bearer');
  if (status === 503) void reply.header('retry-after', '1');
  const body: ProblemDetails = {
    type: `urn:souk:problem:${code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail,
    code,
    instance: request.id,
    ...(problems && { problems }),
  };
  if (reply.sent || reply.raw.headersSent) return;
  void reply.status(status).type('application/problem+json').send(JSON.stringify(body));
}

/** What is told of an error. */
export interface ErrorDescription {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly problems?: readonly Problem[] | undefined;
}

/** By a table from code to HTTP status, and the one of codes that every service may answer. What is in neither stays within. */
export function describeError(error: unknown, statuses: Readonly<Record<string, number>>): ErrorDescription {
  if (error instanceof StorageFull) return NO_ROOM;
  if (error instanceof HttpException) return ofHttpException(error);
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') {
    const status = own(statuses, error.code) ?? own(commonErrors, error.code);
    const problems = error instanceof DomainError ? error.problems : undefined;
    if (status) return { status, code: error.code, detail: error.message, problems };
  }
  if (error instanceof Error && (error as { retryable?: unknown }).retryable === true) return AWAY;
  return { status: 500, code: 'internal', detail: 'something went wrong on this side; the log has it under the request id' };
}

/** Of whatever store it was; its own message names a folder of this machine, which is for the log. */
const NO_ROOM: ErrorDescription = { status: 507, code: new StoreFull().code, detail: 'there is no space left on the disk' };

/** A database or a neighbour; its own message names where it should be, which is for the log. */
const AWAY: ErrorDescription = {
  status: 503,
  code: 'unavailable',
  detail: 'something that this needs does not answer at the moment; try again',
};

const own = (table: Readonly<Record<string, number>>, code: string): number | undefined =>
  Object.hasOwn(table, code) ? table[code] : undefined;

/** For what goes wrong before there is a route: an address that can't be read. */
export function answerProblem(reply: FastifyReply, instance: string, status: number, detail: string): void {
  const code = codeOf(status);
  const title = STATUS_CODES[status] ?? 'Error';
  const body: ProblemDetails = { type: `urn:souk:problem:${code}`, title, status, detail, code, instance };
  void reply.status(status).type('application/problem+json').send(JSON.stringify(body));
}

/** Of Nest and Fastify themselves: no such route, a body that is no JSON or too large. Services throw domain errors. */
function ofHttpException(error: HttpException): ErrorDescription {
  const status = error.getStatus();
  const detail = status === 415 ? 'send the body as application/json, and say so in Content-Type' : error.message;
  return { status, code: codeOf(status), detail };
}

function codeOf(status: number): string {
  return (STATUS_CODES[status] ?? 'error').toLowerCase().replaceAll(/[^a-z]+/g, '-');
}
