import { status } from '@grpc/grpc-js';
import type { ProblemDetails } from '@souk/platform';
import fc from 'fast-check';
import { problemOf, statusOf } from './problem-status';
import { detailOf, readStatus } from './rich-status';

const problem: ProblemDetails = {
  type: 'urn:souk:problem:version-invalid',
  title: 'Unprocessable Entity',
  status: 422,
  detail: 'version "1.0.0" has one problem: größer',
  code: 'version-invalid',
  instance: 'req-12345678',
  problems: [{ code: 'unknown-node', pointer: '/nodes/0/name', message: 'there is no node "db"' }],
};

const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const problems = fc.array(fc.record({ code: text, pointer: text, message: text }), { maxLength: 5 });
const documents: fc.Arbitrary<ProblemDetails> = fc.record(
  {
    type: text,
    title: text,
    status: fc.integer({ min: 400, max: 599 }),
    detail: text,
    code: text,
    instance: text,
    problems,
  },
  { requiredKeys: ['type', 'title', 'status', 'detail', 'code', 'instance'] },
);

describe('A problem document', () => {
  it('survives the way through a gRPC status and back', () => {
    fc.assert(
      fc.property(documents, (document) => {
        expect(problemOf(statusOf(document))).toEqual(document);
      }),
    );
  });

  it('is told in the details that every client library reads', () => {
    const rich = readStatus(statusOf(problem, { retryAfter: 2 }).metadata.get('grpc-status-details-bin')[0] as Buffer)!;
    expect(rich).toMatchObject({ code: status.INVALID_ARGUMENT, message: problem.detail });
    expect(detailOf(rich, 'ErrorInfo')).toMatchObject({ reason: 'version-invalid', domain: 'souk', metadata: { status: '422' } });
    expect(detailOf(rich, 'BadRequest')?.fieldViolations).toEqual([
      { field: '/nodes/0/name', description: 'there is no node "db"', reason: 'unknown-node' },
    ]);
    expect(detailOf(rich, 'RetryInfo')?.retryDelay).toMatchObject({ seconds: 2 });
    expect(detailOf(rich, 'RequestInfo')?.requestId).toBe('req-12345678');
  });

  it.each([
    [400, 'invalid-cursor', status.INVALID_ARGUMENT],
    [401, 'unauthenticated', status.UNAUTHENTICATED],
    [403, 'forbidden', status.PERMISSION_DENIED],
    [404, 'not-found', status.NOT_FOUND],
    [409, 'app-archived', status.ABORTED],
    [409, 'name-taken', status.ALREADY_EXISTS],
    [409, 'app-exists', status.ALREADY_EXISTS],
    [412, 'revision-mismatch', status.FAILED_PRECONDITION],
    [418, 'teapot', status.INVALID_ARGUMENT],
    [428, 'precondition-required', status.FAILED_PRECONDITION],
    [429, 'too-many-requests', status.RESOURCE_EXHAUSTED],
    [500, 'internal', status.INTERNAL],
    [503, 'read-model-behind', status.UNAVAILABLE],
    [504, 'gateway-timeout', status.DEADLINE_EXCEEDED],
    [508, 'loop', status.INTERNAL],
  ])('of HTTP status %i and code "%s" has the status code %i', (http, code, expected) => {
    expect(statusOf({ ...problem, status: http, code }).code).toBe(expected);
  });

  it('with more problems than a trailer has room for tells how many are left out', () => {
    const many = Array.from({ length: 5_000 }, (_, i) => ({
      code: 'unknown-node',
      pointer: `/nodes/${i}`,
      message: 'm'.repeat(50),
    }));
    const { metadata } = statusOf({ ...problem, problems: many });
    expect((metadata.get('grpc-status-details-bin')[0] as Buffer).length).toBeLessThan(40_000);
    const told = problemOf({ metadata })!.problems!;
    expect(told.slice(0, -1)).toEqual(many.slice(0, told.length - 1));
    expect(told.at(-1)).toEqual({ code: 'more-problems', pointer: '', message: `and ${many.length - told.length + 1} more` });
  });

  it('is not read from the status of another system', () => {
    const { metadata } = statusOf(problem);
    metadata.set('grpc-status-details-bin', Buffer.from('no such message'));
    expect(problemOf({ metadata })).toBeUndefined();
    expect(problemOf({})).toBeUndefined();
  });
});
