import { DomainError, type Problem } from '@souk/event-sourcing';

/** No bearer token, or none that holds. */
export class Unauthenticated extends DomainError {
  readonly code = 'unauthenticated';
  constructor() {
    super('a valid bearer token is needed: Authorization: Bearer <token>');
  }
}

/** Signed in, in a role that may not do this. */
export class Forbidden extends DomainError {
  readonly code = 'forbidden';
  constructor(role: string, allowed: readonly string[]) {
    super(`the role "${role}" may not do this; it is for ${allowed.map((name) => `"${name}"`).join(', ') || 'nobody'}`);
  }
}

/** Missing, or another tenant's: the answer is the same. */
export class NotFound extends DomainError {
  readonly code = 'not-found';
  constructor(kind: string, id: string) {
    super(`there is no ${kind} "${id}"`);
  }
}

/** The input does not have the documented shape. */
export class InvalidInput extends DomainError {
  readonly code = 'invalid-input';
  override readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[], what = 'request') {
    super(`the ${what} has ${problems.length === 1 ? 'one problem' : `${problems.length} problems`}`);
    this.problems = problems;
  }
}

/** A document that others may edit is changed only by someone who says which revision they have seen. */
export class PreconditionRequired extends DomainError {
  readonly code = 'precondition-required';
  constructor() {
    super('send If-Match with the ETag of the document that you have seen');
  }
}

/** Statuses of the codes that every service may answer. */
export const commonErrors: Readonly<Record<string, number>> = {
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  'invalid-input': 422,
  'precondition-required': 428,
  'revision-mismatch': 412,
  'position-gone': 410,
  'invalid-cursor': 400,
  'read-model-behind': 503,
  'neighbour-away': 503,
  'event-store-unavailable': 503,
  'event-store-overloaded': 503,
  'append-too-large': 413,
  'rebuild-running': 409,
  // Whoever stands before several replicas asks another one.
  'not-active': 421,
  'insufficient-storage': 507,
  'event-too-large': 413,
  'wrong-expected-revision': 409,
  'name-taken': 409,
};
