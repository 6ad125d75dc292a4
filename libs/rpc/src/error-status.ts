import { STATUS_CODES } from 'node:http';
import { type ServiceError, status } from '@grpc/grpc-js';
import { DomainError } from '@souk/event-sourcing';
import { isTransient } from '@souk/messaging';
import { commonErrors, describeError, type ErrorDescription } from '@souk/platform';
import { NeighbourAway, NeighbourFailed, RemoteDomainError } from './errors';
import { problemOf, type RpcStatus, statusOf } from './problem-status';

/** Trailer: `domain` for a refusal by the rules, else `transient` or `failure`. */
const KIND = 'souk-error';

/** HTTP status of refusals whose own one only the edge of their service knows. */
const REFUSED = 409;

/** What another service is told of an error; {@link errorOf} makes the error of it there. What is in no table of errors stays within. */
export function statusOfError(error: unknown, requestId: string): RpcStatus & { readonly isFault: boolean } {
  const { status: http, code, detail, problems } = describe(error);
  const type = `urn:souk:problem:${code}`;
  const title = STATUS_CODES[http] ?? 'Error';
  const told = statusOf({ type, title, status: http, detail, code, instance: requestId, ...(problems && { problems }) });
  told.metadata.set(KIND, error instanceof DomainError ? 'domain' : isTransient(error) ? 'transient' : 'failure');
  return { ...told, isFault: http >= 500 };
}

function describe(error: unknown): ErrorDescription {
  if (!(error instanceof DomainError)) return describeError(error, {});
  const { code, message, problems } = error;
  return { status: commonErrors[code] ?? REFUSED, code, detail: message, problems };
}

/** What a call has failed with, as the caller knows it from calls in its own process. */
export function errorOf(service: string, error: ServiceError): Error {
  const problem = problemOf(error);
  const [kind] = error.metadata.get(KIND);
  if (problem && kind === 'domain') return new RemoteDomainError(problem);
  if (problem) return new NeighbourFailed(service, problem.code, problem.detail, kind === 'transient');
  if (away.has(error.code)) return new NeighbourAway(service, error.details);
  return new NeighbourFailed(service, 'neighbour-failed', `${service}: ${status[error.code]}: ${error.details}`, false);
}

/** Nobody here cancels a call: it was the end of its connection. */
const away = new Set([status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.CANCELLED]);

const lost = new Set([status.UNAVAILABLE, status.CANCELLED]);

/** Whether the call never got to its service, or its connection was lost; not what the service itself has said. */
export const isLost = (error: ServiceError): boolean => lost.has(error.code) && !problemOf(error);
