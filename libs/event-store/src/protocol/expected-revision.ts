import type { ExpectedRevision } from '@souk/event-sourcing';
import { InvalidRequest } from './protocol-errors';

/** What the options of all writing calls have in common. */
interface ExpectationOptions {
  hasNoStream(): boolean;
  hasAny(): boolean;
  hasStreamExists(): boolean;
}

/** @throws InvalidRequest where the client says nothing of it */
export function expectedRevisionOf(options: ExpectationOptions, revision: string | undefined): ExpectedRevision {
  if (options.hasAny()) return 'any';
  if (options.hasNoStream()) return 'no-stream';
  if (options.hasStreamExists()) return 'stream-exists';
  if (revision === undefined) throw new InvalidRequest('an expected revision is required');
  return Number(revision);
}

/** As the protocol counts. */
export function expectedNumber(expected: ExpectedRevision): number {
  if (expected === 'any') return -2;
  if (expected === 'no-stream') return -1;
  return expected === 'stream-exists' ? -4 : expected;
}
