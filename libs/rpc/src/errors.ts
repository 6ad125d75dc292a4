import { DomainError, type Problem } from '@souk/event-sourcing';

/** A refusal by the rules of another service, with the code, the message and the problems that it was thrown with there. */
export class RemoteDomainError extends DomainError {
  readonly code: string;
  override readonly problems?: readonly Problem[];
  constructor({
    code,
    detail,
    problems,
  }: {
    readonly code: string;
    readonly detail: string;
    readonly problems?: readonly Problem[];
  }) {
    super(detail);
    this.code = code;
    if (problems) this.problems = problems;
  }
}

/** Another service could not do what it was asked: not by its rules, but because something is wrong there. */
export class NeighbourFailed extends Error {
  /**
   * @param code what it says is wrong (`read-model-behind`), or `neighbour-failed`
   * @param retryable whether it says so of itself: the same call may do well later
   */
  constructor(
    readonly service: string,
    readonly code: string,
    detail: string,
    readonly retryable: boolean,
  ) {
    super(detail);
    this.name = new.target.name;
  }
}

/** Another service can't be reached, or has not answered in time. Whether it has done what it was asked is not known. */
export class NeighbourAway extends Error {
  readonly code = 'neighbour-away';
  readonly retryable = true;
  constructor(
    readonly service: string,
    readonly reason: string,
  ) {
    super(`the service "${service}" can't be reached at the moment, or does not answer in time`);
    this.name = new.target.name;
  }
}
