import { STATUS_CODES } from 'node:http';
import type { ProblemDetails } from '@souk/platform';

type Problems = NonNullable<ProblemDetails['problems']>;

/** A call that the gateway itself does not let through, in the words in which the REST API would refuse it. */
export class RefusedCall extends Error {
  constructor(readonly problem: ProblemDetails) {
    super(problem.detail);
    this.name = new.target.name;
  }
}

/** Input that no request can be made of. */
export function refused(problems: Problems): RefusedCall {
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
  return new RefusedCall({ ...problemOfStatus(422, `the call has ${count}`, 'invalid-input'), problems });
}

/** For an answer that says no more than its status. */
export function problemOfStatus(status: number, detail: string, code = codeOf(status)): ProblemDetails {
  return { type: `urn:souk:problem:${code}`, title: STATUS_CODES[status] ?? 'Error', status, detail, code, instance: '' };
}

function codeOf(status: number): string {
  return (STATUS_CODES[status] ?? 'error').toLowerCase().replaceAll(/[^a-z]+/g, '-');
}
